"""A band sampled once, straight: everything that is measured of it reads slices of this strip.

A strip has rows across the band and columns along it. Besides the rows inside the band it has some
beside it, and it may go on beyond the band's ends, so that ends, clean rows, background, noise and
the profile all come from the same samples.
"""

from dataclasses import dataclass, replace

import numpy as np

from lib.recognition.ruler import bridged, ruler_columns
from lib.recognition.straighten import Geometry, sample

# The outermost part of a band on either side is its fading edge.
_INSIDE_PART = 0.85
# Rows inside: one a pixel, up to as many as average the noise of a tall band; of a low one enough
# for medians over parts of its height. Their number is odd, so that one lies in the middle.
_MIN_ROWS, _MAX_ROWS = 13, 75
# A strip that goes on beyond its band has at least this length.
_SHORTEST_PX = 12.0
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
        Of the rows beside the band, on either side.
    light_beside : uint8 array of shape (n_beside, n, 3)
        Those outside the photo repeat its edge.
    size : tuple of int
        Of the photo along and across the band, pixels.
    """

    geometry: Geometry
    along: np.ndarray
    offset: np.ndarray
    light: np.ndarray
    offset_beside: np.ndarray
    light_beside: np.ndarray
    size: tuple[int, int]

    @property
    def row_px(self) -> float:
        """Return the pixels between two rows inside; 0 with one row."""
        return float(self.offset[1] - self.offset[0]) if len(self.offset) > 1 else 0.0

    @property
    def beside(self) -> np.ndarray:
        """Return which rows beside the band lie in the photo at the strip's middle: bool."""
        middle = (self.along[0] + self.along[-1]) / 2
        place = self.geometry.across(np.clip(middle, 0, self.size[0] - 1)) + self.offset_beside
        return (place >= 0) & (place <= self.size[1] - 1)

    def columns(self, start: float, stop: float) -> "Strip":
        """Return the strip of a band with other ends: photo coordinates of its outermost pixels.

        Of strips with one column a photo pixel, as `sample_band` gives.
        """
        first = int(np.searchsorted(self.along, round(start)))
        last = int(np.searchsorted(self.along, round(stop)))
        part = slice(first, last + 1)
        return replace(
            self,
            geometry=replace(self.geometry, start=float(start), stop=float(stop)),
            along=self.along[part],
            light=self.light[:, part],
            light_beside=self.light_beside[:, part],
        )


def sample_band(
    image: np.ndarray,
    geometry: Geometry,
    *,
    rows: tuple[float, float] | None = None,
    beyond: float = 0.0,
) -> Strip:
    """Sample a band of a photo, one column a photo pixel, without a ruler drawn over it.

    Parameters
    ----------
    image : uint8 array of shape (h, w, 3)
    geometry : Geometry
    rows : tuple of float, optional
        Offsets between which the rows inside lie; default all of the band but its fading edge.
    beyond : float
        How far the strip goes on beyond either end, in lengths of the band.
    """
    length = geometry.stop - geometry.start
    more = max(beyond * length, (_SHORTEST_PX - length) / 2) if beyond else 0.0
    along = np.arange(round(geometry.start - more), round(geometry.stop + more) + 1)
    strip = sample_line(image, geometry, along.astype(np.float64), rows=rows)
    drawn = ruler_columns(strip.light)
    if not drawn.any():
        return strip
    light, beside = bridged(strip.light, drawn), bridged(strip.light_beside, drawn)
    return replace(strip, light=light, light_beside=beside)


def sample_line(
    image: np.ndarray,
    geometry: Geometry,
    along: np.ndarray,
    *,
    rows: tuple[float, float] | None = None,
    most: int = _MAX_ROWS,
) -> Strip:
    """Sample a band of a photo at places (n,) along its centre line; as `sample_band`.

    Inside the band are at most `most` rows.
    """
    half = geometry.half_height
    low, high = rows or (-_INSIDE_PART * half, _INSIDE_PART * half)
    count = min(int(np.clip(2 * np.floor((high - low) / 2) + 1, _MIN_ROWS, _MAX_ROWS)), most)
    offset = np.linspace(low, high, count) if high > low else np.array([low])
    near, far = (part * half + px for part, px in zip(_BESIDE_PART, _BESIDE_PX, strict=True))
    one_side = np.linspace(near, far, _ROWS_BESIDE)
    beside = np.concatenate([-one_side[::-1], one_side])
    light = sample(image, geometry, along, np.concatenate([offset, beside]))
    inside, outside = light[: len(offset)], light[len(offset) :]
    return Strip(geometry, along, offset, inside, beside, outside, geometry.size_of(image))
