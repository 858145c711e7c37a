"""The classifier that ships, made from nothing: simulate, train, freeze. No real photo takes part.

Crops of the seven classes, and crops of unknown lamps at which the network learns to shrug
(outlier exposure), are simulated with fixed seeds: most directly, some cut by the band finder
from simulated photos. Validation and test are simulated with other seeds, and so are the unknown
lamps that the threshold for refusing is set by.

Networks of the same recipe but other seeds disagree on what no simulated crop looks like, and the
longer they train, the surer they are of it. So one long training and some short ones are taught to
a single network, which is what ships (benchmarks/results/classifier.md has what each gives).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lib.files import require_absent
from lib.model_card import CARD_NAME
from lib.training.examples.records import Record, crop_records, cut_records, unknown_sources

# Seeds of the simulated files; that of the training is its own.
FILE_SEEDS = {
    "train": 101,
    "unknown": 102,
    "validation": 103,
    "test": 104,
    "unknown_check": 105,
    "cuts": 106,
    "unknown_cuts": 107,
}
# Passes over the crops: of the network that ships, and of each that teaches it.
EPOCHS = 3
TEACHER_EPOCHS = [5, 1, 1, 1]
# Seeds of the teachers that belong to one seed.
TEACHER_SEEDS = 100
# Photos of unknown lamps for one of the classes.
UNKNOWN_CUTS_SHARE = 0.25


def make_classifier(
    output: Path,
    *,
    crops: int,
    unknown: int,
    cuts: int,
    check: int,
    epochs: int,
    teachers: Sequence[int],
    seed: int,
    work: Path,
    jobs: int,
    overwrite: bool,
    start: Path | None = None,
) -> dict:
    """Simulate, train, freeze into `output`; return the test report of the frozen model.

    Parameters
    ----------
    crops, unknown : int
        Training crops of the seven classes, and of unknown lamps.
    cuts : int
        Photos that training crops of the seven classes are cut from.
    check : int
        Crops of validation, of test, and of unknown lamps to set the threshold by.
    epochs : int
        Passes over the training crops.
    teachers : sequence of int
        Passes of each network that teaches the one that ships.
    start : Path or None
        Folder of a frozen classifier to go on from.
    work : Path
        Folder of crops and runs.
    """
    require_absent(output / CARD_NAME, overwrite=overwrite)
    # TensorFlow takes seconds to import: not for --help or a wrong flag.
    from lib.training.crops.writing import write_tfrecord
    from lib.training.freezing.frozen import freeze_run
    from lib.training.networks.config import TrainConfig
    from lib.training.runs.run import run

    counts = {
        "train": crops,
        "unknown": unknown,
        "cuts": cuts,
        "unknown_cuts": max(1, round(UNKNOWN_CUTS_SHARE * cuts)),
    }
    files = {name: work / f"{name}.tfrecord" for name in FILE_SEEDS}
    for name, path in files.items():
        write_tfrecord(path, records_of(name, counts.get(name, check), jobs))

    def trained(run_dir: Path, config: TrainConfig) -> str:
        run(
            config,
            train=[files["train"], files["cuts"]],
            outliers=[files["unknown"], files["unknown_cuts"]],
            validation=files["validation"],
            test=files["test"],
            run_dir=run_dir,
            overwrite=True,
        )
        return str(run_dir)

    taught_by = []
    for number, passes in enumerate(teachers):
        teacher = TEACHER_SEEDS * (seed + 1) + number
        config = TrainConfig(epochs=passes, seed=teacher)
        taught_by.append(trained(work / f"teacher-{teacher}", config))
    run_dir = work / f"run-{seed}"
    init = str(start) if start else None
    trained(run_dir, TrainConfig(epochs=epochs, seed=seed, teachers=taught_by, init=init))
    _, report = freeze_run(run_dir, output, unknowns=files["unknown_check"], overwrite=True)
    return report


def records_of(name: str, count: int, jobs: int) -> Iterator[Record]:
    """Return the crops of one of the files of `FILE_SEEDS`."""
    seed, is_unknown = FILE_SEEDS[name], name.startswith("unknown")
    if name.endswith("cuts"):
        return cut_records(count, seed, "unknown" if is_unknown else "known", jobs=jobs)
    lamps = unknown_sources(held_out=False) if is_unknown else None
    return crop_records(count, seed, lamps=lamps, jobs=jobs)
