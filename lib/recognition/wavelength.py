"""From the recognised lamp to a wavelength axis, or to the reason why there is none.

The lamp's lines are laid on the peaks of the band in every plausible way (`matching`); the best
way is taken if it explains the spectrum well, if no other explains it nearly as well, and if the
lines pin the axis down. A wrong axis is worse than none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from lib import taxonomy
from lib.errors import DataError
from lib.lines import available_line_lists
from lib.recognition.axis import MatchedLine, NoAxis, WavelengthAxis, polynomial_in_photo
from lib.recognition.axis_fit import AxisFit, fit_axis_model, powers_of
from lib.recognition.axis_weights import AxisWeights, shipped_weights
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
# What makes chance patterns likelier, besides the lamp: see axis_weights.
SITUATIONS = ("always", "monochrome", "both_ways", "part", "white", "vague")
# All three channels this high, counts: the zero order, its flare, or lines blinded altogether.
_WHITE_LEVEL = 215.0
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
    weights = shipped_weights()
    refusals = []
    for stretch, part in stretches(profile):
        try:
            choice = choose(stretch, lamp, blue_known=blue_known and not part, part=part)
            return axis_of(_decide(choice, weights), stretch, axis, weights)
        except NoAxis as error:
            refusals.append(error)
    # Of the parts, the one that fits best tells how well the lamp's lines fit at all.
    raise NoAxis(str(refusals[0]), probability=max(error.probability for error in refusals))


def stretches(profile: BandProfile) -> Iterator[tuple[BandProfile, bool]]:
    """Yield what may be one spectrum: the whole band, then each lit part; and whether it is one."""
    yield profile, False
    for part in lit_parts(profile):
        yield part, True


@dataclass(frozen=True)
class Choice:
    """The distinct ways to lay a lamp's lines on a profile, best first.

    Attributes
    ----------
    answers : list of Answer
    situation : dict of str to float
        What makes chance patterns likelier: those of `SITUATIONS`, and line lists, that hold, as
        1; "vague" is the logarithm of the hint's standard error over 10 nm.
    """

    answers: list["Answer"]
    situation: dict[str, float]

    def chance(self, weights: AxisWeights) -> float:
        """Return the evidence that no answer is right, nats."""
        return sum(weights.chance.get(name, 0.0) * on for name, on in self.situation.items())


def choose(profile: BandProfile, lamp: str, *, blue_known: bool, part: bool = False) -> Choice:
    """Return the ways to lay a lamp's lines on a profile.

    Raises
    ------
    NoAxis
        If the lamp has no lines, or too few are seen.
    """
    lists = _lists_of(lamp)
    rgb = np.asarray(profile.rgb, np.float64)
    if len(rgb) < _SHORTEST_PX:
        raise NoAxis(f"the band is {len(rgb)} px long; expected at least {_SHORTEST_PX}")
    # With a zero order in it, the band may hold the first orders of both sides.
    white = rgb.min(axis=1).max() >= _WHITE_LEVEL
    if lists == ("fraunhofer",):
        peaks, rgb = find_dips(rgb)
    else:
        peaks = find_lines(rgb)
    if len(peaks) < _FEWEST_LINES:
        few = f"{len(peaks)} line(s) seen; expected at least {_FEWEST_LINES}"
        raise NoAxis(few, probability=0.0)
    hint = _hint(profile)
    answers = _answers(peaks, rgb, hint, lists, both_ways=not blue_known)
    if not answers:
        raise NoAxis("no arrangement of the lamp's lines fits the peaks", probability=0.0)
    holds = {
        "always": True,
        "monochrome": answers[0].scene.monochrome,
        "both_ways": not blue_known,
        "part": part,
        "white": white,
        lists[0]: True,
    }
    situation = {name: 1.0 for name, on in holds.items() if on}
    if len(hint):
        situation["vague"] = float(np.log(np.median(hint[:, 2]) / 10))
    return Choice(answers, situation)


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
        parts.append(
            profile.part(slice(max(0, run[0] - margin), min(samples, run[-1] + margin + 1)))
        )
    if len(parts) == 1 and len(parts[0].position) > _SAME_PART * samples:
        return []
    return sorted(parts, key=lambda part: -len(part.position))[:_MOST_PARTS]


@dataclass(frozen=True)
class Answer:
    """A match, with the scene in the direction it was made in."""

    match: Match
    scene: Scene
    t: np.ndarray
    backwards: bool

    @property
    def explained(self) -> float:
        """The matched lines' part of the height of all peaks."""
        height = np.exp(self.scene.level)
        return float(height[self.match.peak].sum() / height.sum())

    def nm_at(self, t: np.ndarray) -> np.ndarray:
        """Return wavelengths at `t` of the profile as it came."""
        return self.match.nm_at(-t if self.backwards else t)

    def differs(self, other: "Answer") -> bool:
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


def _hint(profile: BandProfile) -> np.ndarray:
    """Return a profile's hint with places as t, shape (h, 3); those inside the profile only."""
    place, nm, error = np.array(profile.hint, np.float64).reshape(-1, 3).T
    first, last = profile.position[0], profile.position[-1]
    t = 2 * (place - first) / (last - first) - 1
    inside = np.abs(t) <= 1
    return np.column_stack([t, nm, error])[inside]


def _answers(
    peaks: Peaks, rgb: np.ndarray, hint: np.ndarray, lists: tuple[str, ...], *, both_ways: bool
) -> list[Answer]:
    """Return the candidate matches that give different axes, best first."""
    answers = []
    for backwards in (False, True) if both_ways else (False,):
        if backwards:
            scene = make_scene(peaks.reversed(len(rgb)), rgb[::-1], hint * (-1, 1, 1))
        else:
            scene = make_scene(peaks, rgb, hint)
        answers += [
            Answer(match, scene, scene.t[match.peak], backwards)
            for name in lists
            for match in search(scene, name)
        ]
    distinct: list[Answer] = []
    for answer in sorted(answers, key=lambda answer: -answer.match.evidence):
        if all(other.differs(answer) for other in distinct):
            distinct.append(answer)
    return distinct


def _decide(choice: Choice, weights: AxisWeights) -> Answer:
    """Return the best answer, or raise where it is weak or has a rival.

    Raises
    ------
    NoAxis
    """
    best = choice.answers[0]
    found = len(best.match.peak)
    fewest = _FEWEST_LINES_MONOCHROME if best.scene.monochrome else _FEWEST_LINES
    if found < fewest:
        few = f"only {found} of the lamp's lines found; expected {fewest}"
        raise NoAxis(few, probability=0.0)
    others = [choice.chance(weights), *(rival.match.evidence for rival in choice.answers[1:])]
    odds = np.exp(np.array(others) - best.match.evidence)
    probability = 1 / (1 + odds.sum())
    if probability < weights.least_probability:
        why = "the lines fit the peaks too loosely"
        if odds[1:].sum() > odds[0]:
            why = "two arrangements of the lines fit the peaks alike"
        why = f"{why} (probability {probability:.2f}; expected {weights.least_probability})"
        raise NoAxis(why, probability=float(probability))
    return best


def _standard_errors(covariance: np.ndarray, t: np.ndarray) -> np.ndarray:
    powers = powers_of(t)
    return np.sqrt(np.einsum("ni,ij,nj->n", powers, covariance, powers))


def axis_of(
    answer: Answer, profile: BandProfile, axis: str, weights: AxisWeights
) -> WavelengthAxis:
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
    covariance = weights.error_scale**2 * fit.covariance
    covariance[0, 0] += weights.error_floor_nm**2
    origin, scale = (position[0] + position[-1]) / 2, (position[-1] - position[0]) / 2
    grid = np.linspace(-1, 1, 101)
    errors = _standard_errors(covariance, grid)
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
        covariance=tuple(tuple(float(v) for v in row) for row in covariance),
        explained=answer.explained,
    )
