"""What the trace network is to say: which places along a line a first order covers, blue where."""

from collections.abc import Sequence

import numpy as np

from lib.recognition.straighten import Geometry
from lib.simulation.photos.truth import BandTruth

# The covered part of a place; 1 if blue lies towards the line's start, 0 if towards its stop; the
# wavelength there, in these units.
TARGETS = 3
NM_ORIGIN, NM_UNIT = 550.0, 100.0
# A line belongs to a band if, at the band's middle, it lies this near to the band's centre line,
# in half heights of both.
_NEAR = 0.6
# Margins of a window about a band, in lengths of the band: what the finder's looks see.
_NARROWEST, _WIDEST = 0.05, 4.5
_LEAST_WINDOW_PX = 8.0


def ends_of(band: BandTruth) -> tuple[int, int]:
    """Return a band's ends along the dispersion, half-open pixels."""
    return (band.x0, band.x1) if band.axis == "horizontal" else (band.y0, band.y1)


def belongs(line: Geometry, band: BandTruth) -> bool:
    """Return whether a line runs along a band."""
    if line.axis != band.axis:
        return False
    middle = sum(ends_of(band)) / 2
    off = abs(line.across(middle) - np.polynomial.polynomial.polyval(middle, band.centre_line))
    return bool(off <= _NEAR * (line.half_height + half_height(band)))


def half_height(band: BandTruth) -> float:
    """Return half the breadth of a band across its dispersion, tilt left out."""
    breadth = band.y1 - band.y0 if band.axis == "horizontal" else band.x1 - band.x0
    line = np.polynomial.polynomial.polyval(np.array(ends_of(band)), band.centre_line)
    return max((breadth - float(np.ptp(line))) / 2, 0.5)


def trace_targets(edges: np.ndarray, line: Geometry, bands: Sequence[BandTruth]) -> np.ndarray:
    """Return what each place of a line shows, float32 (n, 3).

    Parameters
    ----------
    edges : float array of shape (n + 1,)
        Photo coordinates along the line of the places' edges, in pixel edges.
    line : Geometry
    bands : sequence of BandTruth
        Every usable first order of the photo, whole ones only.
    """
    targets = np.zeros((len(edges) - 1, TARGETS), np.float32)
    for band in (band for band in bands if belongs(line, band)):
        first, last = ends_of(band)
        covered = np.clip(np.minimum(edges[1:], last) - np.maximum(edges[:-1], first), 0, None)
        part = covered / (edges[1:] - edges[:-1])
        targets[:, 0] = np.maximum(targets[:, 0], part)
        targets[part > 0, 1] = band.blue_side in ("left", "top")
        middles = np.clip((edges[1:] + edges[:-1]) / 2 - 0.5, first, last - 1)[part > 0]
        nm = band.nm_in_photo(*line.place(middles, np.zeros(1)))[0]
        targets[part > 0, 2] = (nm - NM_ORIGIN) / NM_UNIT
    return targets


def draw_window(rng: np.random.Generator, first: float, last: float) -> tuple[float, float]:
    """Draw a window about a stretch of a line, each side's margin its own."""
    length = max(last - first, 2.0)
    left, right = length * np.exp(rng.uniform(np.log(_NARROWEST), np.log(_WIDEST), 2))
    # A look may have missed an end.
    if rng.random() < 0.15:
        left = -0.3 * length
    if rng.random() < 0.15:
        right = -0.3 * length
    missing = max(0.0, _LEAST_WINDOW_PX - (length + left + right)) / 2
    return first - left - missing, last + right + missing


def mirror(
    rng: np.random.Generator, light: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Turn round half of a batch of lines, light (n, places, channels), targets (n, places, 3)."""
    turned = rng.random(len(light)) < 0.5
    light, targets = light.copy(), targets.copy()
    light[turned] = light[turned, ::-1]
    targets[turned] = targets[turned, ::-1]
    targets[turned, :, 1] = 1 - targets[turned, :, 1]
    return light, targets
