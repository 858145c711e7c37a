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
from lib.model_card import CARD_NAME, KERAS_NAME
from lib.simulation.lamps.catalogue import unknown_lamps
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
    known_only: bool = False,
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
        Folder of a frozen classifier to go on from; the weights that ship are halfway.
    known_only : bool
        Leave out the kinds that benchmarks of unknown lamps hold out.
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
        records = records_of(name, counts.get(name, check), jobs, known_only=known_only)
        write_tfrecord(path, records)

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
    if start:
        meet_halfway(run_dir / KERAS_NAME, start / KERAS_NAME)
    _, report = freeze_run(run_dir, output, unknowns=files["unknown_check"], overwrite=True)
    return report


def meet_halfway(path: Path, start: Path) -> None:
    """Replace a network's weights by the mean of them and those it started from.

    What it learned stays, and what the examples do not show is hardly forgotten (Wortsman et al.
    2022, "Robust fine-tuning of zero-shot models", https://arxiv.org/abs/2109.01903).
    """
    from lib.training.freezing.frozen import load_network
    from lib.training.runs.fitting import save_network

    network, before = load_network(path), load_network(start)
    pairs = zip(network.get_weights(), before.get_weights(), strict=True)
    network.set_weights([(one + other) / 2 for one, other in pairs])
    save_network(network, path)


def records_of(name: str, count: int, jobs: int, *, known_only: bool) -> Iterator[Record]:
    """Return the crops of one of the files of `FILE_SEEDS`."""
    seed, is_unknown = FILE_SEEDS[name], name.startswith("unknown")
    held_out = False if known_only else None
    if name.endswith("cuts"):
        lamps = unknown_lamps(held_out=held_out) if is_unknown else None
        return cut_records(count, seed, lamps=lamps, jobs=jobs)
    names = unknown_sources(held_out=held_out) if is_unknown else None
    return crop_records(count, seed, lamps=names, jobs=jobs)
