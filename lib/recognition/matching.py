"""Which peak is which line: a search over all plausible axes, then one-to-one matching.

A hypothesis is a smooth map from place to wavelength, `nm = c0 + c1 t + c2 t**2 + c3 t**3`, with
t running from -1 to 1 over the band. Pairs of clear peaks laid on pairs of strong lines propose
the maps; evidence in natural logarithms of likelihood ratios judges them: peaks that stand where
lines are expected, in their colour and roughly their strength, speak for a map; strong lines that
are not there and strong peaks that no line explains speak against it.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from lib.recognition.axis_fit import (
    AxisModel,
    bend_of,
    bent_map,
    fit_model,
    grating_model,
    left_out,
    powers_of,
    shape_cost,
)
from lib.recognition.patterns import Pattern, pattern_of
from lib.recognition.scene import Scene
from lib.recognition.template import (
    LIGHT_WEIGHT,
    align,
    likeness,
    propose_by_shape,
    shape_correlation,
)

# What a band of visible light can span, nm, and where its ends can lie.
SPAN_NM = (50.0, 640.0)
_ENDS_NM = (250.0, 1060.0)

# c2/c1 of the maps tried, for a band of 300 nm (see axis_fit for what occurs).
_BENDS_TRIED = (-0.2, -0.11, -0.05, -0.01, 0.03)

# Places this far from a line, nm, still propose it; the search's own maps are only linear.
_SEARCH_SIGMA_NM = 2.2
_LONGEST_REACH_NM = 7.0
# Lines nearer than this that are seen as one peak may be either or both, nm.
_CLOSE_NM = 2.5
# What no axis model follows, nm: lens distortion, channels that disagree.
_AXIS_ERROR_NM = 0.2

# Peaks that have nothing to do with the lamp's lines, per nm: reflections, ripples, other gases.
_STRAY_PER_NM = 0.03
# Spread of ln(height) between what a line list promises and a photo shows.
_LEVEL_SPREAD = 0.9
_MISSED_WORST = 4.0
_STRAY_WORST = 3.0


# Spectra that run together at low resolution: also searched for by the shape of the whole curve.
_CROWDED = ("neon", "nitrogen", "fraunhofer", "argon", "krypton", "xenon")
# Spectra of overlapping bands: fitted by the whole curve.
_BANDS = ("nitrogen",)

# The kinds of evidence, and what a nat of each is worth. The search makes places fit, so they count
# for less than their face value; samples of a curve are not as independent as they are many; the
# light's mean colour stands for a few independent colours. Weights chosen on simulated photos for
# the most axes at the fewest wrong ones.
PARTS = ("position", "colour", "level", "width", "missed", "stray", "bend", "shape", "light")
_WEIGHTS = np.array([0.35, 0.8, 0.9, 1.0, 0.55, 2.0, 1.2, 0.5, 3.2])


# Starts whose rough evidence trails the best by more than this are not refined, nats.
_HOPELESS_BY = 20.0
# With this much evidence from single lines the shape of the curve need not be searched, nats.
_SETTLED_EVIDENCE = 25.0

_ENDS_AND_MIDDLE = powers_of(np.array([-0.9, 0.0, 0.9]))


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
    maps = propose(scene, lamp)
    chosen = []
    if len(maps):
        quick = _quick_evidence(scene, maps, lamp)
        chosen += [maps[k] for k in _distinct(maps, quick, keep)]
    found: list[Match] = []
    for start in chosen:
        found += _new_match(scene, start, lamp, found)
    settled = max((match.evidence for match in found), default=0.0) > _SETTLED_EVIDENCE
    if lamp in _CROWDED and not settled:
        shaped = propose_by_shape(scene, lamp)
        for k in _distinct(shaped, -0.1 * np.arange(len(shaped)), keep):
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
    return bool(np.abs(_ENDS_AND_MIDDLE @ (one - other)).max() < 1.0)


def propose(scene: Scene, lamp: str) -> np.ndarray:
    """Return maps through pairs of clear peaks and strong lines, float64 of shape (h, 4)."""
    # A resolution in the middle of what the band can have; strong lines hardly depend on it.
    pattern = pattern_of(lamp, 0.5 * scene.resolution_t * 250)
    strong = np.sort(np.argsort(-pattern.level, kind="stable")[:12])
    line_nm = pattern.nm[strong]
    clear = scene.peaks.strongest(10)
    t = scene.t[clear]
    first, second = np.triu_indices(len(clear), 1)
    low, high = np.triu_indices(len(strong), 1)
    a, b = np.repeat(first, len(low)), np.repeat(second, len(low))
    p, q = np.tile(low, len(first)), np.tile(high, len(first))
    kind = scene.colour_at(clear[a], line_nm[p]) + scene.colour_at(clear[b], line_nm[q])
    slope = (line_nm[q] - line_nm[p]) / (t[b] - t[a])
    keep = (2 * slope > SPAN_NM[0]) & (2 * slope < SPAN_NM[1]) & (kind > -3.0)
    a, b, p, q, slope = a[keep], b[keep], p[keep], q[keep], slope[keep]
    maps = []
    for bend in _BENDS_TRIED:
        c2, c3 = bent_map(bend, slope)
        # The cubic through both points: the chord's slope less what the bends add to it.
        c1 = slope - c2 * (t[a] + t[b]) - c3 * (t[a] ** 2 + t[a] * t[b] + t[b] ** 2)
        c0 = line_nm[p] - c1 * t[a] - c2 * t[a] ** 2 - c3 * t[a] ** 3
        maps.append(np.stack([c0, c1, c2, c3], axis=1))
    maps = np.concatenate(maps)
    start = maps[:, 0] - maps[:, 1] + maps[:, 2] - maps[:, 3]
    stop = maps.sum(axis=1)
    steady = maps[:, 1] > 2.2 * np.abs(maps[:, 2]) + 3 * np.abs(maps[:, 3])
    inside = (start > _ENDS_NM[0]) & (stop < _ENDS_NM[1])
    return maps[steady & inside]


def _quick_evidence(scene: Scene, maps: np.ndarray, lamp: str) -> np.ndarray:
    """Return a rough evidence of every map, shape (h,), from each line's nearest peak."""
    evidence = np.full(len(maps), -np.inf)
    resolution = scene.resolution_t * maps[:, 1]
    # Two steps an octave: the strong lines' blends hardly change within one.
    bucket = np.round(2 * np.log2(resolution)).astype(int)
    for value in np.unique(bucket):
        members = np.flatnonzero(bucket == value)
        pattern = pattern_of(lamp, 2.0 ** (value / 2))
        evidence[members] = _quick_evidence_of(scene, maps[members], pattern)
    return evidence


def _quick_evidence_of(scene: Scene, maps: np.ndarray, pattern: Pattern) -> np.ndarray:
    strong = np.argsort(-pattern.level, kind="stable")[:24]
    nm, level = pattern.nm[strong], pattern.level[strong]
    t = _places_of(maps, nm)
    inside = np.abs(t) <= 1.0
    nearest = _nearest(scene.t, np.clip(t, -1, 1))
    off_nm = (t - scene.t[nearest]) * maps[:, 1:2]
    # The brightest line inside the band is taken to be as high as the highest peak.
    brightest = np.where(inside, level, -np.inf).max(axis=1, keepdims=True)
    brightest = np.where(np.isfinite(brightest), brightest, 0.0)
    expected = np.minimum(level - brightest, 0.0)
    gain = _position_gain(off_nm, _SEARCH_SIGMA_NM)
    gain = gain + scene.colour_at(nearest, np.broadcast_to(nm, t.shape))
    gain -= 0.5 * np.minimum(((scene.level[nearest] - expected) / (1.5 * _LEVEL_SPREAD)) ** 2, 4.0)
    gain -= _width_cost(
        scene.width[nearest] - np.log(pattern.fwhm_nm / pattern.resolution_nm)[strong]
    )
    missed = -_missed_cost(expected, scene.limit)
    hit = inside & (gain > missed)
    evidence = np.where(inside, np.where(hit, gain, missed), 0.0)
    evidence = (evidence * np.exp(0.5 * expected)).sum(axis=1)
    taken = np.zeros((len(maps), len(scene.t) + 1), bool)
    np.put_along_axis(taken, np.where(hit, nearest, len(scene.t)), True, axis=1)
    stray = (~taken[:, :-1]) * _stray_cost(scene)
    evidence -= stray.sum(axis=1) + shape_cost(maps)
    return evidence + LIGHT_WEIGHT * _light_of_maps(scene, maps)


def _light_of_maps(scene: Scene, maps: np.ndarray) -> np.ndarray:
    t = scene.light_t
    return scene.light_evidence(maps @ powers_of(t).T)


def _places_of(maps: np.ndarray, nm: np.ndarray) -> np.ndarray:
    """Return the t of wavelengths under maps, shape (h, m)."""
    c0, c1, c2, c3 = (maps[:, k : k + 1] for k in range(4))
    # The root of the quadratic part that tends to the linear one as c2 vanishes.
    root = np.sqrt(np.maximum(c1**2 - 4 * c2 * (c0 - nm), 1e-9))
    t = np.clip(2 * (nm - c0) / (c1 + root), -1.5, 1.5)
    # One step of Newton's method takes in the cubic term.
    excess = c0 + t * (c1 + t * (c2 + t * c3)) - nm
    return t - excess / np.maximum(c1 + t * (2 * c2 + 3 * c3 * t), 0.2 * c1)


def _nearest(places: np.ndarray, t: np.ndarray) -> np.ndarray:
    right = np.clip(np.searchsorted(places, t), 1, len(places) - 1)
    left = right - 1
    return np.where(t - places[left] < places[right] - t, left, right)


def _position_gain(off_nm: np.ndarray, sigma_nm: np.ndarray | float) -> np.ndarray:
    """Return the log ratio of standing `off_nm` from a line to standing there by chance."""
    density = np.exp(-0.5 * (off_nm / sigma_nm) ** 2) / (np.sqrt(2 * np.pi) * sigma_nm)
    return np.log(density / _STRAY_PER_NM + 1e-6)


def _missed_cost(expected_level: np.ndarray, limit: float) -> np.ndarray:
    """Return what a line that is not seen costs: nothing where it would be too faint, nats."""
    z = (expected_level - limit) / _LEVEL_SPREAD
    # Logistic stand-in for the normal tail: ln(1 - P(seen)).
    return np.minimum(np.logaddexp(0.0, 1.7 * (z - 0.5)), _MISSED_WORST)


def _stray_cost(scene: Scene) -> np.ndarray:
    """Return what a peak that no line explains costs, by its height, shape (k,), nats."""
    # A peak several times as wide as the instrument's is a phosphor or a reflection, not a line.
    narrow = np.exp(-2.0 * np.maximum(scene.width - 0.7, 0.0))
    return _STRAY_WORST * np.exp(0.8 * scene.level) * narrow


def _distinct(maps: np.ndarray, evidence: np.ndarray, keep: int) -> list[int]:
    """Return the indices of the best maps that differ by over 4 nm somewhere in the band."""
    nm = maps @ _ENDS_AND_MIDDLE.T
    chosen: list[int] = []
    order = np.argsort(-evidence, kind="stable")[:600]
    for k in order[evidence[order] > evidence[order[0]] - _HOPELESS_BY] if len(order) else ():
        if all(np.abs(nm[k] - nm[other]).max() > 4.0 for other in chosen):
            chosen.append(int(k))
            if len(chosen) == keep:
                break
    return chosen


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
    evidence = float(parts @ _WEIGHTS)
    return Match(coefficients, *pairs, nm, sigma, evidence, pattern, lamp, parts, covariance)


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
        gain += _missed_cost(expected[line], scene.limit) + _stray_cost(scene)[peak]
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
    level = (scene.level[peak] - expected[line]) / _LEVEL_SPREAD
    width = scene.width[peak] - np.log(pattern.fwhm_nm[line] / pattern.resolution_nm)
    seen = np.stack(
        [
            scene.colour_at(peak, pattern.nm[line]),
            -0.5 * np.minimum(level**2, 5.0),
            -_width_cost(width),
        ]
    )
    return _position_gain(off, spread), seen


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
    lost = -_missed_cost(_expected(scene, pattern, peak_nm), scene.limit)
    worth = value - lost - (-_stray_cost(scene)[:, None])
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
    value = _position_gain(off, sigma)
    peak = np.repeat(np.arange(k)[:, None], m, axis=1)
    value += scene.colour_at(peak, np.broadcast_to(pattern.nm, (k, m)))
    level = scene.level[:, None] - pattern.level
    value -= 0.5 * np.minimum((level / _LEVEL_SPREAD) ** 2, 5.0)
    return value - _width_cost(scene.width[:, None] - pattern_width)


def _width_cost(mismatch: np.ndarray) -> np.ndarray:
    """Return what a peak's ln(width) costs that is off the line's, nats; clipping widens peaks."""
    wide = np.maximum(mismatch - 0.3, 0.0) / 0.5
    return 0.5 * np.minimum(wide**2, 6.0)


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
            -_missed_cost(expected[unseen & inside], scene.limit).sum(),
            -_stray_cost(scene)[stray].sum(),
            -shape_cost(coefficients),
            likeness(*shape_correlation(scene, coefficients, lamp)),
            scene.light_evidence(_nm(coefficients, scene.light_t)),
        ]
    )


def _nm(coefficients: np.ndarray, t: np.ndarray) -> np.ndarray:
    c0, c1, c2, c3 = coefficients
    return c0 + t * (c1 + t * (c2 + t * c3))
