"""Lay a lamp's whole computed spectrum on the curve, where single lines cannot be told apart.

Molecular bands overlap, and many lines seen with low resolution run together; their pattern as a
whole still fits in one place only. Colour says roughly where, the curve's shape where exactly.
"""

import numpy as np

from lib.recognition.axis_fit import bend_of, bent_map, grating_model, powers_of, shape_cost
from lib.recognition.patterns import template_of
from lib.recognition.scene import Scene

# Maps tried: spans in steps that move a band's end by about a resolution element of a webcam.
_SPANS_NM = np.geomspace(80.0, 520.0, 44)
_BENDS = (-0.12, -0.05, -0.01)
_MIDDLES_NM = np.arange(420.0, 700.0, 6.0)
_FINE_NM = (-4.0, -2.0, 0.0, 2.0, 4.0)
# Maps that colour leaves in the race.
_SURVIVORS = 700
# The light's mean colour evidence counts as about this many independent colours.
LIGHT_WEIGHT = 6.0
_COMPARED_SAMPLES = 160


def likeness(correlation: np.ndarray, independent: np.ndarray | float) -> np.ndarray:
    """Return the evidence of a correlation of n independent samples: -n/2 ln(1 - r**2), nats."""
    correlation = np.clip(correlation, 0.0, 0.99)
    return -0.5 * independent * np.log(1 - correlation**2)


def propose_by_shape(scene: Scene, lamp: str, keep: int = 40) -> np.ndarray:
    """Return the maps under which the lamp's spectrum looks most like the curve, (keep, 4).

    None where the photo has no colour: the search would be too wide to mean anything.
    """
    if scene.monochrome or len(scene.light_t) == 0:
        return np.zeros((0, 4))
    maps = _grid()
    prior = LIGHT_WEIGHT * scene.light_evidence(maps @ powers_of(scene.light_t).T)
    prior -= shape_cost(maps)
    best = np.argpartition(-prior, min(_SURVIVORS, len(maps) - 1))[:_SURVIVORS]
    maps = np.repeat(maps[best], len(_FINE_NM), axis=0)
    maps[:, 0] += np.tile(_FINE_NM, len(best))
    total = np.repeat(prior[best], len(_FINE_NM)) + _likeness_of(scene, maps, lamp)
    return maps[np.argsort(-total, kind="stable")[:keep]]


def _grid() -> np.ndarray:
    spans, bends, middles = (
        grid.ravel() for grid in np.meshgrid(_SPANS_NM, _BENDS, _MIDDLES_NM, indexing="ij")
    )
    c2, c3 = bent_map(bends, spans / 2)
    maps = np.stack([middles, spans / 2, c2, c3], axis=1)
    start, stop = maps @ np.array([1.0, -1, 1, -1]), maps.sum(axis=1)
    return maps[(start > 300) & (start < 640) & (stop > 480) & (stop < 900)]


def _likeness_of(scene: Scene, maps: np.ndarray, lamp: str) -> np.ndarray:
    step = max(1, len(scene.shape_t) // _COMPARED_SAMPLES)
    t, seen = scene.shape_t[::step], scene.shape[::step].astype(np.float32)
    evidence = np.zeros(len(maps))
    bucket = np.round(2.5 * np.log2(scene.resolution_t * maps[:, 1])).astype(int)
    for value in np.unique(bucket):
        members = np.flatnonzero(bucket == value)
        grid, template = template_of(lamp, 2.0 ** (value / 2.5))
        nm = maps[members] @ powers_of(t).T
        index = np.round((nm - grid[0]) / (grid[1] - grid[0])).astype(int)
        inside = (index >= 0) & (index < len(grid))
        computed = np.where(inside, template[np.clip(index, 0, len(grid) - 1)], 0.0)
        norm = np.sqrt((seen @ seen) * (computed**2).sum(axis=1)) + 1e-9
        evidence[members] = likeness(computed @ seen / norm, 2.0 / scene.resolution_t)
    return evidence


def shape_correlation(scene: Scene, coefficients: np.ndarray, lamp: str) -> tuple[float, float]:
    """Return the correlation of curve and computed spectrum, and its number of samples."""
    nm = powers_of(scene.shape_t) @ coefficients
    grid, template = template_of(lamp, scene.resolution_t * coefficients[1])
    inside = (nm > grid[0]) & (nm < grid[-1])
    if inside.sum() < 20:
        return 0.0, 0.0
    seen, computed = scene.shape[inside], np.interp(nm[inside], grid, template)
    seen, computed = seen - seen.mean(), computed - computed.mean()
    norm = np.sqrt((seen @ seen) * (computed @ computed))
    correlation = float(seen @ computed / norm) if norm > 0 else 0.0
    return correlation, float(np.ptp(scene.shape_t[inside]) / scene.resolution_t)


def align(scene: Scene, start: np.ndarray, lamp: str) -> tuple[np.ndarray, np.ndarray]:
    """Move an axis to where the computed spectrum fits the curve best, by Gauss-Newton steps.

    Returns
    -------
    coefficients : float64 of shape (4,)
    covariance : float64 of shape (4, 4)
    """
    coefficients = np.asarray(start, np.float64)
    model = grating_model(coefficients[1], float(bend_of(coefficients)))
    powers = powers_of(scene.shape_t)
    covariance = np.zeros((4, 4))
    for _ in range(4):
        grid, template = template_of(lamp, scene.resolution_t * coefficients[1])
        nm = powers @ coefficients
        computed = np.interp(nm, grid, template, left=0, right=0)
        slope = np.interp(nm, grid, np.gradient(template, grid), left=0, right=0)
        gain = max(float(computed @ scene.shape / max(computed @ computed, 1e-9)), 0.2)
        off = scene.shape - gain * computed
        # Neighbouring samples within the point spread are not independent.
        share = min(1.0, (scene.shape_t[1] - scene.shape_t[0]) / scene.resolution_t)
        weight = share / max(float(off.var()), 1e-3)
        design = gain * slope[:, None] * powers
        normal = weight * design.T @ design + model.precision
        pull = weight * design.T @ off + model.precision @ (model.mean - coefficients)
        move = np.linalg.solve(normal, pull)
        # Steps beyond the width of a line leave the range where its flanks point the way.
        reach = 0.7 * scene.resolution_t * coefficients[1]
        coefficients = coefficients + move * min(1.0, reach / np.abs(powers @ move).max())
        covariance = np.linalg.inv(normal)
    return coefficients, covariance
