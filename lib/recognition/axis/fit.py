"""From the recognised lamp to a wavelength axis, or to the reason why there is none.

The reader reads wavelengths off the band (`reading`), the lamp's lines confirm them
(`matching`), and a physical curve is fitted to both (`dispersion`). One figure, the probability
that the axis is right, decides whether it is given. A wrong axis is worse than none.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lib.polynomials import in_scaled
from lib.recognition.axis.axis import MatchedLine, NoAxis, WavelengthAxis
from lib.recognition.axis.claim import (
    added_covariance,
    difference,
    fits_without_ends,
    largest_error_nm,
)
from lib.recognition.axis.dispersion import Dispersion, Points, fit_dispersion
from lib.recognition.axis.line_lists import line_lists_of
from lib.recognition.axis.matching import Match, best_match, match_lines
from lib.recognition.axis.peaks import find_dips, find_lines
from lib.recognition.axis.verdict import AxisVerdict, shipped_verdict
from lib.recognition.band import BandProfile
from lib.recognition.curves import median, quantile
from lib.recognition.reading import Reading, read_light

__all__ = ["NoAxis", "WavelengthAxis", "fit_axis"]

_SHORTEST_PX = 30
_MIN_LINES = 2
# Places of the reading that the curve is fitted to; more say nothing new.
_READ_PLACES = 24
# Standard error of a read place over its scale: 68 % of Laplace's law lie within. No reading is
# surer than the last: real bands are not quite like simulated ones, and with it the lines decide
# (median error at marked lines 0.24 nm, without it 0.30).
_READ_SIGMA, _READ_FLOOR_NM = 1.15, 0.7
# The axis is claimed where its standard error is at most this, nm: of 1,400 simulated photos 84 %
# get an axis of which one in a hundred is over 5 nm off somewhere, at 1.0 nm 77 %.
LARGEST_ERROR_NM = 0.7
# Part of the claimed range that is read surer than the error that the verdict weighs.
_READ_QUANTILE = 0.75
# Lines closer to the reading than this part of their standard error agree with it no better.
_AGREEING = 0.3
# Places that a curve is looked at.
GRID = np.linspace(-1.0, 1.0, 201)


@dataclass(frozen=True)
class Candidate:
    """The best way to lay a lamp's lines on a band, before the verdict.

    Attributes
    ----------
    match : Match
    read : Dispersion
        Fitted to the reading alone.
    without_ends : tuple of Dispersion
        Fitted without the first line and without the last.
    """

    match: Match
    read: Dispersion
    without_ends: tuple[Dispersion, ...] = ()

    def error_at(self, t: np.ndarray) -> np.ndarray:
        """Return the standard error at places, nm; it grows by what an outermost line moves."""
        fit = self.match.fit
        moved = [difference(fit, other, t) for other in self.without_ends]
        return np.sqrt(np.sum([fit.error_at(t) ** 2, *(off**2 for off in moved)], axis=0))

    def claim(self, error_scale: float) -> tuple[int, int]:
        """Return the half-open stretch of `GRID` about the lines where the axis is sure.

        Empty if it is sure nowhere. True errors are `error_scale` times those of the fit.
        """
        sure = error_scale * self.error_at(GRID) <= LARGEST_ERROR_NM
        if not sure.any():
            return 0, 0
        middle = median(self.match.points.t)
        known = np.flatnonzero(sure)
        inside = known[np.abs(GRID[known] - middle).argmin()]
        unsure = np.flatnonzero(~sure)
        first = unsure[unsure < inside].max(initial=-1) + 1
        return int(first), int(unsure[unsure > inside].min(initial=len(GRID)))

    def evidence(self, claim: tuple[int, int]) -> np.ndarray:
        """Return what the verdict weighs; see `lib.recognition.axis.verdict.EVIDENCE`."""
        points = self.match.points
        error = np.hypot(self.read.error_at(points.t), points.sigma_nm)
        off = (points.nm - self.read.nm_at(points.t)) / error
        return np.array(
            [
                np.log(quantile(self.read.error_at(GRID[slice(*claim)]), _READ_QUANTILE)),
                np.log(_AGREEING + np.sqrt(np.mean(off**2))),
                self.match.explained,
            ]
        )


def fit_axis(
    profile: BandProfile,
    lamp: str,
    *,
    axis: str = "horizontal",
    reading: Reading | None = None,
) -> WavelengthAxis:
    """Return the wavelength axis of a band lit by a known lamp.

    Parameters
    ----------
    profile : BandProfile
        Light along the band, blue first.
    lamp : str
        A class ("cfl_hg", which is tried as CFL and as mercury), a line list ("argon"), a common
        name ("hg"), or several joined by "+".
    axis : str
        "horizontal" or "vertical": whether positions are the photo's x or y.
    reading : Reading, optional
        Of this profile, where it has been read already.

    Raises
    ------
    NoAxis
        If the lamp has no lines, or the lines do not give one clear, certain axis.
    DataError
        If no lamp of that name is known.
    """
    verdict = shipped_verdict()
    candidate = find_candidate(profile, lamp, reading)
    claim = candidate.claim(verdict.error_scale)
    if claim[0] == claim[1]:
        least = verdict.error_scale * candidate.error_at(GRID).min()
        raise NoAxis(
            f"the lines leave the wavelengths uncertain by {least:.1f} nm",
            code="unsure_axis",
            probability=0.0,
        )
    probability = verdict.probability(candidate.evidence(claim))
    if probability < verdict.least_probability:
        raise NoAxis(
            f"the lines could not be matched safely "
            f"(probability {probability:.2f}; {verdict.least_probability:.2f} needed)",
            code="unconfirmed_axis",
            probability=probability,
        )
    found = _axis_of(candidate, claim, profile, axis, verdict)
    return replace(found, probability=probability)


def find_candidate(profile: BandProfile, lamp: str, reading: Reading | None = None) -> Candidate:
    """Return the best way to lay a lamp's lines on a profile.

    Raises
    ------
    NoAxis
        If the lamp has no lines, or too few are seen.
    """
    lists = line_lists_of(lamp)
    samples = len(profile.rgb)
    if samples < _SHORTEST_PX:
        raise NoAxis(
            f"the band is {samples} px long; expected at least {_SHORTEST_PX}", code="too_short"
        )
    reading = reading or read_light(profile.rgb, blue_known=True)
    if not reading.blue_first:
        raise NoAxis(
            "colours and the pattern of the lines contradict each other about which end is blue",
            code="unconfirmed_axis",
            probability=0.0,
        )
    rgb = np.asarray(profile.rgb, np.float64)
    peaks = find_dips(rgb)[0] if lists == ("fraunhofer",) else find_lines(rgb)
    if len(peaks) < _MIN_LINES:
        few = f"{len(peaks)} line(s) seen; expected at least {_MIN_LINES}"
        raise NoAxis(few, code="few_lines", probability=0.0)
    points = points_of(reading)
    read = fit_dispersion(points)
    matches = [match_lines(peaks, samples, points, read, name) for name in lists]
    best = best_match(matches)
    if best is None or len(best.peak) < _MIN_LINES:
        found = 0 if best is None else len(best.peak)
        few = f"only {found} of the lamp's lines found; expected {_MIN_LINES}"
        raise NoAxis(few, code="few_lines", probability=0.0)
    return Candidate(best, read, tuple(fits_without_ends(points, best.points, best.fit)))


def points_of(reading: Reading) -> Points:
    """Return some places of a reading with their standard errors."""
    step = len(reading.t) // _READ_PLACES
    picked = slice(step // 2, None, step)
    t, nm, scale = reading.t[picked], reading.nm[picked], reading.scale_nm[picked]
    return Points(t, nm, np.hypot(_READ_SIGMA * scale, _READ_FLOOR_NM))


def _axis_of(
    candidate: Candidate,
    claim: tuple[int, int],
    profile: BandProfile,
    axis: str,
    verdict: AxisVerdict,
) -> WavelengthAxis:
    """Express a candidate's curve in the photo's pixels."""
    match = candidate.match
    position = np.asarray(profile.position, np.float64)
    origin, scale = (position[0] + position[-1]) / 2, (position[-1] - position[0]) / 2
    fit, points = match.fit, match.points
    claimed = GRID[slice(*claim)]
    polynomial, covariance = fit.as_polynomial(-1.0, 1.0)
    moved = [partial(difference, fit, other) for other in candidate.without_ends]
    if moved:
        covariance = covariance + added_covariance(moved, (-1.0, 1.0), len(polynomial))
    covariance *= verdict.error_scale**2
    order = np.argsort(points.nm)
    residual = points.nm - fit.nm_at(points.t)
    ends = np.sort(origin + scale * claimed[[0, -1]])
    made = WavelengthAxis(
        coefficients=in_scaled(polynomial, origin, scale),
        axis="x" if axis == "horizontal" else "y",
        rms_nm=float(np.sqrt(np.mean(residual**2))),
        uncertainty_nm=0.0,
        lines=tuple(
            MatchedLine(
                nm=float(points.nm[k]),
                px=float(origin + scale * points.t[k]),
                name=match.pattern.names[match.line[k]],
                residual_nm=float(-residual[k]),
            )
            for k in order
        ),
        model=fit.family.name,
        lamp=match.lamp,
        origin_px=float(origin),
        scale_px=float(scale),
        covariance=tuple(tuple(float(v) for v in row) for row in covariance),
        explained=match.explained,
        range_px=(float(ends[0]), float(ends[1])),
    )
    return replace(made, uncertainty_nm=largest_error_nm(made))
