"""Lines through photos and what they show: which places a first order covers, blue where.

Lines are those along which the shipped band network sees spectra, and others drawn near the truth.
"""

from collections.abc import Sequence

import numpy as np

from lib.recognition.find.orders import first_window
from lib.recognition.find.search import find_candidates
from lib.recognition.find.trace_view import PLACES, look_along
from lib.recognition.straighten import Geometry
from lib.simulation.photos.truth import BandTruth
from lib.training.examples.photos import HARD as HARD_TO_FIND
from lib.training.examples.photos import draw_photo

# The covered part of a place; 1 if blue lies towards the line's start, 0 if towards its stop; the
# wavelength there, in these units.
TARGETS = 3
NM_ORIGIN, NM_UNIT = 550.0, 100.0
SHARD = 50
# Part of the photos that show no spectrum: of these only false candidates are learned from.
SCENE_SHARE = 0.35
HARD = (*HARD_TO_FIND, "overlay", "saturated")
# Beside the lines that the finder sees, windows drawn about the bands.
WINDOWS_PER_PHOTO = 4
# So that no photo is one that the band network was trained on.
_STREAM = 7_000_000
# A line belongs to a band if, at the band's middle, it lies this near to the band's centre line,
# in half heights of both.
_NEAR = 0.6
# Margins of a window about a band, in lengths of the band: what the finder's looks see.
_NARROWEST, _WIDEST = 0.05, 4.5
_LEAST_WINDOW_PX = 8.0


def simulate(seed: int, number: int) -> dict[str, np.ndarray]:
    """Return the examples of `SHARD` simulated photos.

    Returns
    -------
    dict
        ``light`` float16 (n, places, channels), ``targets`` float16 (n, places, 3).
    """
    rng = np.random.default_rng([_STREAM + seed, number])
    examples = []
    for _ in range(SHARD):
        photo = draw_photo(rng, SCENE_SHARE, HARD)
        found = [candidate.geometry for candidate in find_candidates(photo.image)]
        examples += lines_of(rng, photo.image, photo.truth.boxes, found)
    light, targets = (np.stack(part).astype(np.float16) for part in zip(*examples, strict=True))
    return {"light": light, "targets": targets}


def lines_of(
    rng: np.random.Generator,
    image: np.ndarray,
    boxes: Sequence[BandTruth],
    found: Sequence[Geometry],
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return pairs of light and targets along the lines found in a photo and near its bands."""
    whole = [box for box in boxes if box.part == "whole"]
    windows = [(line, first_window(line)) for line in found]
    if whole:
        for _ in range(WINDOWS_PER_PHOTO):
            box = whole[rng.integers(len(whole))]
            lines = [line for line in found if belongs(line, box)] or [jittered(rng, box)]
            windows.append((lines[rng.integers(len(lines))], draw_window(rng, *ends_of(box))))
    examples = []
    for line, window in windows:
        view = look_along(image, line, *window)
        edges = view.to_photo(np.arange(PLACES + 1))
        examples.append((view.light, trace_targets(edges, line, whole)))
    return examples


def jittered(rng: np.random.Generator, box: BandTruth) -> Geometry:
    """Return a line near a band, as the finder might have seen it."""
    first, last = ends_of(box)
    half = half_height(box)
    shift, slope = rng.normal(0, 0.25 * half), rng.normal(0, 0.2 * half / max(last - first, 2))
    middle = (first + last) / 2
    line = np.polynomial.Polynomial(box.centre_line)
    line = line + shift + np.polynomial.Polynomial([-slope * middle, slope])
    tall = max(half * np.exp(rng.normal(0, 0.2)), 0.5)
    return Geometry(box.axis, float(first), float(last - 1), tuple(map(float, line.coef)), tall)


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
