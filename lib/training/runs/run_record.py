"""What run.json says: what a training was made of and how its best network tests."""

import platform
import subprocess
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
from scipy.special import softmax

from lib.certainty import certainty
from lib.files import sha256
from lib.paths import ROOT
from lib.tables import UNKNOWN_LABEL
from lib.taxonomy import CLASSES, UNKNOWN
from lib.training.crops.tfrecord import count_labels
from lib.training.runs.classifier import predict_logits
from lib.training.scores import metrics, unknown_score
from lib.training.scores.assessment import selective_curve


def describe_data(path: Path) -> dict:
    """Return path, hash and label counts of a TFRecord file, all of it read and checked.

    Raises
    ------
    DataError
        As `lib.training.crops.tfrecord.read_tfrecord`.
    """
    counts = count_labels(path)
    return {
        "path": portable(path),
        "sha256": sha256(path),
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
