"""Fit how probable it is that a wavelength axis is right, and how large its errors truly are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from lib.recognition.axis.fit import Candidate

# An axis further off than this somewhere in its claimed range is wrong, nm.
WRONG_NM = 5.0
# Of the axes that are given so many may be wrong.
WRONG_SHARE = 0.01
_FOLDS = 10
_ROUNDS = 4


@dataclass(frozen=True)
class KnownCandidate:
    """A candidate whose errors are known; arrays of shape (n,) over its places, nm.

    Attributes
    ----------
    lamp : str
    candidate : Candidate
    off : float64 array
        True error; nan where nothing is known.
    stated : float64 array
        Standard error of the fit.
    """

    lamp: str
    candidate: Candidate
    off: np.ndarray
    stated: np.ndarray


@dataclass(frozen=True)
class FittedVerdict:
    """Weights, offset, threshold and error scale; which of the claiming candidates are given.

    `claiming`, `probability` and `worst_nm` are of shape (m,): indices of the candidates that
    claim anything, their cross-validated probabilities and largest errors.
    """

    weights: np.ndarray
    offset: float
    least_probability: float
    error_scale: float
    claiming: np.ndarray
    probability: np.ndarray
    worst_nm: np.ndarray

    @property
    def given(self) -> np.ndarray:
        """Which of the claiming candidates are given, bool (m,)."""
        return self.probability >= self.least_probability


def fit_verdict(known: Sequence[KnownCandidate]) -> FittedVerdict:
    """Fit the verdict; stated errors and what is claimed by them are settled in turn."""
    scale = 1.0
    for _ in range(_ROUNDS):
        verdict = _fit(known, scale)
        scale *= _misstated(known, verdict)
    return _fit(known, scale)


def _fit(known: Sequence[KnownCandidate], scale: float) -> FittedVerdict:
    claims = [one.candidate.claim(scale) for one in known]
    worst = np.array(
        [
            np.nanmax(np.abs(one.off[slice(*c)]), initial=0)
            for one, c in zip(known, claims, strict=True)
        ]
    )
    claiming = np.flatnonzero([stop > start for start, stop in claims])
    evidence = np.stack([known[k].candidate.evidence(claims[k]) for k in claiming])
    right = worst[claiming] < WRONG_NM
    middle, spread = evidence.mean(axis=0), evidence.std(axis=0)
    model = LogisticRegression()
    probability = cross_val_predict(
        model, (evidence - middle) / spread, right, cv=_FOLDS, method="predict_proba"
    )[:, 1]
    model.fit((evidence - middle) / spread, right)
    weights = model.coef_[0] / spread
    return FittedVerdict(
        weights=weights,
        offset=float(model.intercept_[0] - weights @ middle),
        least_probability=least_probability(probability, right),
        error_scale=scale,
        claiming=claiming,
        probability=probability,
        worst_nm=worst[claiming],
    )


def least_probability(probability: np.ndarray, right: np.ndarray) -> float:
    """Return the threshold that gives most axes with at most `WRONG_SHARE` of them wrong."""
    order = np.argsort(-probability)
    wrong = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    few = np.flatnonzero(wrong <= WRONG_SHARE)
    return float(probability[order[few[-1]]]) if len(few) else 1.0


def _misstated(known: Sequence[KnownCandidate], verdict: FittedVerdict) -> float:
    """Return true errors over stated ones, the mean by 68 % and by 95 % of the right ones given."""
    ratios = []
    for k in verdict.claiming[verdict.given & (verdict.worst_nm < WRONG_NM)]:
        one = known[k]
        claim = slice(*one.candidate.claim(verdict.error_scale))
        ratios.append(np.abs(one.off[claim]) / (verdict.error_scale * one.stated[claim]))
    ratios = np.concatenate(ratios)
    ratios = ratios[np.isfinite(ratios)]
    return float(np.sqrt(np.quantile(ratios, 0.6827) * np.quantile(ratios, 0.95) / 1.96))
