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

from lib.recognition.axis_fit import bend_prior, fit_model, models_for, twist_prior
from lib.recognition.patterns import Pattern, colour_evidence, pattern_of
from lib.recognition.peaks import Peaks

# What a band of visible light can span, nm, and where its ends can lie.
SPAN_NM = (50.0, 480.0)
_ENDS_NM = (300.0, 900.0)

# c2/c1 of the maps tried, for a band of 300 nm (see axis_fit for what occurs).
_BENDS_TRIED = (-0.11, -0.06, -0.02, 0.02)

# Places this far from a line, nm, still propose it; the search's own maps are only linear.
_SEARCH_SIGMA_NM = 2.2
_LONGEST_REACH_NM = 7.0

# Peaks that have nothing to do with the lamp's lines, per nm: reflections, ripples, other gases.
_STRAY_PER_NM = 0.03
# Spread of ln(height) between what a line list promises and a photo shows.
_LEVEL_SPREAD = 0.9
_MISSED_WORST = 4.0
_STRAY_WORST = 3.0


@dataclass(frozen=True)
class Match:
    """One judged hypothesis.

    Attributes
    ----------
    coefficients : float64 of shape (4,)
        Ascending powers of t, from -1 at the first sample to 1 at the last.
    peak, line : int arrays of shape (m,)
        Matched indices into the peaks and into `pattern`.
    sigma_nm : float64 of shape (m,)
        Standard error of each matched line.
    evidence : float
        Natural logarithm of the likelihood ratio against a lamp that is not there.
    pattern : Pattern
    lamp : str
    """

    coefficients: np.ndarray
    peak: np.ndarray
    line: np.ndarray
    sigma_nm: np.ndarray
    evidence: float
    pattern: Pattern = field(repr=False)
    lamp: str = ""

    def nm_at(self, t: np.ndarray) -> np.ndarray:
        """Return wavelengths at `t`, nm."""
        return np.polynomial.polynomial.polyval(t, self.coefficients)


def search(peaks: Peaks, samples: int, lamp: str, *, keep: int = 8) -> list[Match]:
    """Return the best distinct ways to lay a lamp's lines on the peaks, best first.

    Parameters
    ----------
    peaks : Peaks
        In a profile whose first sample is the blue end.
    samples : int
        Length of the profile.
    lamp : str
        Name of a line list.
    keep : int
        How many distinct hypotheses to refine.
    """
    if len(peaks) < 2:
        return []
    scene = _Scene.of(peaks, samples)
    maps = propose(scene, lamp)
    if len(maps) == 0:
        return []
    quick = _quick_evidence(scene, maps, lamp)
    chosen = _distinct(maps, quick, keep)
    found = [refine(scene, maps[k], lamp) for k in chosen]
    found = [match for match in found if match is not None]
    found.sort(key=lambda match: -match.evidence)
    return found


@dataclass(frozen=True)
class _Scene:
    """The peaks as the search needs them: places as t, log heights, colour evidence by nm."""

    peaks: Peaks
    t: np.ndarray
    sigma_t: np.ndarray
    level: np.ndarray
    limit: float
    resolution_t: float
    colour: np.ndarray
    colour_nm: np.ndarray

    @classmethod
    def of(cls, peaks: Peaks, samples: int) -> "_Scene":
        half = (samples - 1) / 2
        top = peaks.height.max()
        colour_nm = np.arange(380.0, 781.0, 2.0)
        return cls(
            peaks=peaks,
            t=peaks.place / half - 1,
            sigma_t=peaks.sigma / half,
            level=np.log(peaks.height / top),
            limit=float(np.log(min(peaks.detection_limit / top, 0.5))),
            resolution_t=peaks.point_spread / half,
            colour=colour_evidence(peaks.colour, colour_nm),
            colour_nm=colour_nm,
        )

    def colour_at(self, peak: np.ndarray, nm: np.ndarray) -> np.ndarray:
        """Return the colour evidence of peaks at wavelengths, same shape as both."""
        column = np.clip(np.round((nm - 380.0) / 2.0).astype(int), 0, len(self.colour_nm) - 1)
        return self.colour[peak, column]


def propose(scene: _Scene, lamp: str) -> np.ndarray:
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
        c2 = bend * slope * slope / 150.0
        # The parabola through both points: the chord's slope less c2 times the sum of places.
        c1 = slope - c2 * (t[a] + t[b])
        c0 = line_nm[p] - c1 * t[a] - c2 * t[a] ** 2
        maps.append(np.stack([c0, c1, c2, np.zeros_like(c0)], axis=1))
    maps = np.concatenate(maps)
    start = maps[:, 0] - maps[:, 1] + maps[:, 2]
    stop = maps[:, 0] + maps[:, 1] + maps[:, 2]
    steady = maps[:, 1] > 2.2 * np.abs(maps[:, 2])
    inside = (start > _ENDS_NM[0]) & (stop < _ENDS_NM[1])
    return maps[steady & inside]


def _quick_evidence(scene: _Scene, maps: np.ndarray, lamp: str) -> np.ndarray:
    """Return a rough evidence of every map, shape (h,), from each line's nearest peak."""
    evidence = np.full(len(maps), -np.inf)
    resolution = scene.resolution_t * maps[:, 1]
    bucket = np.round(2.5 * np.log2(resolution)).astype(int)
    for value in np.unique(bucket):
        members = np.flatnonzero(bucket == value)
        pattern = pattern_of(lamp, 2.0 ** (value / 2.5))
        evidence[members] = _quick_evidence_of(scene, maps[members], pattern)
    return evidence


def _quick_evidence_of(scene: _Scene, maps: np.ndarray, pattern: Pattern) -> np.ndarray:
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
    missed = -_missed_cost(expected, scene.limit)
    hit = inside & (gain > missed)
    evidence = np.where(inside, np.where(hit, gain, missed), 0.0)
    evidence = (evidence * np.exp(0.5 * expected)).sum(axis=1)
    taken = np.zeros((len(maps), len(scene.t) + 1), bool)
    np.put_along_axis(taken, np.where(hit, nearest, len(scene.t)), True, axis=1)
    stray = (~taken[:, :-1]) * _stray_cost(scene)
    mean, spread = bend_prior(maps[:, 1])
    return evidence - stray.sum(axis=1) - 0.5 * ((maps[:, 2] - mean) / spread) ** 2


def _places_of(maps: np.ndarray, nm: np.ndarray) -> np.ndarray:
    """Return the t of wavelengths under quadratic maps, shape (h, m)."""
    c0, c1, c2 = maps[:, :1], maps[:, 1:2], maps[:, 2:3]
    # The root that tends to the linear one as c2 vanishes.
    root = np.sqrt(np.maximum(c1**2 - 4 * c2 * (c0 - nm), 1e-9))
    return 2 * (nm - c0) / (c1 + root)


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


def _stray_cost(scene: _Scene) -> np.ndarray:
    """Return what a peak that no line explains costs, by its height, shape (k,), nats."""
    return _STRAY_WORST * np.exp(0.8 * scene.level)


def _distinct(maps: np.ndarray, evidence: np.ndarray, keep: int) -> list[int]:
    """Return the indices of the best maps that differ by over 4 nm somewhere in the band."""
    t = np.array([-0.9, 0.0, 0.9])
    nm = maps[:, :1] + maps[:, 1:2] * t + maps[:, 2:3] * t**2
    chosen: list[int] = []
    for k in np.argsort(-evidence, kind="stable")[:600]:
        if all(np.abs(nm[k] - nm[other]).max() > 4.0 for other in chosen):
            chosen.append(int(k))
            if len(chosen) == keep:
                break
    return chosen


def refine(scene: _Scene, start: np.ndarray, lamp: str) -> Match | None:
    """Match one to one and fit, in ever smaller reach; return the judged result."""
    coefficients = np.asarray(start, np.float64)
    for reach_nm in (_LONGEST_REACH_NM, 4.5, 3.0, 3.0):
        pattern = pattern_of(lamp, scene.resolution_t * coefficients[1])
        peak, line = _assign(scene, coefficients, pattern, reach_nm)
        if len(peak) < 2:
            return None
        sigma = pair_errors(scene, pattern, (peak, line), coefficients[1])
        grating = models_for(coefficients[1])[2]
        coefficients, _, _ = fit_model(scene.t[peak], pattern.nm[line], sigma, grating)
        if not _plausible(coefficients):
            return None
    evidence = _evidence(scene, coefficients, pattern, peak, line)
    sigma = pair_errors(scene, pattern, (peak, line), coefficients[1])
    return Match(coefficients, peak, line, sigma, evidence, pattern, lamp)


def _plausible(coefficients: np.ndarray) -> bool:
    t = np.linspace(-1, 1, 9)
    slope = coefficients[1] + 2 * coefficients[2] * t + 3 * coefficients[3] * t**2
    return bool(slope.min() > 0.25 * slope.max() and slope.min() > 0)


def _assign(
    scene: _Scene, coefficients: np.ndarray, pattern: Pattern, reach_nm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return matched peak and line indices that together gain most."""
    peak_nm = np.polynomial.polynomial.polyval(scene.t, coefficients)
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


def _pair_sigma(scene: _Scene, pattern: Pattern, slope: np.ndarray, axis_nm: float) -> np.ndarray:
    """Return the expected error of each pair, nm: peak, line and the axis itself, in quadrature."""
    return np.sqrt((scene.sigma_t * slope)[:, None] ** 2 + pattern.sigma_nm**2 + axis_nm**2)


def _expected(scene: _Scene, pattern: Pattern, peak_nm: np.ndarray) -> np.ndarray:
    """Return each line's expected level: the brightest inside the band is as high as any peak."""
    inside = (pattern.nm > peak_nm.min() - 15) & (pattern.nm < peak_nm.max() + 15)
    brightest = pattern.level[inside].max() if inside.any() else 0.0
    return np.minimum(pattern.level - brightest, 0.3)


def _pair_value(scene: _Scene, pattern: Pattern, off: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Return what each pair of peak and line would gain, nats, shape (k, m)."""
    k, m = off.shape
    value = _position_gain(off, sigma)
    peak = np.repeat(np.arange(k)[:, None], m, axis=1)
    value += scene.colour_at(peak, np.broadcast_to(pattern.nm, (k, m)))
    level = scene.level[:, None] - pattern.level
    value -= 0.5 * np.minimum((level / _LEVEL_SPREAD) ** 2, 5.0)
    return value


def pair_errors(scene: "_Scene", pattern: Pattern, pairs: tuple, slope: float) -> np.ndarray:
    """Return the standard error of each matched line, nm."""
    peak, line = pairs
    return np.hypot(scene.sigma_t[peak] * slope, pattern.sigma_nm[line])


def _evidence(
    scene: _Scene,
    coefficients: np.ndarray,
    pattern: Pattern,
    peak: np.ndarray,
    line: np.ndarray,
) -> float:
    """Return the evidence of a refined hypothesis, nats."""
    peak_nm = np.polynomial.polynomial.polyval(scene.t, coefficients)
    slope = _slope(coefficients, scene.t)
    off = (peak_nm[:, None] - pattern.nm)[peak, line]
    sigma = _pair_sigma(scene, pattern, slope, 0.25)[peak, line]
    expected = _expected(scene, pattern, peak_nm)
    gain = _position_gain(off, sigma) + scene.colour_at(peak, pattern.nm[line])
    level = scene.level[peak] - expected[line]
    gain -= 0.5 * np.minimum((level / _LEVEL_SPREAD) ** 2, 5.0)
    ends = np.polynomial.polynomial.polyval(np.array([-1.0, 1.0]), coefficients)
    unseen = np.ones(len(pattern), bool)
    unseen[line] = False
    inside = (pattern.nm > ends[0] + 2) & (pattern.nm < ends[1] - 2)
    missed = _missed_cost(expected[unseen & inside], scene.limit).sum()
    stray = np.ones(len(peak_nm), bool)
    stray[peak] = False
    strays = _stray_cost(scene)[stray].sum()
    bend, bend_spread = bend_prior(coefficients[1])
    twist, twist_spread = twist_prior(coefficients[1])
    shape = ((coefficients[2] - bend) / bend_spread) ** 2
    shape += ((coefficients[3] - twist) / twist_spread) ** 2
    return float(gain.sum() - missed - strays - 0.5 * shape)
