"""The reports and figures of one test, for a training run and for a frozen model alike."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import write_csv
from lib.plots import training as plots
from lib.tables import UNKNOWN_LABEL
from lib.taxonomy import CLASSES, UNKNOWN, class_id
from lib.training import metrics

# A report with the labels (n,) and the probabilities (n, 7) that its figures are drawn from.
Assessment = tuple[dict, np.ndarray, np.ndarray]


def assess_crops(labels: np.ndarray, probabilities: np.ndarray, named: np.ndarray) -> Assessment:
    """Report on crops; unknown lamps count only as refused or not.

    Parameters
    ----------
    labels : int array of shape (n_crops,)
        Class ids, or -1 for unknown lamps.
    probabilities : float array of shape (n_crops, n_classes)
    named : bool array of shape (n_crops,)
        Which crops were named rather than refused.

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
    return report, labels[known], probabilities[known]


def assess_photos(rows: Sequence[dict]) -> Assessment:
    """Report on photos.

    Accuracy and the like are over the photos of the classes with a band. Coverage and selective
    precision are over all photos of the classes: one without a band is not named.

    Parameters
    ----------
    rows : sequence of dict
        Of each photo: ``truth`` (a class or "unknown"), ``status`` ("ok" if named), ``source``,
        ``probabilities`` (by class; empty without a band). They are listed in the report.

    Raises
    ------
    DataError
        If no photo of a class has a band.
    """
    of_class = [row for row in rows if row["truth"] != UNKNOWN]
    unknown = [row for row in rows if row["truth"] == UNKNOWN]
    banded = [row for row in of_class if row["probabilities"]]
    if not banded:
        raise DataError("expected photos of the classes; a band was found in none")
    labels = np.array([class_id(row["truth"]) for row in banded])
    probabilities = np.array([[row["probabilities"][name] for name in CLASSES] for row in banded])
    named = [row for row in of_class if row["status"] == "ok"]
    right = sum(row["source"] == row["truth"] for row in named)
    report = metrics.report(labels, probabilities, CLASSES) | {
        "coverage": len(named) / len(of_class),
        "selective_precision": right / len(named) if named else None,
        "band_found": {"n": len(of_class), "found": len(banded)},
        "unknown": {
            "n": len(unknown),
            "refused": sum(row["status"] != "ok" for row in unknown),
        },
        "photos": list(rows),
    }
    return report, labels, probabilities


def write_figures(
    folder: Path, labels: np.ndarray, probabilities: np.ndarray, report: dict, title: str
) -> None:
    """Write the confusion matrix (PNG and CSV), reliability and coverage of one test."""
    confusion = np.asarray(report["confusion"])
    plots.save_figure(
        plots.confusion_figure(confusion, CLASSES, title=title), folder / "confusion.png"
    )
    write_csv(
        folder / "confusion.csv",
        ("true", *CLASSES),
        (
            {"true": name} | dict(zip(CLASSES, row, strict=True))
            for name, row in zip(CLASSES, confusion.tolist(), strict=True)
        ),
    )
    bins = metrics.reliability(labels, probabilities)
    plots.save_figure(plots.reliability_figure(*bins, title=title), folder / "reliability.png")
    right = probabilities.argmax(axis=1) == labels
    _, coverage, precision = metrics.coverage_curve(probabilities.max(axis=1), right)
    shipped = (report["coverage"], report["selective_precision"])
    plots.save_figure(
        plots.coverage_figure(coverage, precision, shipped=shipped, title=title),
        folder / "coverage.png",
    )
