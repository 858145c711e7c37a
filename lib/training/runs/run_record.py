"""What run.json says: what a training was made of and how its best network tests."""

import platform
import subprocess
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
from scipy.special import softmax

from lib.certainty import certainty
from lib.errors import DataError
from lib.files import sha256
from lib.paths import ROOT
from lib.tables import UNKNOWN_LABEL
from lib.taxonomy import CLASSES, UNKNOWN
from lib.training.crops.input_pipeline import count_labels
from lib.training.runs.distribute import Team
from lib.training.runs.fit import predict_logits
from lib.training.scores import metrics, unknown_score
from lib.training.scores.assessment import selective_curve


def describe_data(path: Path) -> dict:
    """Return path, hash and label counts of a TFRecord file, all of it read and checked.

    Raises
    ------
    DataError
        As `lib.training.crops.tfrecord.read_tfrecord`.
    """
    return _description(path, count_labels(path), sha256(path))


def describe_together(paths: Sequence[Path], team: Team) -> list[dict]:
    """Return what `describe_data` says of each file, each read by one worker of a team.

    Raises
    ------
    DataError
        At every worker, if one of them cannot read a file; there it says why.
    """
    piles = team.deal(paths)
    labels = (UNKNOWN_LABEL, *range(len(CLASSES)))
    # Of each file: is it damaged, its crops of each label, its hash in eight numbers.
    table = np.zeros((len(paths), 1 + len(labels) + 8), np.int64)
    failure = None
    for row, path in zip(table, paths, strict=True):
        if path not in piles[team.index]:
            continue
        try:
            counts = count_labels(path)
            digest = np.frombuffer(bytes.fromhex(sha256(path)), ">u4")
            row[1:] = [*(counts[label] for label in labels), *digest]
        except DataError as error:
            row[0], failure = 1, failure or error
    table = team.total(table)
    if failure is not None:
        raise failure
    for row, path in zip(table, paths, strict=True):
        if row[0]:
            raise DataError(f"{path}: another worker cannot use it; its own output says why")
    return [
        _description(
            path,
            Counter(dict(zip(labels, row[1:-8].tolist(), strict=True))),
            row[-8:].astype(">u4").tobytes().hex(),
        )
        for row, path in zip(table, paths, strict=True)
    ]


def _description(path: Path, counts: Counter[int], digest: str) -> dict:
    return {
        "path": portable(path),
        "sha256": digest,
        "crops": counts.total(),
        "labels": label_table(counts),
    }


def label_table(counts: Counter[int]) -> dict[str, int]:
    """Return counts by class name, in order of class id, unknowns last."""
    table = {name: counts[i] for i, name in enumerate(CLASSES)}
    return table | ({UNKNOWN: counts[UNKNOWN_LABEL]} if counts[UNKNOWN_LABEL] else {})


def portable(path: Path) -> str:
    """Return a path as POSIX text, relative to the checkout where it lies inside."""
    path = path.resolve()
    return (path.relative_to(ROOT) if path.is_relative_to(ROOT) else path).as_posix()


def describe_environment() -> dict:
    """Return the versions of Python and the libraries that shape a training, and the commit."""
    packages = ("tensorflow", "keras", "numpy", "scipy", "scikit-learn")
    versions = {"python": platform.python_version()} | {name: version(name) for name in packages}
    return {"versions": versions, "backend": keras.backend.backend(), "git_commit": git_commit()}


def git_commit() -> str | None:
    """Return the commit of the checkout, with ``-dirty`` where files differ; None outside git."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def assess(network: keras.Model, validation: Path, test: Path) -> dict:
    """Calibrate on validation, then test once.

    Returns
    -------
    dict
        ``temperature``; ``unknown``: score, threshold and curve; reports ``validation`` and
        ``test``; arrays ``test_labels`` and ``test_probabilities`` for the figures.
    """
    labels, logits = predict_logits(network, validation)
    temperature = metrics.fit_temperature(labels, logits)
    unknown = unknown_score.fit(logits, labels)
    test_labels, test_logits = predict_logits(network, test)
    test_probabilities = softmax(test_logits / temperature, axis=1)
    return {
        "temperature": temperature,
        "unknown": unknown,
        "validation": _report(labels, logits, temperature, unknown),
        "test": _report(test_labels, test_logits, temperature, unknown),
        "test_labels": test_labels,
        "test_probabilities": test_probabilities,
    }


def _report(labels: np.ndarray, logits: np.ndarray, temperature: float, unknown: dict) -> dict:
    probabilities = softmax(logits / temperature, axis=1)
    sure = certainty(logits, unknown)
    named = sure >= unknown["threshold"]
    right = probabilities.argmax(axis=1) == labels
    return metrics.report(labels, probabilities, CLASSES, named=named) | {
        "curve": selective_curve(sure, right, np.empty(0))
    }
