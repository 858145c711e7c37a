"""The verdict on an axis: how probable it is that it is right, and how large its errors truly are.

Fitted on simulated photos of lamps that are told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import require_absent, write_json
from lib.recognition.axis.fit import GRID, Candidate, find_candidate
from lib.recognition.axis.verdict import CARD_NAME, EVIDENCE
from lib.recognition.find.finder import find_band
from lib.simulation.photos.photos import simulate_photo
from lib.simulation.photos.truth import best_box
from lib.training.examples.axis_bands import STREAM
from lib.training.examples.axis_truth import LAMPS, asked_places
from lib.training.examples.store import in_order
from lib.training.scores.acceptance import accepted_from, fit_acceptance

# An axis further off than this somewhere in its claimed range is wrong, nm.
WRONG_NM = 5.0
# Of the axes that are given so many may be wrong.
WRONG_SHARE = 0.01
_FEWEST_CANDIDATES = 100
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


def make_axis_verdict(output: Path, *, photos: int, seed: int, jobs: int, overwrite: bool) -> dict:
    """Simulate photos of told lamps, fit the verdict on axes, write its card and return it."""
    path = output / CARD_NAME
    require_absent(path, overwrite=overwrite)
    tasks = [(seed, number) for number in range(photos)]
    found = in_order(known_candidate, tasks, jobs=jobs, what="photos")
    known = [candidate for candidate in found if candidate is not None]
    if len(known) < _FEWEST_CANDIDATES:
        raise DataError(f"--photos {photos}: too few to fit; expected 200 or more")
    verdict = fit_verdict(known)
    lamp = np.array([known[k].lamp for k in verdict.claiming])
    given, wrong = verdict.given, verdict.worst_nm >= WRONG_NM
    shares = {name: len(range(k, photos, len(LAMPS))) for k, name in enumerate(LAMPS)}
    card = {
        "weights": dict(zip(EVIDENCE, verdict.weights.round(4).tolist(), strict=True)),
        "offset": round(verdict.offset, 4),
        "least_probability": round(verdict.least_probability, 4),
        "error_scale": round(verdict.error_scale, 4),
        "fitted_on": {"photos": photos, "seed": seed, "candidates": len(known)},
        "given": {
            name: round(float((given & (lamp == name)).sum() / shares[name]), 3) for name in LAMPS
        },
        "wrong": round(float(wrong[given].mean()), 4),
    }
    write_json(path, card)
    return card


def known_candidate(seed: int, number: int) -> KnownCandidate | None:
    """Return what a simulated photo of a known lamp leads to; None if to no candidate."""
    rng = np.random.default_rng([STREAM + seed, number])
    lamp = list(LAMPS)[number % len(LAMPS)]
    photo = simulate_photo(rng, lamp)
    try:
        band = find_band(photo.image)
        profile = band.profile
        candidate = find_candidate(profile, LAMPS[lamp], band.reading)
    except DataError:
        return None
    fit = candidate.match.fit
    off = np.full(len(GRID), np.inf)
    px, nm = asked_places(band, best_box(band, photo.truth.boxes), everywhere=True)
    if len(px):
        first, last = profile.position[0], profile.position[-1]
        t = 2 * (px - first) / (last - first) - 1
        order = np.argsort(t)
        true_nm = np.interp(GRID, t[order], nm[order], left=np.nan, right=np.nan)
        off = fit.nm_at(GRID) - true_nm
    return KnownCandidate(lamp, candidate, off, fit.error_at(GRID))


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
