"""One training run: check its files, train, calibrate, test, record."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import keras

from lib.errors import DataError
from lib.files import (
    read_json,
    sha256,
    write_json,
)
from lib.model_card import CARD_NAME, KERAS_NAME, RECORD_NAME, read_card, verified_bytes
from lib.paths import MODELS, real_path
from lib.plots import training as plots
from lib.taxonomy import UNKNOWN
from lib.training.freezing.frozen import load_network
from lib.training.networks.architectures import ARCHITECTURES
from lib.training.networks.config import TrainConfig
from lib.training.runs import classifier, report_page, run_record
from lib.training.runs.distribute import Team
from lib.training.runs.run_folder import RunFolder
from lib.training.scores.assessment import write_figures


def run(
    config: TrainConfig,
    *,
    train: Sequence[Path],
    outliers: Sequence[Path],
    validation: Path,
    test: Path,
    run_dir: Path | None = None,
    scratch: Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    on_epoch: Callable[[dict], None] = lambda row: None,
    team: Team | None = None,
) -> dict | None:
    """Train into `run_dir` (models/<arch> if None) and return what run.json records.

    Nothing is written before every file has been read through. A run that is overwritten stays
    until the new one, trained beside it, is finished. With `scratch` the new one is trained in
    that folder, and each of its files is written to `run_dir` once: a disk that keeps what was
    replaced, as Google Drive does, would fill with the weights of every epoch. `on_epoch` is
    called with each row of history.csv. Of a `team` the chief alone does this; the others help to
    train, and return None.

    Raises
    ------
    DataError
        If a file is no TFRecord of crops, the network is none, the folder holds another run or
        what this one reads, another process trains into it, or the run to resume was given other
        files or another configuration, or a worker of the team is gone or not as the others.
    """
    _require_network(config)
    _require_rehearsed(config, train)
    if team is not None:
        team.require_divisible(config.batch_size)
        team.require_same([asdict(config), [*train, *outliers]])
        if not team.is_chief:
            team.together(lambda: [run_record.describe_data(path) for path in [*train, *outliers]])
            classifier.train(config, [*train, *outliers], team=team)
            return None
    folder = RunFolder(run_dir or MODELS / config.arch, scratch)
    with folder.held():
        for place in (folder.run_dir, folder.beside):
            _require_apart(place, config, [*train, *outliers, validation, test])
        folder.require_free(resume=resume, overwrite=overwrite)

        def describe() -> dict:
            return _describe(config, train, outliers, validation, test)

        record = describe() if team is None else team.together(describe)
        if resume:
            inside = folder.to_resume()
            _require_same_run(inside / RECORD_NAME, record)
        else:
            inside = folder.to_begin()
        record |= run_record.describe_environment()
        if team is not None:
            record["distribution"] = team.describe()
        write_json(inside / RECORD_NAME, record)

        history = classifier.train(
            config,
            [*train, *outliers],
            validation,
            inside,
            resume=resume,
            on_epoch=on_epoch,
            team=team,
        )
        title = f"{folder.run_dir.name}: {test.stem}"
        record |= _conclude(inside, history, validation, test, title=title)
        write_json(inside / RECORD_NAME, record)
        report_page.write_report(inside, test, title=title)
        folder.finish(inside)
    return record


def require_start(
    config: TrainConfig, run_dir: Path, data: Sequence[Path], *, replace: bool
) -> None:
    """Refuse what `run` would refuse of its networks and its folder, ahead of work for it.

    Parameters
    ----------
    data : sequence of Path
        Files that it will read; they need not exist.
    replace : bool
        Whether the folder may hold a run.

    Raises
    ------
    DataError
        As of `run`.
    """
    _require_network(config)
    _require_apart(run_dir, config, data)
    RunFolder(run_dir, None).require_free(resume=False, overwrite=replace)


def _conclude(
    folder: Path, history: list[dict], validation: Path, test: Path, *, title: str
) -> dict:
    """Test the best network, draw the figures, and return what run.json says of a finished run."""
    network = load_network(folder / KERAS_NAME)
    result = run_record.assess(network, validation, test)
    plots.save_figure(plots.learning_curves(history), folder / "curves.png")
    write_figures(
        folder,
        result["test_labels"],
        result["test_probabilities"],
        result["test"],
        title=title,
    )
    return {
        "finished": True,
        "parameters": network.count_params(),
        "best_epoch": min(history, key=lambda row: row["val_loss"])["epoch"],
        "steps": history[-1]["step"],
        "seconds": history[-1]["seconds"],
        "doubtful": report_page.doubtful_rows(result["test_labels"], result["test_probabilities"]),
        **{name: result[name] for name in ("temperature", "unknown", "validation", "test")},
    }


def _require_apart(run_dir: Path, config: TrainConfig, data: Sequence[Path]) -> None:
    """Refuse a folder for the run that holds what the training reads."""
    place = real_path(run_dir)
    for network in (*config.teachers, *([config.init] if config.init else [])):
        if real_path(network) == place:
            raise DataError(f"{run_dir}: not replaced, as this training starts from it")
    for path in data:
        if real_path(path).is_relative_to(place):
            raise DataError(f"{path}: lies in the run's folder; expected the data elsewhere")


def _require_network(config: TrainConfig) -> None:
    if config.arch not in ARCHITECTURES:
        raise DataError(f"no network {config.arch!r}; expected one of {', '.join(ARCHITECTURES)}")
    for teacher in config.teachers:
        _checked_network(Path(teacher))
    if config.init is None:
        return
    path = Path(config.init) / KERAS_NAME
    name = _checked_network(path.parent).name
    if name != config.arch:
        raise DataError(f"{path}: holds a {name}; expected a {config.arch} (--arch)")


def _require_rehearsed(config: TrainConfig, train: Sequence[Path]) -> None:
    if config.rehearsed and config.init is None:
        raise DataError("nothing to rehearse without a start; expected init beside rehearsed")
    for path in config.rehearsed:
        if Path(path) not in train:
            raise DataError(f"{path}: is rehearsed, but no training file; expected one of these")


def _checked_network(folder: Path) -> keras.Model:
    """Load the network of a run or of a frozen model, whose file must be what its card says."""
    card = folder / CARD_NAME
    if card.is_file():
        verified_bytes(folder / KERAS_NAME, read_card(folder), card)
    return load_network(folder / KERAS_NAME)


def _describe(
    config: TrainConfig,
    train: Sequence[Path],
    outliers: Sequence[Path],
    validation: Path,
    test: Path,
) -> dict:
    """Return what run.json says of a run that has not begun, every file read through."""
    teachers = [Path(teacher) for teacher in config.teachers]
    return {
        "finished": False,
        "architecture": config.arch,
        "config": asdict(config)
        | {
            "teachers": list(map(run_record.portable, teachers)),
            "rehearsed": [run_record.portable(Path(path)) for path in config.rehearsed],
        },
        "data": _describe_files(train, outliers, validation, test)
        | {
            "init": sha256(Path(config.init) / KERAS_NAME) if config.init else None,
            "teachers": [sha256(path / KERAS_NAME) for path in teachers],
        },
    }


def _describe_files(
    train: Sequence[Path],
    outliers: Sequence[Path],
    validation: Path,
    test: Path,
) -> dict[str, list[dict]]:
    data = {
        "train": [run_record.describe_data(path) for path in (*train, *outliers)],
        "validation": [run_record.describe_data(validation)],
        "test": [run_record.describe_data(test)],
    }
    for path, entry in zip(outliers, data["train"][len(train) :], strict=True):
        if entry["labels"].get(UNKNOWN, 0) != entry["crops"]:
            raise DataError(
                f"{path}: expected only unknown lamps (label -1); received {entry['labels']}"
            )
    known = [*zip(train, data["train"], strict=False)]
    for path, (entry,) in ((validation, data["validation"]), (test, data["test"])):
        known.append((path, entry))
    for path, entry in known:
        if entry["labels"].get(UNKNOWN, 0) == entry["crops"]:
            raise DataError(f"{path}: expected crops of the classes; received only unknown lamps")
    return data


def _require_same_run(path: Path, record: dict) -> None:
    """Refuse to resume a run that was started otherwise."""
    before = read_json(path)
    if before.get("finished"):
        raise DataError(f"{path.parent}: this run is finished; nothing to resume")
    for part in ("config", "data"):
        if before.get(part) != record[part]:
            changed = [
                name
                for name in record[part]
                if before.get(part, {}).get(name) != record[part][name]
            ]
            raise DataError(
                f"{path}: cannot resume with another {part} ({', '.join(changed)}); "
                "give what the run was started with, or --overwrite"
            )
