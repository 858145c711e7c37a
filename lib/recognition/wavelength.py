"""From the recognised lamp to a wavelength axis, or to the reason why there is none.

The lamp's lines are laid on the peaks of the band in every plausible way (`matching`); the best
way is taken if it explains the spectrum well, if no other explains it nearly as well, and if the
lines pin the axis down. A wrong axis is worse than none.
"""

import numpy as np

from lib import taxonomy
from lib.errors import DataError
from lib.lines import available_line_lists
from lib.recognition.axis import MatchedLine, NoAxis, WavelengthAxis, polynomial_in_photo
from lib.recognition.axis_fit import fit_axis_model, powers_of
from lib.recognition.band import BandProfile
from lib.recognition.matching import Match, search
from lib.recognition.patterns import is_monochrome
from lib.recognition.peaks import Peaks, find_dips, find_lines

__all__ = ["NoAxis", "WavelengthAxis", "fit_axis"]

# The line lists that a class can stand for.
_LISTS_OF_CLASS = {
    "cfl_hg": ("cfl", "mercury"),
    "continuum": ("fraunhofer",),
    "neon": ("neon",),
    "helium": ("helium",),
    "hydrogen": ("hydrogen",),
    "nitrogen": ("nitrogen",),
}
_NO_LINES = {"led": "an LED has no lines of known wavelength"}

# Two axes that differ by more than this anywhere in the band are two answers.
_SAME_AXIS_NM = 3.0
# Evidence (nats) that the best answer must have, and its lead over the next: e**-4.6 is 1 in 100.
_LEAST_EVIDENCE = 6.0
_LEAST_LEAD = 4.6
# Without colour, or without knowing which end is blue, a chance pattern fits more easily.
_LEAST_EVIDENCE_BLIND = 10.0
_FEWEST_LINES = 3
# An axis whose standard error reaches this within the lines' range is of no use.
_LARGEST_ERROR_NM = 4.0


def fit_axis(
    profile: BandProfile, lamp: str, *, axis: str = "horizontal", blue_known: bool = True
) -> WavelengthAxis:
    """Return the wavelength axis of a band lit by a known lamp.

    Parameters
    ----------
    profile : BandProfile
        Light along the band; blue first where `blue_known`.
    lamp : str
        A class ("cfl_hg", which is tried as CFL and as mercury), or a line list ("argon").
    axis : str
        "horizontal" or "vertical": whether positions are the photo's x or y.
    blue_known : bool
        False where the band's colours do not tell its blue end: both directions are tried.

    Raises
    ------
    NoAxis
        If the lamp has no lines, or the lines do not give one clear, certain axis.
    DataError
        If no lamp of that name is known.
    """
    lists = _lists_of(lamp)
    absorbing = lists == ("fraunhofer",)
    rgb = np.asarray(profile.rgb, np.float64)
    if len(rgb) < 30:
        raise NoAxis(f"the band is {len(rgb)} px long; expected at least 30")
    peaks = find_dips(rgb)[0] if absorbing else find_lines(rgb)
    if len(peaks) < _FEWEST_LINES:
        raise NoAxis(f"{len(peaks)} line(s) seen; expected at least {_FEWEST_LINES}")
    answers = _answers(peaks, len(rgb), lists, both_ways=not blue_known)
    best = _decide(answers, peaks, blue_known)
    return _axis_of(best[0], peaks, profile, axis, backwards=best[1])


def _lists_of(lamp: str) -> tuple[str, ...]:
    if lamp in _NO_LINES:
        raise NoAxis(_NO_LINES[lamp])
    if lamp in _LISTS_OF_CLASS:
        return _LISTS_OF_CLASS[lamp]
    if lamp in available_line_lists():
        return (lamp,)
    known = sorted({*taxonomy.CLASSES, *available_line_lists()})
    raise DataError(f"no line list for lamp {lamp!r}; expected one of {', '.join(known)}")


def _answers(
    peaks: Peaks, samples: int, lists: tuple[str, ...], *, both_ways: bool
) -> list[tuple[Match, bool]]:
    """Return the candidate matches, best first, each with whether it runs backwards."""
    answers = [(match, False) for name in lists for match in search(peaks, samples, name)]
    if both_ways:
        turned = peaks.reversed(samples)
        answers += [(match, True) for name in lists for match in search(turned, samples, name)]
    return sorted(answers, key=lambda answer: -answer[0].evidence)


def _decide(
    answers: list[tuple[Match, bool]], peaks: Peaks, blue_known: bool
) -> tuple[Match, bool]:
    """Return the best answer, or raise where it is weak or has a rival.

    Raises
    ------
    NoAxis
    """
    if not answers:
        raise NoAxis("no arrangement of the lamp's lines fits the peaks")
    best, backwards = answers[0]
    if len(best.peak) < _FEWEST_LINES:
        raise NoAxis(f"only {len(best.peak)} of the lamp's lines found; expected {_FEWEST_LINES}")
    blind = not blue_known or is_monochrome(peaks.colour)
    least = _LEAST_EVIDENCE_BLIND if blind else _LEAST_EVIDENCE
    if best.evidence < least:
        raise NoAxis(f"the lines fit the peaks too loosely ({best.evidence:.1f} of {least:.1f})")
    lead = best.evidence - max(
        (match.evidence for match, way in answers[1:] if _differ(best, backwards, match, way)),
        default=-np.inf,
    )
    if lead < _LEAST_LEAD:
        raise NoAxis(f"two arrangements of the lines fit the peaks alike (lead {lead:.1f})")
    return best, backwards


def _differ(one: Match, one_way: bool, other: Match, other_way: bool) -> bool:
    t = np.linspace(-1, 1, 9)
    first = one.nm_at(-t if one_way else t)
    second = other.nm_at(-t if other_way else t)
    return bool(np.abs(first - second).max() > _SAME_AXIS_NM)


def _axis_of(
    match: Match, peaks: Peaks, profile: BandProfile, axis: str, *, backwards: bool
) -> WavelengthAxis:
    """Fit the final model to a match and express it in the photo's pixels."""
    position = np.asarray(profile.position, np.float64)
    samples = len(position)
    if backwards:
        peaks, position = peaks.reversed(samples), position[::-1]
    t = peaks.place[match.peak] / ((samples - 1) / 2) - 1
    nm = match.pattern.nm[match.line]
    fit = fit_axis_model(t, nm, match.sigma_nm)
    origin, scale = (position[0] + position[-1]) / 2, (position[-1] - position[0]) / 2
    grid = powers_of(np.linspace(-1, 1, 101))
    errors = np.sqrt(np.einsum("ni,ij,nj->n", grid, fit.covariance, grid))
    within = powers_of(np.linspace(t.min(), t.max(), 33))
    worst = np.sqrt(np.einsum("ni,ij,nj->n", within, fit.covariance, within).max())
    if worst > _LARGEST_ERROR_NM:
        raise NoAxis(f"the lines leave the axis uncertain by {worst:.1f} nm")
    order = np.argsort(nm)
    return WavelengthAxis(
        coefficients=polynomial_in_photo(fit.coefficients, origin, scale),
        axis="x" if axis == "horizontal" else "y",
        rms_nm=float(np.sqrt(np.mean(fit.residual_nm**2))),
        uncertainty_nm=float(np.sqrt(np.mean(errors**2))),
        lines=tuple(
            MatchedLine(
                nm=float(nm[k]),
                px=float(origin + scale * t[k]),
                name=match.pattern.names[match.line[k]],
                residual_nm=float(-fit.residual_nm[k]),
            )
            for k in order
        ),
        model=fit.model,
        lamp=match.lamp,
        origin_px=float(origin),
        scale_px=float(scale),
        covariance=tuple(tuple(float(v) for v in row) for row in fit.covariance),
    )
