"""Fit how surely a name is right, and from which probability on it is given."""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from lib.training import metrics

# Wanted share of right names among all that are given, unknown lamps among the photos.
RIGHT_SHARE = 0.95
# Share of photos that show none of the classes, as for the classifier's own threshold.
UNKNOWN_SHARE = 0.2
_FOLDS = 10


def fit_name_verdict(
    kinds: Sequence[str],
    figures: np.ndarray,
    right: np.ndarray,
    known: np.ndarray,
    names: Sequence[str],
) -> dict:
    """Return the card of a `lib.recognition.name.naming.NameVerdict`.

    Parameters
    ----------
    kinds : sequence of str
        Of each photo's best guess.
    figures : float array of shape (n_photos, n_figures)
    right : bool array of shape (n_photos,)
        Whether the guess is the photo's class.
    known : bool array of shape (n_photos,)
        Whether the photo's lamp has a class.
    names : sequence of str
        Of the figures.

    Returns
    -------
    dict
        ``kinds``, ``threshold``, ``unknown_share``, ``curve``, and ``named``, what is named of the
        photos by probabilities of models that have not met them.
    """
    kinds = np.asarray(kinds)
    share = np.where(known, 1 - UNKNOWN_SHARE, UNKNOWN_SHARE)
    weight = share / np.where(known, known.sum(), (~known).sum())
    sure, card = np.empty(len(kinds)), {}
    for kind in np.unique(kinds):
        of_kind = kinds == kind
        middle, spread = figures[of_kind].mean(axis=0), figures[of_kind].std(axis=0)
        scaled = (figures[of_kind] - middle) / np.maximum(spread, 1e-9)
        model = LogisticRegression()
        sure[of_kind] = cross_val_predict(
            model, scaled, right[of_kind], cv=_FOLDS, method="predict_proba"
        )[:, 1]
        model.fit(scaled, right[of_kind])
        weights = model.coef_[0] / np.maximum(spread, 1e-9)
        card[str(kind)] = dict(zip(names, weights.round(4).tolist(), strict=True)) | {
            "offset": round(float(model.intercept_[0] - weights @ middle), 4)
        }
    thresholds, coverage, precision = metrics.coverage_curve(
        sure, right, weight=weight, of_class=known
    )
    enough = thresholds[precision >= RIGHT_SHARE]
    threshold = float(enough.min()) if len(enough) else 1.0
    named = sure >= threshold
    return {
        "kinds": card,
        "threshold": round(threshold, 4),
        "unknown_share": UNKNOWN_SHARE,
        "curve": metrics.thinned_curve(thresholds, coverage, precision),
        "named": {
            "of_the_classes": round(float(named[known].mean()), 4),
            "of_these_right": round(float(right[named & known].mean()), 4),
            "unknown_refused": round(float(1 - named[~known].mean()), 4),
        },
    }
