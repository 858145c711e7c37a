"""All plausible axes of a band, roughly judged: where the search for an axis starts.

A hypothesis is a smooth map from place to wavelength, `nm = c0 + c1 t + c2 t**2 + c3 t**3`, with
t running from -1 to 1 over the band. Pairs of clear peaks laid on pairs of strong lines propose
the maps.
"""

import numpy as np

from lib.recognition.axis_fit import bent_map, fit_model, grating_model, powers_of, shape_cost
from lib.recognition.evidence import (
    level_cost,
    missed_cost,
    position_gain,
    stray_cost,
    width_cost,
)
from lib.recognition.patterns import Pattern, pattern_of
from lib.recognition.scene import Scene
from lib.recognition.template import LIGHT_WEIGHT

# What a band of visible light can span, nm, and where its ends can lie.
SPAN_NM = (50.0, 640.0)
_ENDS_NM = (250.0, 1060.0)

# c2/c1 of the maps tried, for a band of 300 nm (see axis_fit for what occurs).
_BENDS_TRIED = (-0.2, -0.11, -0.05, -0.01, 0.03)

# What a nat of the network's suggestion is worth.
HINT_WEIGHT = 2.0

# How far from its line a peak may be under a map that has not been fitted yet, nm.
_SEARCH_SIGMA_NM = 2.2

# Starts whose rough evidence trails the best by more than this are not worth a fit, nats.
_HOPELESS_BY = 20.0

# Maps tried about the network's suggestion: steps that a match can make good.
_HINT_SHIFTS_NM = np.arange(-20.0, 20.1, 4.0)
_HINT_STRETCHES = (0.9, 0.95, 1.0, 1.05, 1.1)

ENDS_AND_MIDDLE = powers_of(np.array([-0.9, 0.0, 0.9]))


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


def propose_by_hint(scene: Scene) -> np.ndarray:
    """Return maps about the one that the trace network suggests, float64 of shape (h, 4)."""
    if len(scene.hint) < 3:
        return np.zeros((0, 4))
    t, nm, error = scene.hint.T
    half_span = abs(np.polyfit(t, nm, 1)[0])
    start = fit_model(t, nm, error, grating_model(max(half_span, SPAN_NM[0] / 2)))[0]
    if not start[1] > 0:
        return np.zeros((0, 4))
    shift, stretch = (grid.ravel() for grid in np.meshgrid(_HINT_SHIFTS_NM, _HINT_STRETCHES))
    maps = start * stretch[:, None]
    maps[:, 0] = start[0] + shift
    return maps


def rough_evidence(scene: Scene, maps: np.ndarray, lamp: str) -> np.ndarray:
    """Return a rough evidence of every map, shape (h,), from each line's nearest peak."""
    evidence = np.full(len(maps), -np.inf)
    resolution = scene.resolution_t * maps[:, 1]
    # Two steps an octave: the strong lines' blends hardly change within one.
    bucket = np.round(2 * np.log2(resolution)).astype(int)
    for value in np.unique(bucket):
        members = np.flatnonzero(bucket == value)
        pattern = pattern_of(lamp, 2.0 ** (value / 2))
        evidence[members] = _rough_evidence_of(scene, maps[members], pattern)
    return evidence


def _rough_evidence_of(scene: Scene, maps: np.ndarray, pattern: Pattern) -> np.ndarray:
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
    gain = position_gain(off_nm, _SEARCH_SIGMA_NM)
    gain = gain + scene.colour_at(nearest, np.broadcast_to(nm, t.shape))
    gain -= level_cost((scene.level[nearest] - expected) / 1.5, 4.0)
    gain -= width_cost(
        scene.width[nearest] - np.log(pattern.fwhm_nm / pattern.resolution_nm)[strong]
    )
    missed = -missed_cost(expected, scene.limit)
    hit = inside & (gain > missed)
    evidence = np.where(inside, np.where(hit, gain, missed), 0.0)
    evidence = (evidence * np.exp(0.5 * expected)).sum(axis=1)
    taken = np.zeros((len(maps), len(scene.t) + 1), bool)
    np.put_along_axis(taken, np.where(hit, nearest, len(scene.t)), True, axis=1)
    stray = (~taken[:, :-1]) * stray_cost(scene)
    evidence -= stray.sum(axis=1) + shape_cost(maps)
    evidence += LIGHT_WEIGHT * _light_of_maps(scene, maps)
    return evidence + HINT_WEIGHT * scene.hint_evidence(maps)


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


def distinct(maps: np.ndarray, evidence: np.ndarray, keep: int) -> list[int]:
    """Return the indices of the best maps that differ by over 4 nm somewhere in the band."""
    nm = maps @ ENDS_AND_MIDDLE.T
    chosen: list[int] = []
    order = np.argsort(-evidence, kind="stable")[:600]
    for k in order[evidence[order] > evidence[order[0]] - _HOPELESS_BY] if len(order) else ():
        if all(np.abs(nm[k] - nm[other]).max() > 4.0 for other in chosen):
            chosen.append(int(k))
            if len(chosen) == keep:
                break
    return chosen
