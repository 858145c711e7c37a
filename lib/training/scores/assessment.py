"""The reports and figures of one test, for a training run and for a frozen model alike."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lib.errors import DataError
from lib.files import atomic_path
from lib.plots import training as plots
from lib.tables import UNKNOWN_LABEL
from lib.taxonomy import CLASSES, UNKNOWN, class_id
from lib.training.scores import metrics

# What `write_figures` writes.
FIGURES = ("confusion.png", "confusion.csv", "reliability.png", "coverage.png")

# A report with the labels (n,) and the probabilities (n, 7) that its figures are drawn from.
Assessment = tuple[dict, np.ndarray, np.ndarray]


def assess_crops(
    labels: np.ndarray, probabilities: np.ndarray, named: np.ndarray, certainty: np.ndarray
) -> Assessment:
    """Report on crops; unknown lamps count only as refused or not.

    Parameters
    ----------
    labels : int array of shape (n_crops,)
        Class ids, or -1 for unknown lamps.
    probabilities : float array of shape (n_crops, n_classes)
    named : bool array of shape (n_crops,)
        Which crops were named rather than refused.
    certainty : float array of shape (n_crops,)
        What the threshold is set on; adds the ``curve``.

    Raises
    ------
    DataError
        If no crop is of a class.
    """
    known = labels != UNKNOWN_LABEL
    if not known.any():
        raise DataError("expected crops of the classes; received only unknown lamps")
    report = metrics.report(labels[known], probabilities[known], CLASSES, named=named[known])
    report["unknown"] = {"n": int((~known).sum()), "refused": int((~named[~known]).sum())}
    right = probabilities[known].argmax(axis=1) == labels[known]
    report["curve"] = selective_curve(certainty[known], right, certainty[~known])
    return report, labels[known], probabilities[known]


def assess_photos(rows: Sequence[dict]) -> Assessment:
    """Report on photos.

    Accuracy and the like are over the photos of the classes with a band. Coverage and selective
    precision are over all photos of the classes: one without a band is not named.

    Parameters
    ----------
    rows : sequence of dict
        Of each photo: ``truth`` (a class or "unknown"), ``status`` ("ok" if named), ``source``,
        ``probabilities`` (by class; empty without a band) and ``certainty`` (None without a
        band). They are listed in the report.

    Raises
    ------
    DataError
        If no photo of a class has a band.
    """
    of_class = [row for row in rows if row["truth"] != UNKNOWN]
    unknown = [row for row in rows if row["truth"] == UNKNOWN]
    banded = [row for row in of_class if row["probabilities"]]
    if not banded:
        raise DataError(f"a band was found in none of {len(of_class)} photos of the classes")
    labels = np.array([class_id(row["truth"]) for row in banded])
    probabilities = np.array([[row["probabilities"][name] for name in CLASSES] for row in banded])
    named = [row for row in of_class if row["status"] == "ok"]
    right = sum(row["source"] == row["truth"] for row in named)
    best = [max(row["probabilities"], key=row["probabilities"].get, default="") for row in of_class]
    guessed = np.array([name == row["truth"] for name, row in zip(best, of_class, strict=True)])
    report = metrics.report(labels, probabilities, CLASSES) | {
        "coverage": len(named) / len(of_class),
        "selective_precision": right / len(named) if named else None,
        "band_found": {"n": len(of_class), "found": len(banded)},
        "unknown": {
            "n": len(unknown),
            "refused": sum(row["status"] != "ok" for row in unknown),
        },
        "curve": selective_curve(_certainty(of_class), guessed, _certainty(unknown)),
        "photos": list(rows),
    }
    return report, labels, probabilities


def _certainty(rows: Sequence[dict]) -> np.ndarray:
    """Return the certainty of photos; without a band there is none."""
    return np.array([row["certainty"] or 0.0 for row in rows])


def selective_curve(
    certainty: np.ndarray, right: np.ndarray, of_unknown: np.ndarray
) -> list[dict[str, float]]:
    """Return what each threshold would do: how many it names, how many of them rightly.

    Parameters
    ----------
    certainty : float array of shape (n_samples,)
        Of samples of the classes.
    right : bool array of shape (n_samples,)
        Whether naming the best guess is right.
    of_unknown : float array of shape (n_unknown,)
        Certainty of unknown lamps.

    Returns
    -------
    list of dict
        ``threshold``, ``coverage`` and ``precision`` among the samples of the classes, and where
        there are unknown lamps the share ``unknown_refused`` of them.
    """
    curve = metrics.thinned_curve(*metrics.coverage_curve(certainty, right))
    if len(of_unknown):
        for point in curve:
            point["unknown_refused"] = float((of_unknown < point["threshold"]).mean())
    return curve


def write_figures(
    folder: Path, labels: np.ndarray, probabilities: np.ndarray, report: dict, title: str
) -> None:
    """Write `FIGURES`: the confusion matrix, reliability and coverage of one test."""
    confusion = np.asarray(report["confusion"])
    plots.save_figure(
        plots.confusion_figure(confusion, CLASSES, title=title), folder / "confusion.png"
    )
    table = pd.DataFrame(confusion, index=list(CLASSES), columns=list(CLASSES))
    with atomic_path(folder / "confusion.csv") as path:
        table.to_csv(path, index_label="true", lineterminator="\n")
    bins = metrics.reliability(labels, probabilities)
    plots.save_figure(plots.reliability_figure(*bins, title=title), folder / "reliability.png")
    shipped = (report["coverage"], report["selective_precision"])
    plots.save_figure(
        plots.coverage_figure(report["curve"], shipped=shipped, title=title),
        folder / "coverage.png",
    )
