"""Fit how surely a network names, and the threshold under which it refuses.

Trained with outlier exposure, a network keeps its logits low for what it should not name, also for
kinds of lamps that it never met. Tests fitted on its features refuse up to six points more of the
simulated lamps than the largest logit does, and two to four more of the real crops of the classes
(benchmarks/score_unknowns.py). So only two numbers are fitted here: they make a probability of it.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression

from lib.certainty import LARGEST_LOGIT, certainty
from lib.training.scores import metrics

# Share of the known crops that is named rather than refused.
KNOWN_NAMED = 0.95
# Share of photos that show none of the classes, for the precision that goes with a threshold: in
# between a collection of lamp photos and whatever people try.
UNKNOWN_SHARE = 0.2


def fit(logits: np.ndarray, labels: np.ndarray) -> dict:
    """Fit the score on crops that were not trained on.

    Parameters
    ----------
    logits : float array of shape (n_crops, n_classes)
    labels : int array of shape (n_crops,)
        Class ids; negative for unknown lamps.

    Returns
    -------
    dict
        ``unknown`` of model.json: score, slope, offset, threshold, unknown_share, curve.
    """
    unknown = labels < 0
    right = logits.argmax(axis=1) == labels
    weight = crop_weights(unknown)
    score = {"score": LARGEST_LOGIT} | _sigmoid(logits.max(axis=1), right, weight)
    sure = certainty(logits, score)
    curve = metrics.coverage_curve(sure, right, weight=weight, of_class=~unknown)
    return score | {
        "threshold": metrics.coverage_threshold(sure[~unknown], KNOWN_NAMED),
        "unknown_share": float(weight[unknown].sum()),
        "curve": metrics.thinned_curve(*curve),
    }


def _sigmoid(largest: np.ndarray, right: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """Return slope and offset of the sigmoid that turns logits into a probability of being right.

    Platt 1999; one imagined hit and one imagined mistake keep it finite where all are alike.
    """
    one = weight.mean()
    model = LogisticRegression(C=np.inf).fit(
        np.concatenate([largest, [largest.max(), largest.min()]])[:, None],
        np.concatenate([right, [True, False]]),
        sample_weight=np.concatenate([weight, [one, one]]) / one,
    )
    return {"slope": float(model.coef_[0, 0]), "offset": float(model.intercept_[0])}


def crop_weights(unknown: np.ndarray) -> np.ndarray:
    """Return weights (n_crops,) of sum 1; the unknown crops, if any, hold `UNKNOWN_SHARE`."""
    if not unknown.any():
        return np.full(len(unknown), 1 / len(unknown))
    share = np.where(unknown, UNKNOWN_SHARE, 1 - UNKNOWN_SHARE)
    return share / np.where(unknown, unknown.sum(), (~unknown).sum())
