"""Photos as the band network sees them: a rectangle of the photo on a small square canvas."""

from dataclasses import dataclass

import cv2
import numpy as np

CANVAS_PX = 160
# Of a long strip the short side is stretched to a quarter of the canvas, so that it still fills
# some cells of the network's grid.
_SHORT_SIDE_PX = 40
# A canvas pixel keeps the mean and the maximum of at least 3 x 3 samples, where the photo has them:
# a star's trace one pixel high survives the reduction in the maximum.
_LEAST_SAMPLES = 3
# Exposure is evened out on the brightest half percent, though not below display level 16, where
# there is only noise to bring up.
_BRIGHT_QUANTILE = 0.995
_DARKEST_PEAK = 16.0


@dataclass(frozen=True)
class View:
    """A canvas and where it lies in its photo.

    Attributes
    ----------
    pixels : uint8 array of shape (CANVAS_PX, CANVAS_PX, 6)
        Mean and maximum of R, G, B.
    scale : tuple of float
        Canvas pixels per photo pixel along x and y.
    shift : tuple of float
        Canvas place of the photo's corner (-0.5, -0.5), in pixel edges.
    area : tuple of int
        x0, y0, x1, y1 of the canvas that shows photo; the rest is black.
    """

    pixels: np.ndarray
    scale: tuple[float, float]
    shift: tuple[float, float]
    area: tuple[int, int, int, int]

    def to_canvas(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return canvas coordinates of photo coordinates (both of pixel centres)."""
        return (
            (np.asarray(x) + 0.5) * self.scale[0] + self.shift[0] - 0.5,
            (np.asarray(y) + 0.5) * self.scale[1] + self.shift[1] - 0.5,
        )

    def to_photo(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return photo coordinates of canvas coordinates (both of pixel centres)."""
        return (
            (np.asarray(x) + 0.5 - self.shift[0]) / self.scale[0] - 0.5,
            (np.asarray(y) + 0.5 - self.shift[1]) / self.scale[1] - 0.5,
        )


class Pyramid:
    """A photo and its halves, each of half the size of the one before, made when first asked for.

    Halving is several times as fast as reducing by any other factor, and looks at one photo share
    its halves.

    Parameters
    ----------
    image : uint8 array of shape (h, w, 3)
    """

    def __init__(self, image: np.ndarray):
        self._levels = [image]

    @property
    def size(self) -> tuple[int, int]:
        """Return the photo's width and height."""
        height, width = self._levels[0].shape[:2]
        return width, height

    def level(self, number: int) -> np.ndarray:
        """Return the photo halved some times; an odd last row or column is left out each time."""
        while len(self._levels) <= number:
            last = self._levels[-1]
            height, width = last.shape[0] // 2, last.shape[1] // 2
            whole = last[: 2 * height, : 2 * width]
            self._levels.append(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))
        return self._levels[number]


def whole_view(photo: Pyramid) -> View:
    """Return the view of a whole photo."""
    return make_view(photo, (0, 0, *photo.size))


def make_view(photo: Pyramid, rectangle: tuple[float, float, float, float]) -> View:
    """Return the view of a rectangle of a photo.

    Parameters
    ----------
    photo : Pyramid
    rectangle : tuple of float
        x0, y0, x1, y1 in photo pixel edges; its part inside the photo is shown, whole pixels of
        the level of the pyramid that is looked at.
    """
    width, height = photo.size
    x0 = int(np.clip(np.floor(rectangle[0]), 0, width - 1))
    y0 = int(np.clip(np.floor(rectangle[1]), 0, height - 1))
    x1 = int(np.clip(np.ceil(rectangle[2]), x0 + 1, width))
    y1 = int(np.clip(np.ceil(rectangle[3]), y0 + 1, height))
    columns, rows = _canvas_size(x1 - x0, y1 - y0)
    # The smallest level that still has the samples.
    samples = min((x1 - x0) / columns, (y1 - y0) / rows)
    number = int(np.log2(max(samples / _LEAST_SAMPLES, 1)))
    level, step = photo.level(number), 2**number
    x0, y0 = x0 // step, y0 // step
    x1, y1 = min(-(-x1 // step), level.shape[1]), min(-(-y1 // step), level.shape[0])
    mean, maximum = _pool(level[y0:y1, x0:x1], columns, rows)
    left, top = (CANVAS_PX - columns) // 2, (CANVAS_PX - rows) // 2
    pixels = np.zeros((CANVAS_PX, CANVAS_PX, 6), np.uint8)
    pixels[top : top + rows, left : left + columns, :3] = mean
    pixels[top : top + rows, left : left + columns, 3:] = maximum
    scale = (columns / (x1 - x0) / step, rows / (y1 - y0) / step)
    shift = (left - x0 * step * scale[0], top - y0 * step * scale[1])
    return View(pixels, scale, shift, (left, top, left + columns, top + rows))


def network_input(pixels: np.ndarray) -> np.ndarray:
    """Even out the exposure of canvases and spread their dark levels.

    Parameters
    ----------
    pixels : uint8 array of shape (n, CANVAS_PX, CANVAS_PX, 6)

    Returns
    -------
    float32 array of the same shape, 0 to 1
    """
    canvases = np.empty(pixels.shape, np.float32)
    levels = np.arange(256, dtype=np.float32)
    for canvas, result in zip(pixels, canvases, strict=True):
        red, green, blue = canvas[..., 0], canvas[..., 1], canvas[..., 2]
        bright = max(_bright_level(np.maximum(np.maximum(red, green), blue)), _DARKEST_PEAK)
        # The square root gives the faint wings of a spectrum as much room as its bright lines.
        result[:] = np.sqrt(np.minimum(levels / bright, 1))[canvas]
    return canvases


def _bright_level(grey: np.ndarray) -> float:
    counts = np.bincount(grey.ravel(), minlength=256)
    counts[0] = 0
    if not counts.any():
        return 0.0
    return float(np.searchsorted(np.cumsum(counts), _BRIGHT_QUANTILE * counts.sum()))


def _canvas_size(width: int, height: int) -> tuple[int, int]:
    """Columns and rows of the canvas that a rectangle fills."""
    scale = CANVAS_PX / max(width, height)
    columns, rows = round(width * scale), round(height * scale)
    return max(columns, _SHORT_SIDE_PX), max(rows, _SHORT_SIDE_PX)


def _pool(part: np.ndarray, columns: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and maximum of a picture over `rows` x `columns` cells, uint8 (rows, columns, 3)."""
    height, width = part.shape[:2]
    # About as many samples as there are pixels, so that interpolation skips none.
    wide, high = max(round(width / columns), 1), max(round(height / rows), 1)
    fine = cv2.resize(part, (columns * wide, rows * high), interpolation=cv2.INTER_LINEAR)
    if wide == high == 1:
        return fine, fine
    mean = cv2.resize(fine, (columns, rows), interpolation=cv2.INTER_AREA)
    # Dilation over the cell, read at its anchor, is the cell's maximum.
    kernel = np.ones((high, wide), np.uint8)
    spread = cv2.dilate(fine, kernel, anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
    return mean, spread[::high, ::wide]
