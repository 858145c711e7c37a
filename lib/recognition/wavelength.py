"""From the recognised lamp to a wavelength axis, or to the reason why there is none.

The lamp's lines are laid on the peaks of the band in every plausible way (`matching`); the best
way is taken if it explains the spectrum well, if no other explains it nearly as well, and if the
lines pin the axis down. A wrong axis is worse than none.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from lib import taxonomy
from lib.errors import DataError
from lib.lines import available_line_lists
from lib.recognition.axis import MatchedLine, NoAxis, WavelengthAxis, polynomial_in_photo
from lib.recognition.axis_fit import AxisFit, fit_axis_model, powers_of
from lib.recognition.band import BandProfile
from lib.recognition.matching import Match, search
from lib.recognition.peaks import Peaks, find_dips, find_lines
from lib.recognition.scene import Scene, make_scene

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

# Two axes that differ by more than this between the outermost lines are two answers.
_SAME_AXIS_NM = 3.0
# What chance patterns reach, nats: the evidence of "the lamp's lines are not what is seen here".
# Without colour, with both directions open, with a comb of bands, or in a part of what the finder
# took for a band, they reach more.
# Measured on simulated photos, as is the probability that an axis must have.
_CHANCE_EVIDENCE = 7.0
_CHANCE_EVIDENCE_MONOCHROME = 5.0
_CHANCE_EVIDENCE_BOTH_WAYS = 2.0
_CHANCE_EVIDENCE_BANDS = 6.0
_CHANCE_EVIDENCE_PARTS = 1.0
_CHANCE_EVIDENCE_WHITE = 6.0
# All three channels this high, counts: the zero order, its flare, or lines blinded altogether.
_WHITE_LEVEL = 215.0
_LEAST_PROBABILITY = 0.95
_FEWEST_LINES = 3
_SHORTEST_PX = 30
# Darker than this part of the brightest is a gap; over this part of the band it parts two orders.
_DARK_PART = 0.06
_GAP_PART = 0.08
# A single part this long is the band as it was; more parts than these are the lines of a lamp.
_SAME_PART = 0.7
_MOST_PARTS = 3
_FEWEST_LINES_MONOCHROME = 5
# An axis whose standard error reaches this, within the wavelengths people measure, is of no use.
_LARGEST_ERROR_NM = 3.0
_ASKED_NM = (430.0, 680.0)


def fit_axis(
    profile: BandProfile, lamp: str, *, axis: str = "horizontal", blue_known: bool = True
) -> WavelengthAxis:
    """Return the wavelength axis of a band lit by a known lamp.

    Where the band as a whole gives none, its lit parts are tried, in both directions.

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
    # With a zero order in it, the band may hold the first orders of both sides.
    white = np.asarray(profile.rgb).min(axis=1, initial=255.0).max(initial=0.0) >= _WHITE_LEVEL
    try:
        return _fit(profile, lists, axis, blue_known, chance=_CHANCE_EVIDENCE_WHITE * white)
    except NoAxis as error:
        for part in lit_parts(profile):
            try:
                return _fit(part, lists, axis, blue_known=False, chance=_CHANCE_EVIDENCE_PARTS)
            except NoAxis:
                continue
        raise error


def _fit(
    profile: BandProfile,
    lists: tuple[str, ...],
    axis: str,
    blue_known: bool,
    chance: float = 0.0,
) -> WavelengthAxis:
    rgb = np.asarray(profile.rgb, np.float64)
    if len(rgb) < _SHORTEST_PX:
        raise NoAxis(f"the band is {len(rgb)} px long; expected at least {_SHORTEST_PX}")
    if lists == ("fraunhofer",):
        peaks, rgb = find_dips(rgb)
    else:
        peaks = find_lines(rgb)
    if len(peaks) < _FEWEST_LINES:
        raise NoAxis(f"{len(peaks)} line(s) seen; expected at least {_FEWEST_LINES}")
    answers = _answers(peaks, rgb, lists, both_ways=not blue_known)
    chance += _CHANCE_EVIDENCE + _CHANCE_EVIDENCE_BOTH_WAYS * (not blue_known)
    return _axis_of(_decide(answers, chance), profile, axis)


def lit_parts(profile: BandProfile) -> list[BandProfile]:
    """Return the parts of a band between wide dark gaps, longest first; none if it has no gaps.

    A box that takes in the zero order, or both first orders around it, is no spectrum as a whole.
    """
    brightest = np.asarray(profile.rgb, np.float64).max(axis=1)
    samples = len(brightest)
    light = gaussian_filter1d(brightest - np.quantile(brightest, 0.05), samples / 200)
    lit = np.flatnonzero(light > _DARK_PART * light.max())
    if len(lit) == 0:
        return []
    runs = np.split(lit, np.flatnonzero(np.diff(lit) > _GAP_PART * samples) + 1)
    margin = round(0.02 * samples)
    parts = []
    for run in runs:
        part = slice(max(0, run[0] - margin), min(samples, run[-1] + margin + 1))
        parts.append(BandProfile(profile.rgb[part], profile.clipped[part], profile.position[part]))
    if len(parts) == 1 and len(parts[0].position) > _SAME_PART * samples:
        return []
    return sorted(parts, key=lambda part: -len(part.position))[:_MOST_PARTS]


@dataclass(frozen=True)
class _Answer:
    """A match, with the scene in the direction it was made in."""

    match: Match
    scene: Scene
    t: np.ndarray
    backwards: bool

    def nm_at(self, t: np.ndarray) -> np.ndarray:
        """Return wavelengths at `t` of the profile as it came."""
        return self.match.nm_at(-t if self.backwards else t)

    def differs(self, other: "_Answer") -> bool:
        """Tell whether another answer gives other wavelengths between this one's lines."""
        t = np.linspace(self.t.min(), self.t.max(), 9) * (-1 if self.backwards else 1)
        return bool(np.abs(self.nm_at(t) - other.nm_at(t)).max() > _SAME_AXIS_NM)


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
    peaks: Peaks, rgb: np.ndarray, lists: tuple[str, ...], *, both_ways: bool
) -> list[_Answer]:
    """Return the candidate matches, best first."""
    answers = []
    for backwards in (False, True) if both_ways else (False,):
        if backwards:
            scene = make_scene(peaks.reversed(len(rgb)), rgb[::-1])
        else:
            scene = make_scene(peaks, rgb)
        answers += [
            _Answer(match, scene, scene.t[match.peak], backwards)
            for name in lists
            for match in search(scene, name)
        ]
    return sorted(answers, key=lambda answer: -answer.match.evidence)


def _decide(answers: list[_Answer], chance: float) -> _Answer:
    """Return the best answer, or raise where it is weak or has a rival.

    Raises
    ------
    NoAxis
    """
    if not answers:
        raise NoAxis("no arrangement of the lamp's lines fits the peaks")
    best = answers[0]
    found = len(best.match.peak)
    monochrome = best.scene.monochrome
    fewest = _FEWEST_LINES_MONOCHROME if monochrome else _FEWEST_LINES
    if found < fewest:
        raise NoAxis(f"only {found} of the lamp's lines found; expected {fewest}")
    chance += _CHANCE_EVIDENCE_MONOCHROME * monochrome
    chance += _CHANCE_EVIDENCE_BANDS * best.match.by_bands
    rivals = [answer.match.evidence for answer in answers[1:] if best.differs(answer)]
    odds = np.exp(np.array([chance, *rivals]) - best.match.evidence)
    probability = 1 / (1 + odds.sum())
    if probability < _LEAST_PROBABILITY:
        why = "the lines fit the peaks too loosely"
        if odds[1:].sum() > odds[0]:
            why = "two arrangements of the lines fit the peaks alike"
        raise NoAxis(f"{why} (probability {probability:.2f}; expected {_LEAST_PROBABILITY})")
    return best


def _standard_errors(fit: AxisFit, t: np.ndarray) -> np.ndarray:
    powers = powers_of(t)
    return np.sqrt(np.einsum("ni,ij,nj->n", powers, fit.covariance, powers))


def _axis_of(answer: _Answer, profile: BandProfile, axis: str) -> WavelengthAxis:
    """Fit the final model to an answer and express it in the photo's pixels."""
    match, t = answer.match, answer.t
    position = np.asarray(profile.position, np.float64)
    if answer.backwards:
        position = position[::-1]
    nm = match.nm
    if match.covariance is None:
        fit = fit_axis_model(t, nm, match.sigma_nm)
    else:
        residual = nm - match.nm_at(t)
        fit = AxisFit("grating", match.coefficients, match.covariance, residual)
    origin, scale = (position[0] + position[-1]) / 2, (position[-1] - position[0]) / 2
    grid = np.linspace(-1, 1, 101)
    errors = _standard_errors(fit, grid)
    shown = powers_of(grid) @ fit.coefficients
    asked = (shown >= _ASKED_NM[0]) & (shown <= _ASKED_NM[1])
    worst = errors[asked].max(initial=0.0)
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
