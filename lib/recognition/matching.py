"""Which peak is which line: a search over all plausible axes, then one-to-one matching.

Hypotheses (see `hypotheses`) are refined: peaks are matched to lines one to one, the axis is
fitted, and the evidence (see `evidence`) judges the result. Peaks that stand where lines are
expected, in their colour and roughly their strength, speak for it; strong lines that are not there
and strong peaks that no line explains speak against it.
"""

import functools
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from lib.recognition.axis_fit import (
    AxisModel,
    bend_of,
    fit_model,
    grating_model,
    left_out,
    shape_cost,
)
from lib.recognition.axis_weights import shipped_weights
from lib.recognition.evidence import (
    level_cost,
    missed_cost,
    position_gain,
    stray_cost,
    width_cost,
)
from lib.recognition.hypotheses import (
    ENDS_AND_MIDDLE,
    distinct,
    propose,
    propose_by_hint,
    rough_evidence,
)
from lib.recognition.patterns import Pattern, pattern_of
from lib.recognition.scene import Scene
from lib.recognition.template import (
    align,
    likeness,
    propose_by_shape,
    shape_correlation,
)

# How far from its line a peak may be in the first round of matching, nm.
_LONGEST_REACH_NM = 7.0
# Lines nearer than this that are seen as one peak may be either or both, nm.
_CLOSE_NM = 2.5
# What no axis model follows, nm: lens distortion, channels that disagree.
_AXIS_ERROR_NM = 0.2

# Spectra that run together at low resolution: also searched for by the shape of the whole curve.
_CROWDED = ("neon", "nitrogen", "fraunhofer", "argon", "krypton", "xenon")
# Spectra of overlapping bands: fitted by the whole curve.
_BANDS = ("nitrogen",)

# The kinds of evidence; what a nat of each is worth is fitted (see axis_weights): the search makes
# places fit, so they count for less than their face value, and samples of a curve are not as
# independent as they are many.
PARTS = (
    "position",
    "colour",
    "level",
    "width",
    "missed",
    "stray",
    "bend",
    "shape",
    "light",
    "hint",
    "lines",
    "span",
)

# With this much evidence from single lines (19 of 20 such answers are right) the shape of the curve
# need not be searched, nats.
_SETTLED_EVIDENCE = 6.0


@dataclass(frozen=True)
class Match:
    """One judged hypothesis.

    Attributes
    ----------
    coefficients : float64 of shape (4,)
        Ascending powers of t, from -1 at the first sample to 1 at the last.
    peak, line : int arrays of shape (m,)
        Matched indices into the peaks and into `pattern`.
    nm, sigma_nm : float64 of shape (m,)
        Wavelength of each matched line or blend, and its standard error.
    evidence : float
        Natural logarithm of the likelihood ratio against a lamp that is not there.
    pattern : Pattern
    lamp : str
    parts : float64 of shape (len(PARTS),)
        What the evidence is made of, before weighting.
    covariance : float64 of shape (4, 4) or None
        Of the coefficients, where the whole curve was aligned rather than single lines.
    """

    coefficients: np.ndarray
    peak: np.ndarray
    line: np.ndarray
    nm: np.ndarray
    sigma_nm: np.ndarray
    evidence: float
    pattern: Pattern = field(repr=False)
    lamp: str
    parts: np.ndarray = field(repr=False)
    covariance: np.ndarray | None = None

    @property
    def by_bands(self) -> bool:
        """Whether the spectrum is one of overlapping bands."""
        return self.lamp in _BANDS

    def nm_at(self, t: np.ndarray) -> np.ndarray:
        """Return wavelengths at `t`, nm."""
        return np.polynomial.polynomial.polyval(t, self.coefficients)


def search(scene: Scene, lamp: str, *, keep: int = 6) -> list[Match]:
    """Return the best distinct ways to lay a lamp's lines on the peaks, best first.

    Parameters
    ----------
    scene : Scene
        A profile whose first sample is the blue end.
    lamp : str
        Name of a line list.
    keep : int
        How many distinct hypotheses to refine.
    """
    if len(scene.t) < 2:
        return []
    maps = np.concatenate([propose(scene, lamp), propose_by_hint(scene)])
    chosen = []
    if len(maps):
        quick = rough_evidence(scene, maps, lamp)
        chosen += [maps[k] for k in distinct(maps, quick, keep)]
    found: list[Match] = []
    for start in chosen:
        found += _new_match(scene, start, lamp, found)
    settled = max((match.evidence for match in found), default=0.0) > _SETTLED_EVIDENCE
    if lamp in _CROWDED and not settled:
        shaped = propose_by_shape(scene, lamp)
        for k in distinct(shaped, -0.1 * np.arange(len(shaped)), keep):
            found += _new_match(scene, shaped[k], lamp, found, by_shape=True)
    return sorted(found, key=lambda match: -match.evidence)


def _new_match(
    scene: Scene, start: np.ndarray, lamp: str, known: list[Match], *, by_shape: bool = False
) -> list[Match]:
    """Return the match that a start leads to, in a list; empty if none, or a known one."""
    match = refine(scene, start, lamp, known, by_shape=by_shape)
    if match is None or any(_alike(match.coefficients, other.coefficients) for other in known):
        return []
    return [match]


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether two axes agree within 1 nm all along the band."""
    return bool(np.abs(ENDS_AND_MIDDLE @ (one - other)).max() < 1.0)


def refine(
    scene: Scene,
    start: np.ndarray,
    lamp: str,
    known: list[Match],
    *,
    by_shape: bool = False,
) -> Match | None:
    """Match one to one and fit, in ever smaller reach; return the judged result.

    None if that leads nowhere, or to one of the `known`. With `by_shape` the whole curve is
    aligned first, and only near peaks are matched then.
    """
    coefficients = np.asarray(start, np.float64)
    if by_shape:
        coefficients = align(scene, coefficients, lamp)[0]
    if not _plausible(coefficients):
        return None
    for reach_nm in (3.0,) if by_shape else (_LONGEST_REACH_NM, 4.5, 3.0):
        pattern = pattern_of(lamp, scene.resolution_t * coefficients[1])
        pairs = _assign(scene, coefficients, pattern, reach_nm)
        if len(pairs[0]) < 2:
            return None
        coefficients = _fit(scene, pattern, pairs, coefficients)
        if not _plausible(coefficients):
            return None
        if any(_alike(coefficients, other.coefficients) for other in known):
            return None
    pairs = _without_chance_matches(scene, pattern, pairs, coefficients)
    if len(pairs[0]) < 2:
        return None
    coefficients = _fit(scene, pattern, pairs, coefficients)
    if not _plausible(coefficients):
        return None
    covariance = None
    if lamp in _BANDS:
        coefficients, covariance = align(scene, coefficients, lamp)
        if not _plausible(coefficients):
            return None
    parts = _parts(scene, coefficients, lamp, pattern, pairs)
    nm, sigma = pair_targets(scene, pattern, pairs, coefficients[1])
    evidence = float(parts @ _part_weights())
    return Match(coefficients, *pairs, nm, sigma, evidence, pattern, lamp, parts, covariance)


@functools.cache
def _part_weights() -> np.ndarray:
    weights = shipped_weights().evidence
    return np.array([weights[name] for name in PARTS])


def _fit(scene: Scene, pattern: Pattern, pairs: tuple, start: np.ndarray) -> np.ndarray:
    nm, sigma = pair_targets(scene, pattern, pairs, start[1])
    return fit_model(scene.t[pairs[0]], nm, sigma, _model_near(start))[0]


def _model_near(coefficients: np.ndarray) -> AxisModel:
    return grating_model(coefficients[1], float(bend_of(coefficients)))


def _without_chance_matches(
    scene: Scene, pattern: Pattern, pairs: tuple, coefficients: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Drop, one by one, matches that say less than leaving peak and line alone would.

    A faint line far from the others is matched by any peak in reach, as the axis bends to it.
    What the other lines predict for it, with the error of that prediction, tells such a match.
    """
    peak, line = pairs
    expected = _expected(scene, pattern, _nm(coefficients, scene.t))
    while len(peak) > 2:
        place, seen = _pair_gains(scene, pattern, (peak, line), coefficients, expected)
        gain = place + seen.sum(axis=0)
        gain += missed_cost(expected[line], scene.limit) + stray_cost(scene)[peak]
        worst = int(gain.argmin())
        if gain[worst] > 0:
            break
        peak, line = np.delete(peak, worst), np.delete(line, worst)
    return peak, line


def _pair_gains(
    scene: Scene, pattern: Pattern, pairs: tuple, coefficients: np.ndarray, expected: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what each match gains by its place, and by colour, level and width, (3, m), nats."""
    peak, line = pairs
    nm, sigma = pair_targets(scene, pattern, pairs, coefficients[1])
    sigma = np.hypot(sigma, _AXIS_ERROR_NM)
    off, spread = left_out(scene.t[peak], nm, sigma, _model_near(coefficients))
    width = scene.width[peak] - np.log(pattern.fwhm_nm[line] / pattern.resolution_nm)
    seen = np.stack(
        [
            scene.colour_at(peak, pattern.nm[line]),
            -level_cost(scene.level[peak] - expected[line]),
            -width_cost(width),
        ]
    )
    return position_gain(off, spread), seen


def _plausible(coefficients: np.ndarray) -> bool:
    t = np.linspace(-1, 1, 9)
    slope = coefficients[1] + 2 * coefficients[2] * t + 3 * coefficients[3] * t**2
    return bool(slope.min() > 0.25 * slope.max() and slope.min() > 0)


def _assign(
    scene: Scene, coefficients: np.ndarray, pattern: Pattern, reach_nm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return matched peak and line indices that together gain most."""
    peak_nm = _nm(coefficients, scene.t)
    slope = _slope(coefficients, scene.t)
    off = peak_nm[:, None] - pattern.nm
    sigma = _pair_sigma(scene, pattern, slope, reach_nm / 3)
    value = _pair_value(scene, pattern, off, sigma)
    value[np.abs(off) > reach_nm] = -1e3
    # Unmatched is worth what a missed line and a stray peak would cost.
    lost = -missed_cost(_expected(scene, pattern, peak_nm), scene.limit)
    worth = value - lost - (-stray_cost(scene)[:, None])
    peak, line = linear_sum_assignment(np.maximum(worth, 0.0), maximize=True)
    keep = worth[peak, line] > 0
    return peak[keep], line[keep]


def _slope(coefficients: np.ndarray, t: np.ndarray) -> np.ndarray:
    return coefficients[1] + 2 * coefficients[2] * t + 3 * coefficients[3] * t**2


def _pair_sigma(scene: Scene, pattern: Pattern, slope: np.ndarray, axis_nm: float) -> np.ndarray:
    """Return the expected error of each pair, nm: peak, line and the axis itself, in quadrature."""
    return np.sqrt((scene.sigma_t * slope)[:, None] ** 2 + pattern.sigma_nm**2 + axis_nm**2)


def _expected(scene: Scene, pattern: Pattern, peak_nm: np.ndarray) -> np.ndarray:
    """Return each line's expected level: the brightest inside the band is as high as any peak."""
    inside = (pattern.nm > peak_nm.min() - 15) & (pattern.nm < peak_nm.max() + 15)
    brightest = pattern.level[inside].max() if inside.any() else 0.0
    return np.minimum(pattern.level - brightest, 0.3)


def _pair_value(scene: Scene, pattern: Pattern, off: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Return what each pair of peak and line would gain, nats, shape (k, m)."""
    k, m = off.shape
    pattern_width = np.log(pattern.fwhm_nm / pattern.resolution_nm)
    value = position_gain(off, sigma)
    peak = np.repeat(np.arange(k)[:, None], m, axis=1)
    value += scene.colour_at(peak, np.broadcast_to(pattern.nm, (k, m)))
    value -= level_cost(scene.level[:, None] - pattern.level)
    return value - width_cost(scene.width[:, None] - pattern_width)


def pair_targets(
    scene: Scene, pattern: Pattern, pairs: tuple, slope: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the wavelength of each matched peak and its standard error, nm, shape (m,).

    Where a peak covers lines that no other peak shows (saturation and flare run lines together),
    it stands for all of them: their mean, with an error of the order of their spread.
    """
    peak, line = pairs
    sigma = np.hypot(scene.sigma_t[peak] * slope, pattern.sigma_nm[line])
    width_nm = np.exp(scene.width[peak]) * scene.resolution_t * slope
    reach = np.maximum(0.6 * width_nm, _CLOSE_NM)
    free = np.ones(len(pattern), bool)
    free[line] = False
    apart = pattern.nm - pattern.nm[line][:, None]
    member = free & (np.abs(apart) < reach[:, None])
    member &= pattern.level > pattern.level[line][:, None] - 1.5
    # Levels are logarithms of encoded brightness; light itself goes about with its square.
    share = member * np.exp(2 * (pattern.level - pattern.level[line][:, None]))
    total = 1 + share.sum(axis=1)
    shift = (share * apart).sum(axis=1) / total
    spread = np.sqrt(np.maximum((share * apart**2).sum(axis=1) / total - shift**2, 0.0))
    return pattern.nm[line] + shift, np.hypot(sigma, 0.5 * spread)


def _parts(
    scene: Scene, coefficients: np.ndarray, lamp: str, pattern: Pattern, pairs: tuple
) -> np.ndarray:
    """Return the kinds of evidence of a refined hypothesis in the order of `PARTS`, nats."""
    peak, line = pairs
    peak_nm = _nm(coefficients, scene.t)
    expected = _expected(scene, pattern, peak_nm)
    place, seen = _pair_gains(scene, pattern, pairs, coefficients, expected)
    ends = _nm(coefficients, np.array([-1.0, 1.0]))
    unseen = np.ones(len(pattern), bool)
    unseen[line] = False
    inside = (pattern.nm > ends[0] + 2) & (pattern.nm < ends[1] - 2)
    stray = np.ones(len(peak_nm), bool)
    stray[peak] = False
    return np.array(
        [
            place.sum(),
            *seen.sum(axis=1),
            -missed_cost(expected[unseen & inside], scene.limit).sum(),
            -stray_cost(scene)[stray].sum(),
            -shape_cost(coefficients),
            likeness(*shape_correlation(scene, coefficients, lamp)),
            scene.light_evidence(_nm(coefficients, scene.light_t)),
            float(scene.hint_evidence(coefficients)),
            # How many lines the axis rests on, and how far apart the outermost are.
            np.log(len(peak)),
            float(np.ptp(scene.t[peak])) / 2,
        ]
    )


def _nm(coefficients: np.ndarray, t: np.ndarray) -> np.ndarray:
    c0, c1, c2, c3 = coefficients
    return c0 + t * (c1 + t * (c2 + t * c3))
