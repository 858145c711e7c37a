"""The folder of models as a table that a person can read: what each is, its size, its speed."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import read_json
from lib.model_card import CARD_NAME, LITERT_NAME
from lib.recognition.name.classifier import Classifier

RUN_NAME = "run.json"
# Figures of a report that models are compared by.
REPORT_KEYS = (
    "n",
    "accuracy",
    "accuracy_ci95",
    "weighted_precision",
    "ece",
    "coverage",
    "selective_precision",
)
# Enough calls for a steady figure in under half a second.
_TIMED_CALLS = 200


def load_models(paths: Iterable[Path]) -> tuple[dict[Path, Classifier], list[str]]:
    """Return the models of the folders among `paths`, and a line for each that has none to load.

    Files are passed over: a shell's `models/*` may hold some.

    Raises
    ------
    DataError
        If no model loads.
    """
    models, left_out = {}, []
    for folder in (Path(path) for path in paths if not Path(path).is_file()):
        try:
            models[folder] = Classifier(folder)
        except DataError as error:
            left_out.append(f"left out: {error}")
    if not models:
        raise DataError("; ".join(left_out) or "no folder of a frozen model is named")
    return models, left_out


def describe(model_dir: Path, classifier: Classifier) -> dict[str, object]:
    """Return what made a model and what it costs.

    Returns
    -------
    dict
        version; architecture; parameters; trained_on, the files and their numbers of crops;
        git_commit; test_files, the hash of what its own test used; megabytes of model.tflite;
        milliseconds_per_crop, one at a time on this machine. None where nothing says.
    """
    card = classifier.card
    record_path = Path(model_dir) / RUN_NAME
    record = read_json(record_path) if record_path.exists() else {}
    return {
        "model": str(model_dir),
        "version": card["version"],
        "architecture": card["architecture"],
        "parameters": card.get("parameters", record.get("parameters")),
        "trained_on": _trained_on(record),
        "git_commit": record.get("git_commit"),
        "test_files": card.get("test", {}).get("sha256"),
        "megabytes": card["files"][LITERT_NAME]["bytes"] / 1e6,
        "milliseconds_per_crop": crop_milliseconds(classifier),
    }


def recorded_report(model_dir: Path, classifier: Classifier) -> dict:
    """Return the test report that a model carries.

    Raises
    ------
    DataError
        If it carries none.
    """
    report = classifier.card.get("test")
    if not report or any(name not in report for name in REPORT_KEYS):
        raise DataError(
            f"{Path(model_dir) / CARD_NAME}: no test report; expected --tfrecord or --photos"
        )
    return report


def tested_on(rows: Sequence[Mapping[str, object]]) -> str:
    """Return on what the recorded reports were made, and whether that is the same for all."""
    files = {row["test_files"] for row in rows}
    if len(files) == 1 and None not in files:
        return "the same test file in training (recorded in model.json)"
    return "each its own test file in training (recorded in model.json): not the same for all"


def table_lines(rows: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """Yield the models as lines of a table, for `describe`'s fields and those of `REPORT_KEYS`."""
    width = max(len(str(row["version"])) for row in rows)
    yield (
        f"{'version':{width}}  {'architecture':12} {'weights':>9} {'MB':>5} {'ms':>5} "
        f"{'crops':>6} {'accuracy (95 % interval)':>26} {'precision':>9} {'ECE':>6} "
        f"{'named':>6} {'right':>6}"
    )
    for row in rows:
        low, high = row["accuracy_ci95"]
        accuracy = f"{row['accuracy']:.4f} ({low:.4f} to {high:.4f})"
        yield (
            f"{row['version']:{width}}  {row['architecture']:12} {row['parameters'] or '':>9} "
            f"{row['megabytes']:5.2f} {row['milliseconds_per_crop']:5.2f} {row['n']:6} "
            f"{accuracy:>26} {row['weighted_precision']:9.4f} {row['ece']:6.4f} "
            f"{row['coverage']:6.4f} {row['selective_precision']:6.4f}"
        )
    for row in rows:
        yield (
            f"{row['version']:{width}}  trained on {row['trained_on'] or 'what nobody recorded'}, "
            f"commit {row['git_commit'] or 'not recorded'}"
        )


def crop_milliseconds(classifier: Classifier) -> float:
    """Return the median time that one crop takes, milliseconds, measured now."""
    crop = np.random.default_rng(0).integers(0, 256, (1, 15, 480, 3), dtype=np.uint8)
    classifier.predict(crop)
    times = []
    for _ in range(_TIMED_CALLS):
        start = time.perf_counter()
        classifier.predict(crop)
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def _trained_on(record: dict) -> str | None:
    files = record.get("data", {}).get("train")
    if not files:
        return None
    return " + ".join(f"{file['crops']:,} {Path(file['path']).stem}" for file in files)
