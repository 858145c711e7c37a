"""A band sampled once, straight: everything that is measured of it reads slices of this strip.

A strip has rows across the band and one column a photo pixel along it. Besides the rows inside the
band it has some beside it, and it may go on beyond the band's ends, so that ends, clean rows,
background, noise and the profile all come from the same samples.
"""

from dataclasses import dataclass, replace

import numpy as np

from lib.recognition.straighten import Geometry, sample

# The outermost part of a band on either side is its fading edge.
INSIDE_PART = 0.85
# Rows inside, odd so that one lies on the centre line: one a pixel of a tall band, enough to
# average its noise; of a low one enough for medians over parts of its height.
_FEWEST_ROWS, _MAX_ROWS = 13, 75
# Rows beside the band: this far off the centre line on either side, in half heights, and in pixels
# more.
_BESIDE_PART = (1.25, 2.25)
_BESIDE_PX = (1.5, 4.0)
_ROWS_BESIDE = 4


@dataclass(frozen=True)
class Strip:
    """The light along a band, straight; as the photo runs.

    Attributes
    ----------
    geometry : Geometry
        Of the band.
    along : float64 array of shape (n,)
        Photo coordinate of each column on the centre line.
    offset : float64 array of shape (n_rows,)
        Of the rows inside, from the centre line, pixels.
    light : uint8 array of shape (n_rows, n, 3)
        The rows inside.
    offset_beside : float64 array of shape (n_beside,)
        Of the rows beside the band that lie in the photo at its middle; possibly none.
    beside : uint8 array of shape (n_beside, n, 3)
    """

    geometry: Geometry
    along: np.ndarray
    offset: np.ndarray
    light: np.ndarray
    offset_beside: np.ndarray
    beside: np.ndarray

    @property
    def row_px(self) -> float:
        """Return the pixels between two rows inside; 0 with one row."""
        return float(self.offset[1] - self.offset[0]) if len(self.offset) > 1 else 0.0

    def columns(self, start: float, stop: float) -> "Strip":
        """Return the strip of a band with other ends: photo coordinates of its outermost pixels."""
        first = int(np.searchsorted(self.along, round(start)))
        last = int(np.searchsorted(self.along, round(stop)))
        part = slice(first, last + 1)
        return replace(
            self,
            geometry=replace(self.geometry, start=float(start), stop=float(stop)),
            along=self.along[part],
            light=self.light[:, part],
            beside=self.beside[:, part],
        )


def sample_band(
    image: np.ndarray,
    geometry: Geometry,
    *,
    rows: tuple[float, float] | None = None,
    beyond: float = 0.0,
) -> Strip:
    """Sample a band of a photo.

    Parameters
    ----------
    image : uint8 array of shape (h, w, 3)
    geometry : Geometry
    rows : tuple of float, optional
        Offsets between which the rows inside lie; default all of the band but its fading edge.
    beyond : float
        How far the strip goes on beyond either end, in lengths of the band.
    """
    more = beyond * (geometry.stop - geometry.start)
    along = np.arange(round(geometry.start - more), round(geometry.stop + more) + 1)
    return sample_line(image, geometry, along.astype(np.float64), rows=rows)


def sample_line(
    image: np.ndarray,
    geometry: Geometry,
    along: np.ndarray,
    *,
    rows: tuple[float, float] | None = None,
) -> Strip:
    """Sample a band of a photo at places (n,) along its centre line; as `sample_band`."""
    half = geometry.half_height
    low, high = rows or (-INSIDE_PART * half, INSIDE_PART * half)
    count = int(np.clip(2 * np.floor((high - low) / 2) + 1, _FEWEST_ROWS, _MAX_ROWS))
    offset = np.linspace(low, high, count) if high > low else np.array([low])
    beside = _rows_beside(image, geometry, along)
    light = sample(image, geometry, along, np.concatenate([offset, beside]))
    return Strip(geometry, along, offset, light[: len(offset)], beside, light[len(offset) :])


def _rows_beside(image: np.ndarray, geometry: Geometry, along: np.ndarray) -> np.ndarray:
    """Return the offsets of the rows beside a band that lie in the photo at the strip's middle."""
    near, far = (
        part * geometry.half_height + px for part, px in zip(_BESIDE_PART, _BESIDE_PX, strict=True)
    )
    one_side = np.linspace(near, far, _ROWS_BESIDE)
    offset = np.concatenate([-one_side[::-1], one_side])
    length, breadth = image.shape[1], image.shape[0]
    if geometry.axis == "vertical":
        length, breadth = breadth, length
    middle = geometry.across(np.clip((along[0] + along[-1]) / 2, 0, length - 1))
    return offset[(middle + offset >= 0) & (middle + offset <= breadth - 1)]
