"""The verdict on an axis: how probable it is that it is right, and how large its errors truly are.

Fitted to simulated photos of lamps that are told.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lib.errors import DataError
from lib.recognition.axis.fit import GRID, Candidate, find_candidate
from lib.recognition.axis.verdict import EVIDENCE
from lib.recognition.band import Band
from lib.simulation.photos.truth import BandTruth, best_box
from lib.training.examples.axis_truth import LAMPS, asked_places
from lib.training.scores.acceptance import accepted_from, fit_acceptance

# An axis is wrong if it is off by more than this anywhere in its claimed range, nm.
WRONG_NM = 5.0
# Share of the given axes that may be wrong.
WRONG_SHARE = 0.01
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


def axis_card(verdict: FittedVerdict, known: Sequence[KnownCandidate], photos: Counter) -> dict:
    """Return the card of a fitted verdict; `photos` counts those of each lamp."""
    lamp = np.array([known[k].lamp for k in verdict.claiming])
    given, wrong = verdict.given, verdict.worst_nm >= WRONG_NM
    return {
        "weights": dict(zip(EVIDENCE, verdict.weights.round(4).tolist(), strict=True)),
        "offset": round(verdict.offset, 4),
        "least_probability": round(verdict.least_probability, 4),
        "error_scale": round(verdict.error_scale, 4),
        "given": {
            name: round(float((given & (lamp == name)).sum() / photos[name]), 3) for name in LAMPS
        },
        "wrong": round(float(wrong[given].mean()), 4),
        "wrong_of": {
            name: round(float(wrong[given & (lamp == name)].mean()), 4)
            for name in LAMPS
            if (given & (lamp == name)).any()
        },
    }


def known_candidate(
    lamp: str, lines: str, band: Band, boxes: Sequence[BandTruth]
) -> KnownCandidate | None:
    """Return what the lines of a known lamp lead to in a simulated photo; None if to nothing.

    Parameters
    ----------
    lamp : str
        Of the simulator.
    lines : str
        What its lines are asked for by: its class, or its line lists.
    band : Band
        As it was found.
    boxes : sequence of BandTruth
    """
    profile = band.profile
    try:
        candidate = find_candidate(profile, lines, band.reading)
    except DataError:
        return None
    fit = candidate.match.fit
    off = np.full(len(GRID), np.inf)
    px, nm = asked_places(band, best_box(band, boxes), everywhere=True)
    if len(px):
        first, last = profile.position[0], profile.position[-1]
        t = 2 * (px - first) / (last - first) - 1
        order = np.argsort(t)
        true_nm = np.interp(GRID, t[order], nm[order], left=np.nan, right=np.nan)
        off = fit.nm_at(GRID) - true_nm
    return KnownCandidate(lamp, candidate, off, candidate.error_at(GRID))


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
    fitted = fit_acceptance(evidence, right)
    return FittedVerdict(
        weights=fitted.weights,
        offset=fitted.offset,
        least_probability=accepted_from(fitted.held_out, right, 1 - WRONG_SHARE),
        error_scale=scale,
        claiming=claiming,
        probability=fitted.held_out,
        worst_nm=worst[claiming],
    )


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
