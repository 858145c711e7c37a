"""Training examples of the band network: views of a photo and what each cell of them shows."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lib.recognition.find.band_network import GRID
from lib.recognition.find.canvas import CANVAS_PX, Pyramid, View, make_view, whole_view
from lib.simulation.photos.truth import BandTruth
from lib.training.examples.photos import draw_photo

VIEWS_PER_PHOTO = 4
SHARD = 50
# One scene without a spectrum for two photos with one: scenes vary more than boxes do.
SCENE_SHARE = 0.3
# Covered part; axis cos 2a, sin 2a.
TARGETS = 3
# A band is drawn at least this high on the canvas, or a thin trace would cover no cell.
_LEAST_HEIGHT_PX = 3.0
_SUBPIXEL_BITS = 4
# Part of the photos that are turned a little or set into a black frame, as editing leaves them.
_REFRAMED_PART = 0.2
_MOST_TURNED_DEG = 15.0
_WIDEST_FRAME = 0.6
# Reframed photos are reduced to this, which a canvas does not show.
_REFRAMED_PX = 800


@dataclass(frozen=True)
class Trace:
    """A band in photo coordinates.

    Attributes
    ----------
    centre : float array of shape (n, 2)
        x, y along the centre line.
    half_height : float
        Half its extent across, along the photo's other axis.
    axis : str
        "horizontal" or "vertical".
    """

    centre: np.ndarray
    half_height: float
    axis: str


def simulate(seed: int, number: int) -> dict[str, np.ndarray]:
    """Return the ``views`` of `SHARD` simulated photos and their ``targets``.

    uint8 (n, 160, 160, 6) and float16 (n, 40, 40, 3), as of `training_views`.
    """
    rng = np.random.default_rng([seed, number])
    pairs = []
    for _ in range(SHARD):
        photo = draw_photo(rng, SCENE_SHARE)
        whole = [box for box in photo.truth.boxes if box.part == "whole"]
        pairs.append(training_views(rng, photo.image, whole, VIEWS_PER_PHOTO))
    views, targets = map(np.concatenate, zip(*pairs, strict=True))
    return {"views": views, "targets": targets}


def trace_of(box: BandTruth) -> Trace:
    """Return the trace of a band of known truth."""
    low, high = (box.x0, box.x1) if box.axis == "horizontal" else (box.y0, box.y1)
    breadth = box.y1 - box.y0 if box.axis == "horizontal" else box.x1 - box.x0
    along = np.linspace(low, high - 1, 9)
    across = np.polynomial.polynomial.polyval(along, box.centre_line)
    pair = (along, across) if box.axis == "horizontal" else (across, along)
    half = max((breadth - np.ptp(across)) / 2, 0.5)
    return Trace(np.column_stack(pair), float(half), box.axis)


def training_views(
    rng: np.random.Generator, image: np.ndarray, boxes: Sequence[BandTruth], count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return views of one photo, each turned or mirrored at random, and their targets.

    The first shows the whole photo, the others come close to a band, as the finder's second look
    does, or show any part of the photo.

    Parameters
    ----------
    image : uint8 array of shape (h, w, 3)
    boxes : sequence of BandTruth
        Every usable band, whole ones only; empty for a photo without a spectrum.

    Returns
    -------
    pixels : uint8 array of shape (count, 160, 160, 6)
    targets : float16 array of shape (count, 40, 40, 3)
    """
    traces = [trace_of(box) for box in boxes]
    if rng.random() < _REFRAMED_PART:
        image, traces = reframe(rng, image, traces)
    photo, pixels, targets = Pyramid(image), [], []
    for number in range(count):
        if number == 0:
            view = whole_view(photo)
        elif traces and rng.random() < 0.8:
            view = make_view(photo, close_rectangle(rng, traces[rng.integers(len(traces))]))
        else:
            view = make_view(photo, any_rectangle(rng, image.shape))
        canvas, cells = turn(rng, view.pixels, cell_targets(view, traces))
        pixels.append(canvas)
        targets.append(cells)
    return np.stack(pixels), np.stack(targets).astype(np.float16)


def reframe(
    rng: np.random.Generator, image: np.ndarray, traces: Sequence[Trace]
) -> tuple[np.ndarray, list[Trace]]:
    """Turn a photo by some degrees, or not, and set it off-centre into a black frame."""
    height, width = image.shape[:2]
    scale = min(1.0, _REFRAMED_PX / max(height, width))
    degrees = rng.uniform(-_MOST_TURNED_DEG, _MOST_TURNED_DEG) * (rng.random() < 0.6)
    matrix = cv2.getRotationMatrix2D((0, 0), degrees, scale)
    corners = matrix[:, :2] @ np.array([[0, width, 0, width], [0, 0, height, height]])
    low, high = corners.min(axis=1), corners.max(axis=1)
    frame = rng.uniform(0, _WIDEST_FRAME / 2, 4) * (high - low).max() * (rng.random() < 0.6)
    matrix[:, 2] = frame[:2] - low
    size = np.maximum(8, np.round(high - low + frame[:2] + frame[2:])).astype(int)
    if scale < 0.5:
        # Linear interpolation alone would skip pixels.
        image = cv2.blur(image, (round(1 / scale), round(1 / scale)))
    framed = cv2.warpAffine(image, matrix, size.tolist())
    return framed, [_moved(trace, matrix, scale) for trace in traces]


def _moved(trace: Trace, matrix: np.ndarray, scale: float) -> Trace:
    """Return a trace in a photo that was turned and scaled by `matrix`."""
    before = trace.centre[-1] - trace.centre[0]
    centre = trace.centre @ matrix[:, :2].T + matrix[:, 2]
    after = centre[-1] - centre[0]
    axis = "horizontal" if abs(after[0]) >= abs(after[1]) else "vertical"
    # The height counts along the photo's axis; what stays is that square on the trace.
    old = abs(before[0 if trace.axis == "horizontal" else 1]) / np.hypot(*before)
    new = abs(after[0 if axis == "horizontal" else 1]) / np.hypot(*after)
    return Trace(centre, trace.half_height * scale * old / new, axis)


def close_rectangle(rng: np.random.Generator, trace: Trace) -> tuple[float, float, float, float]:
    """Draw a rectangle around a band: margins of a tenth to once its length, each side its own."""
    (x0, y0), (x1, y1) = trace.centre.min(axis=0), trace.centre.max(axis=0)
    length = max(np.ptp(trace.centre, axis=0).max(), 4.0)
    if trace.axis == "horizontal":
        y0, y1 = y0 - trace.half_height, y1 + trace.half_height
    else:
        x0, x1 = x0 - trace.half_height, x1 + trace.half_height
    left, top, right, bottom = length * np.exp(rng.uniform(np.log(0.08), 0, 4))
    # Now and then the first look has missed an end.
    if rng.random() < 0.1:
        left = -0.15 * length
    return x0 - left, y0 - top, x1 + right, y1 + bottom


def any_rectangle(
    rng: np.random.Generator, shape: tuple[int, ...]
) -> tuple[float, float, float, float]:
    """Draw a rectangle of a tenth to the whole of the photo's sides."""
    height, width = shape[:2]
    w, h = width * rng.uniform(0.1, 1), height * rng.uniform(0.1, 1)
    x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
    return x, y, x + w, y + h


def cell_targets(view: View, traces: Sequence[Trace]) -> np.ndarray:
    """Return what each cell of a view shows, float32 (40, 40, 3)."""
    cells = np.zeros((GRID, GRID, TARGETS), np.float32)
    for trace in traces:
        covered = _coverage(_outline(view, trace), view.area)
        inside = covered > 0
        cells[..., 0] = np.maximum(cells[..., 0], covered)
        along_x, along_y = (trace.centre[-1] - trace.centre[0]) * view.scale
        double = 2 * np.arctan2(along_y, along_x)
        cells[inside, 1:] = np.cos(double), np.sin(double)
    return cells


def _outline(view: View, trace: Trace) -> np.ndarray:
    """Corners of a band on the canvas, float (n, 2)."""
    step = 1 if trace.axis == "horizontal" else 0
    half = max(trace.half_height, _LEAST_HEIGHT_PX / 2 / view.scale[step])
    offset = np.array([0, half]) if step else np.array([half, 0])
    # From the first pixel's outer edge to the last one's.
    ends = trace.centre.copy()
    forward = np.sign(ends[-1] - ends[0]) * (1 - np.abs(offset) / half) * 0.5
    ends[0] -= forward
    ends[-1] += forward
    corners = np.concatenate([ends - offset, ends[::-1] + offset])
    return np.column_stack(view.to_canvas(corners[:, 0], corners[:, 1]))


def _coverage(outline: np.ndarray, area: tuple[int, int, int, int]) -> np.ndarray:
    """Part of each cell that a polygon covers, within the area that shows photo."""
    canvas = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    corners = np.round(np.clip(outline, -2000, 2000) * 2**_SUBPIXEL_BITS).astype(np.int32)
    cv2.fillPoly(canvas, [corners], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
    left, top, right, bottom = area
    shown = np.zeros_like(canvas)
    shown[top:bottom, left:right] = canvas[top:bottom, left:right]
    return cv2.resize(shown, (GRID, GRID), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def turn(
    rng: np.random.Generator, canvas: np.ndarray, cells: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Turn by a random number of quarters and perhaps mirror canvas and targets alike."""
    if rng.random() < 0.5:
        canvas, cells = canvas[:, ::-1], cells[:, ::-1].copy()
        cells[..., 2] *= -1
    for _ in range(rng.integers(4)):
        # A quarter turn is half a turn of the doubled angle.
        canvas, cells = np.rot90(canvas), np.rot90(cells).copy()
        cells[..., 1:] *= -1
    return np.ascontiguousarray(canvas), np.ascontiguousarray(cells)
