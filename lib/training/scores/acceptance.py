"""How sure an answer must be to be given: one fit for wavelength axes, names and crops."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from lib.training.scores import metrics

_FOLDS = 10


@dataclass(frozen=True)
class Logistic:
    """A fitted probability of being right.

    Attributes
    ----------
    weights : float array of shape (n_figures,)
        Of the figures as they are, not scaled.
    offset : float
    held_out : float array of shape (n_samples,)
        Probability of each sample by models that have not met it.
    """

    weights: np.ndarray
    offset: float
    held_out: np.ndarray


def fit_acceptance(figures: np.ndarray, right: np.ndarray) -> Logistic:
    """Fit how probable it is that an answer is right; cross-validated in ten folds.

    Parameters
    ----------
    figures : float array of shape (n_samples, n_figures)
    right : bool array of shape (n_samples,)
    """
    middle, spread = figures.mean(axis=0), np.maximum(figures.std(axis=0), 1e-9)
    scaled, model = (figures - middle) / spread, LogisticRegression()
    held_out = cross_val_predict(model, scaled, right, cv=_FOLDS, method="predict_proba")[:, 1]
    model.fit(scaled, right)
    weights = model.coef_[0] / spread
    return Logistic(weights, float(model.intercept_[0] - weights @ middle), held_out)


def accepted_from(
    certainty: np.ndarray, right: np.ndarray, right_share: float, **weights: np.ndarray
) -> float:
    """Return the lowest threshold at which `right_share` of all that is given is right; else 1.

    `weights` as of `lib.training.scores.metrics.coverage_curve`.
    """
    thresholds, _, precision = metrics.coverage_curve(certainty, right, **weights)
    enough = thresholds[precision >= right_share]
    return float(enough.min()) if len(enough) else 1.0
