"""Where in a photo spectra lie: a look at the whole, then a close look at each candidate.

The band network marks cells of a small canvas. The first look finds where spectra may be at all;
each candidate is then looked at again, close up, where the same network sees its ends and its
edges finely.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from lib.recognition.curves import quantile
from lib.recognition.find.band_network import CELL_PX, TWO_IMAGES, mark
from lib.recognition.find.canvas import CANVAS_PX, Pyramid, View, make_view, whole_view
from lib.recognition.straighten import Geometry

# A cell belongs to a band from this probability on; a component needs one cell of the other.
_CELL_PROBABILITY = 0.3
_SURE_PROBABILITY = 0.4
# Where the whole photo shows nothing, parts of this size are looked at, from these places on.
_TILE = 0.5
_TILE_PLACES = (0.0, 0.25, 0.5)
_SURE_IN_A_TILE = 0.7
# Candidates looked at closely, the most likely first.
_MAX_CANDIDATES = 3
# Margin of the close look on each side, of the candidate's longer side.
_MARGIN = 0.35
# Looks at one candidate: a second if the first showed that it goes on beyond the view.
_MAX_LOOKS = 3
_MIN_CONFIDENCE = 0.4
# Quantiles of the mask along the dispersion between which its middle line is straight, and how
# long that part must be against its height to tell the slope.
_INNER_PART = (0.2, 0.8)
_MIN_INNER_LENGTH = 0.8


@dataclass(frozen=True)
class Candidate:
    """A spectrum that the network marked.

    Attributes
    ----------
    geometry : Geometry
        Rough: straight centre line, upright lines.
    confidence : float
        Mean probability of its cells, 0 to 1.
    pixel_px : float
        Photo pixels across that one canvas pixel of the closest look spans.
    box : tuple of float
        Left, top, right and bottom of the marked cells, photo pixel edges.
    """

    geometry: Geometry
    confidence: float
    pixel_px: float
    box: tuple[float, float, float, float]


def find_candidates(image: np.ndarray) -> list[Candidate]:
    """Return the spectra in an upright RGB photo, uint8 (h, w, 3), the most likely first."""
    photo = Pyramid(image)
    found = _look_over(photo, [whole_view(photo)], _SURE_PROBABILITY)
    if not found:
        # What is small, or dim beside something bright, shows only in a part of the photo.
        width, height = photo.size
        tiles = [
            make_view(photo, (x * width, y * height, (x + _TILE) * width, (y + _TILE) * height))
            for y in _TILE_PLACES
            for x in _TILE_PLACES
        ]
        found = _look_over(photo, tiles, _SURE_IN_A_TILE)
    return sorted(found, key=lambda candidate: -candidate.confidence)


def _look_over(photo: Pyramid, views: list[View], sure: float) -> list[Candidate]:
    """Return the spectra that views show, each looked at closely."""
    found: list[Candidate] = []
    cells_of_views = mark(np.stack([view.pixels for view in views]))
    marked = [
        (view, component)
        for view, cells in zip(views, cells_of_views, strict=True)
        for component in _components(cells, sure)[:_MAX_CANDIDATES]
    ]
    for view, component in marked:
        candidate = _look_closely(photo, _photo_box(view, component))
        if candidate and not any(_same(candidate, other) for other in found):
            found.append(candidate)
    return found


def _components(cells: np.ndarray, sure: float = _SURE_PROBABILITY) -> list[np.ndarray]:
    """Connected groups of marked cells, bool (40, 40) each, by falling total probability."""
    probability = cells[..., 0]
    marked = (probability > _CELL_PROBABILITY).astype(np.uint8)
    count, labels = cv2.connectedComponents(marked, connectivity=8)
    groups = [labels == number for number in range(1, count)]
    groups = [group for group in groups if probability[group].max() > sure]
    return sorted(groups, key=lambda group: -float(probability[group].sum()))


def _photo_box(view: View, group: np.ndarray) -> tuple[float, float, float, float]:
    """Box of a group of cells in photo pixel edges."""
    rows, columns = np.nonzero(group)
    left, top = view.to_photo(columns.min() * CELL_PX - 0.5, rows.min() * CELL_PX - 0.5)
    right, bottom = view.to_photo(
        (columns.max() + 1) * CELL_PX - 0.5, (rows.max() + 1) * CELL_PX - 0.5
    )
    return float(left) + 0.5, float(top) + 0.5, float(right) + 0.5, float(bottom) + 0.5


def _look_closely(photo: Pyramid, box: tuple[float, float, float, float]) -> Candidate | None:
    """Look at a candidate's surroundings until the whole of it is in view."""
    for _ in range(_MAX_LOOKS):
        margin = _MARGIN * max(box[2] - box[0], box[3] - box[1])
        view = make_view(
            photo, (box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin)
        )
        # Ends and edges are worth two runs: of 132 bands of real photos 115 are right; with one run
        # 111, with four 117.
        cells = mark(view.pixels[None], TWO_IMAGES)[0]
        groups = [(group, _overlap(_photo_box(view, group), box)) for group in _components(cells)]
        groups = [(group, shared) for group, shared in groups if shared > 0]
        if not groups:
            return None
        group = max(groups, key=lambda pair: pair[1] * pair[0].sum())[0]
        seen = _photo_box(view, group)
        if not _runs_out(view, group, photo.size):
            break
        box = seen
    return _measure(view, cells, group, photo.size)


def _overlap(a: tuple, b: tuple) -> float:
    """Shared area of two boxes over the smaller one."""
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))


def _runs_out(view: View, group: np.ndarray, size: tuple[int, int]) -> bool:
    """Whether a group reaches a rim of the view that is no rim of the photo."""
    x0, y0, x1, y1 = view.area
    rows, columns = np.nonzero(group)
    low_x, low_y = view.to_photo(x0 - 0.5, y0 - 0.5)
    high_x, high_y = view.to_photo(x1 - 0.5, y1 - 0.5)
    reaches = (
        (columns.min() * CELL_PX <= x0 + 1 and low_x > 0),
        (rows.min() * CELL_PX <= y0 + 1 and low_y > 0),
        ((columns.max() + 1) * CELL_PX >= x1 - 1 and high_x < size[0] - 1),
        ((rows.max() + 1) * CELL_PX >= y1 - 1 and high_y < size[1] - 1),
    )
    return any(bool(reach) for reach in reaches)


def _measure(
    view: View, cells: np.ndarray, group: np.ndarray, size: tuple[int, int]
) -> Candidate | None:
    """Measure axis, slope, ends and height of a group of cells."""
    weight = cells[..., 0] * cv2.dilate(group.astype(np.uint8), np.ones((3, 3), np.uint8))
    core = cells[..., 0] * group
    total = core.sum()
    double = np.array([(core * cells[..., k]).sum() for k in (1, 2)]) / total
    angle = 0.5 * np.arctan2(double[1], double[0])
    canvas = np.array([np.cos(angle), np.sin(angle)])
    direction = canvas / view.scale
    direction /= np.hypot(*direction)
    axis = "horizontal" if abs(direction[0]) >= abs(direction[1]) else "vertical"
    main = 0 if axis == "horizontal" else 1
    slope = direction[1 - main] / direction[main]
    geometry = _fit_box(view, weight, axis, float(slope), size)
    confidence = float(core.sum() / group.sum())
    if geometry is None or confidence < _MIN_CONFIDENCE:
        return None
    return Candidate(geometry, confidence, 1 / view.scale[1 - main], _photo_box(view, group))


def _fit_box(
    view: View, weight: np.ndarray, axis: str, slope: float, size: tuple[int, int]
) -> Geometry | None:
    """Ends and edges of a mask along and across a line of known slope."""
    fine = cv2.resize(weight, (CANVAS_PX, CANVAS_PX), interpolation=cv2.INTER_LINEAR)
    rows, columns = np.nonzero(fine > 0.1)
    if not len(rows):
        return None
    mass = fine[rows, columns].astype(np.float64)
    x, y = view.to_photo(columns, rows)
    scale = view.scale
    if axis == "vertical":
        x, y, scale = y, x, scale[::-1]
    slope = _midline_slope(x, y, mass, slope)
    middle_x, middle_y = np.average(x, weights=mass), np.average(y, weights=mass)
    across = y - middle_y - slope * (x - middle_x)
    start, stop = _half_mass_ends(x, mass, 1 / scale[0])
    low, high = _half_mass_ends(across, mass, 1 / scale[1])
    length = size[0] if axis == "horizontal" else size[1]
    start, stop = max(start, 0.0), min(stop, length - 1.0)
    if stop - start < 2:
        return None
    centre = middle_y + (low + high) / 2 - slope * middle_x
    half = max((high - low) / 2, 0.5)
    return Geometry(axis, start, stop, (float(centre), float(slope)), float(half))


def _midline_slope(x: np.ndarray, y: np.ndarray, mass: np.ndarray, slope: float) -> float:
    """Slope of a mask's middle line; of a mask too short to tell, the slope that is given.

    Only the inner part counts: where lines lean, the ends of the mask do too, and would turn the
    line towards them.
    """
    low, high = (quantile(x, part) for part in _INNER_PART)
    inner = (x >= low) & (x <= high)
    middle_x, middle_y = np.average(x, weights=mass), np.average(y, weights=mass)
    across = y - middle_y - slope * (x - middle_x)
    height = np.sqrt(np.average(across**2, weights=mass)) * np.sqrt(12)
    if high - low < _MIN_INNER_LENGTH * height or inner.sum() < 8:
        return slope
    w, u, v = mass[inner], x[inner] - middle_x, y[inner] - middle_y
    u, v = u - np.average(u, weights=w), v - np.average(v, weights=w)
    return float((w * u * v).sum() / max((w * u * u).sum(), 1e-9))


def _half_mass_ends(place: np.ndarray, mass: np.ndarray, pixel: float) -> tuple[float, float]:
    """Where the mass per canvas pixel rises to and falls from half of its plateau.

    Returns the photo coordinates of the outermost pixel centres inside.
    """
    low = place.min()
    bins = np.floor((place - low) / pixel + 0.5).astype(int)
    counts = np.bincount(bins, weights=mass)
    plateau = quantile(counts[counts > 0], 0.75)
    inside = np.flatnonzero(counts >= 0.5 * plateau)
    first, last = inside[0], inside[-1]
    return low + (first - 0.5) * pixel + 0.5, low + (last + 0.5) * pixel - 0.5


def _same(a: Candidate, b: Candidate) -> bool:
    """Whether two candidates are one band found twice."""
    if a.geometry.axis != b.geometry.axis:
        return False
    shared = min(a.geometry.stop, b.geometry.stop) - max(a.geometry.start, b.geometry.start)
    shorter = min(a.geometry.stop - a.geometry.start, b.geometry.stop - b.geometry.start)
    middle = (max(a.geometry.start, b.geometry.start) + min(a.geometry.stop, b.geometry.stop)) / 2
    apart = abs(a.geometry.across(middle) - b.geometry.across(middle))
    return shared > 0.5 * shorter and apart < max(a.geometry.half_height, b.geometry.half_height)
