"""How good and how honest a classifier is: plain numpy and scikit-learn, no TensorFlow."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from lib.taxonomy import in_short

# Standard normal quantile of a two-sided 95 % interval.
Z_95 = 1.959963984540054
CALIBRATION_BINS = 15


def report(
    labels: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    *,
    named: np.ndarray | None = None,
) -> dict:
    """Return everything that is told about a test, as plain numbers for JSON.

    Parameters
    ----------
    labels : int array of shape (n_samples,)
        True class ids.
    probabilities : float array of shape (n_samples, n_classes)
    classes : sequence of str
        Names in order of class id.
    named : bool array of shape (n_samples,), optional
        Which samples were named rather than refused; adds ``coverage`` and
        ``selective_precision``.

    Returns
    -------
    dict
        n, accuracy, accuracy_ci95, weighted_precision, weighted_recall, weighted_f1, per_class
        (precision, recall, f1, specificity, support), confusion (rows true), ece, nll.
    """
    predicted = probabilities.argmax(axis=1)
    right = predicted == labels
    weighted = dict(
        zip(
            ("weighted_precision", "weighted_recall", "weighted_f1"),
            precision_recall_fscore_support(
                labels, predicted, average="weighted", zero_division=0.0
            )[:3],
            strict=True,
        )
    )
    result = {
        "n": len(labels),
        "accuracy": float(right.mean()),
        "accuracy_ci95": list(wilson_interval(int(right.sum()), len(labels))),
        **{name: float(value) for name, value in weighted.items()},
        "per_class": per_class(labels, predicted, classes),
        "confusion": confusion(labels, predicted, len(classes)).tolist(),
        "ece": expected_calibration_error(labels, probabilities),
        "nll": negative_log_likelihood(labels, probabilities),
    }
    if named is not None:
        result["coverage"] = float(named.mean())
        result["selective_precision"] = float(right[named].mean()) if named.any() else None
    return result


def report_text(report: dict) -> str:
    """Return a report as a table for people; classes without a sample are left out."""
    low, high = report["accuracy_ci95"]
    lines = [f"{'class':<24}{'precision':>10}{'recall':>8}{'f1':>8}{'specificity':>13}{'n':>7}"]
    lines += [
        f"{in_short(name):<24}{row['precision']:>10.4f}{row['recall']:>8.4f}{row['f1']:>8.4f}"
        f"{row['specificity']:>13.4f}{row['support']:>7}"
        for name, row in report["per_class"].items()
        if row["support"]
    ]
    lines += [
        f"{'weighted':<24}{report['weighted_precision']:>10.4f}{report['weighted_recall']:>8.4f}"
        f"{report['weighted_f1']:>8.4f}{'':>13}{report['n']:>7}",
        f"accuracy {report['accuracy']:.4f} (95 % interval {low:.4f} to {high:.4f}), "
        f"calibration error {report['ece']:.4f}, negative log-likelihood {report['nll']:.4f}",
    ]
    if report.get("selective_precision") is not None:
        lines.append(
            f"at the threshold: {report['coverage']:.4f} named, "
            f"{report['selective_precision']:.4f} of them right"
        )
    return "\n".join(lines)


def confusion(labels: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Return the confusion matrix, int (n_classes, n_classes), rows true, columns predicted."""
    return confusion_matrix(labels, predicted, labels=np.arange(n_classes))


def per_class(
    labels: np.ndarray, predicted: np.ndarray, classes: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return precision, recall, F1, specificity and support of each class; 0 where undefined."""
    ids = np.arange(len(classes))
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=ids, zero_division=0.0
    )
    return {
        name: {
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]),
            "specificity": specificity(labels == i, predicted == i),
            "support": int(support[i]),
        }
        for i, name in enumerate(classes)
    }


def specificity(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Return the share of the negatives of a boolean truth that were predicted negative."""
    negatives = ~actual
    return float((~predicted & negatives).sum() / negatives.sum()) if negatives.any() else 0.0


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the Wilson 95 % score interval of a proportion.

    Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953.
    """
    if not trials:
        return 0.0, 1.0
    share = successes / trials
    scale = 1 + Z_95**2 / trials
    centre = (share + Z_95**2 / (2 * trials)) / scale
    half = Z_95 * np.sqrt(share * (1 - share) / trials + Z_95**2 / (4 * trials**2)) / scale
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def negative_log_likelihood(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean negative log-likelihood in nats; a probability of 0 counts as 1e-12."""
    of_truth = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(of_truth, 1e-12)).mean())


def reliability(
    labels: np.ndarray, probabilities: np.ndarray, *, bins: int = CALIBRATION_BINS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean confidence, accuracy and count of each of `bins` equal bins of confidence.

    Confidence is the largest probability. Empty bins have NaN confidence and accuracy.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    # A bin holds its upper edge, as in Guo et al. 2017 and scikit-learn's calibration_curve.
    index = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], confidence)
    count = np.bincount(index, minlength=bins)
    with np.errstate(invalid="ignore"):
        return (
            np.bincount(index, confidence, minlength=bins) / count,
            np.bincount(index, right, minlength=bins) / count,
            count,
        )


def expected_calibration_error(
    labels: np.ndarray, probabilities: np.ndarray, *, bins: int = CALIBRATION_BINS
) -> float:
    """Return the mean gap of confidence and accuracy over bins, weighted by count.

    Guo et al. 2017, https://arxiv.org/abs/1706.04599, with 15 equal bins.
    """
    confidence, accuracy, count = reliability(labels, probabilities, bins=bins)
    return float(np.nansum(np.abs(confidence - accuracy) * count) / count.sum())


def fit_temperature(labels: np.ndarray, logits: np.ndarray) -> float:
    """Return the temperature, between 0.05 and 20, that makes held-out logits likeliest.

    Guo et al. 2017, https://arxiv.org/abs/1706.04599, with one imagined mistake added, as Platt
    1999 does for sigmoids: samples without a mistake would otherwise ask for certainty.
    """
    n, n_classes = logits.shape
    targets = np.full((n, n_classes), 1 / (n + 1) / n_classes)
    targets[np.arange(n), labels] += n / (n + 1)

    def loss(log_temperature: float) -> float:
        return -(targets * log_softmax(logits / np.exp(log_temperature), axis=1)).sum(axis=1).mean()

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))


def coverage_curve(
    score: np.ndarray,
    right: np.ndarray,
    *,
    of_class: np.ndarray | None = None,
    weight: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return thresholds, coverage and selective precision as the threshold falls.

    Parameters
    ----------
    score : float array of shape (n_samples,)
        Larger is surer; a sample is named where ``score >= threshold``.
    right : bool array of shape (n_samples,)
        Whether naming it would be right.
    of_class : bool array of shape (n_samples,), optional
        False for unknown lamps, which coverage does not count. Default: all are of a class.
    weight : float array of shape (n_samples,), optional
        How much each sample counts. Default: all alike.

    Returns
    -------
    thresholds, coverage, selective_precision : float arrays of shape (n_distinct_scores,)
        Share of the samples of a class that are named, and share of all named that are right.
    """
    weight = np.ones(len(score)) if weight is None else weight
    counted = weight if of_class is None else weight * of_class
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    named, hits, covered = (
        np.cumsum(values[order])[last] for values in (weight, weight * right, counted)
    )
    return ranked[last], covered / counted.sum(), hits / named


def thinned_curve(
    thresholds: np.ndarray, coverage: np.ndarray, precision: np.ndarray, *, points: int = 101
) -> list[dict[str, float]]:
    """Return about `points` points of a coverage curve, evenly spaced in coverage, for JSON."""
    wanted = np.linspace(coverage[0], coverage[-1], points)
    picked = np.unique(np.searchsorted(coverage, wanted))
    return [
        {
            "threshold": float(thresholds[i]),
            "coverage": float(coverage[i]),
            "precision": float(precision[i]),
        }
        for i in picked
    ]


def coverage_threshold(score: np.ndarray, coverage: float) -> float:
    """Return the highest threshold at which at least `coverage` of the samples are named."""
    ranked = np.sort(score)[::-1]
    return float(ranked[max(int(np.ceil(coverage * len(ranked))) - 1, 0)])
