"""The geometry of a band: from places in a straight strip to places in the photo, exactly.

Along the dispersion a place is named by the photo coordinate on the band's centre line (x of a
horizontal band, y of a vertical one), so that a wavelength axis fitted in the strip is one in the
photo. Slanted and
curved lines are followed: a place `v` pixels off the centre line is looked up `lean * v + smile *
v**2` further along.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from lib.polynomials import in_scaled, slope_at, value_at

# OpenCV's remap counts the columns that it writes in 16 bits.
_MAX_PLACES = 30_000


@dataclass(frozen=True)
class Geometry:
    """How a band lies in the photo, in a frame whose first coordinate runs along the dispersion.

    For a horizontal band (along, across) is the photo's (x, y), for a vertical one (y, x).
    Coordinates are those of pixel centres: the first pixel's centre is 0.

    Attributes
    ----------
    axis : str
        "horizontal" or "vertical".
    start, stop : float
        The band's ends: photo coordinate along the centre line, of the outermost pixel centres.
    centre : tuple of float
        Ascending powers of the along coordinate giving the across coordinate of the centre line.
    half_height : float
        Half the band's extent across, pixels.
    lean, smile : float
        Along-shift of a spectral line per pixel off the centre line, and per square pixel.
    """

    axis: str
    start: float
    stop: float
    centre: tuple[float, ...]
    half_height: float
    lean: float = 0.0
    smile: float = 0.0

    def across(self, along: np.ndarray) -> np.ndarray:
        """Return the across coordinate of the centre line at `along`, float64."""
        return value_at(self.centre, np.asarray(along, np.float64))

    def slope(self) -> float:
        """Return across pixels per along pixel of the centre line at the band's middle."""
        return slope_at(self.centre, (self.start + self.stop) / 2)

    def size_of(self, image: np.ndarray) -> tuple[int, int]:
        """Return how many pixels a photo (h, w, ...) has along the band and across it."""
        height, width = image.shape[:2]
        return (width, height) if self.axis == "horizontal" else (height, width)

    def scaled(self, along: float, across: float) -> "Geometry":
        """Return the geometry in a photo enlarged by these factors along the band and across.

        Coordinates are those of pixel centres: the photo's edge is at -0.5 in both.
        """
        first, *others = in_scaled(self.centre, (along - 1) / 2, along)
        return replace(
            self,
            start=along * self.start + (along - 1) / 2,
            stop=along * self.stop + (along - 1) / 2,
            centre=(across * first + (across - 1) / 2, *(across * one for one in others)),
            half_height=across * self.half_height,
            lean=self.lean * along / across,
            smile=self.smile * along / across**2,
        )

    def moved(self, along: float, across: float) -> "Geometry":
        """Return the geometry in a photo of which this one's was cut out at a corner."""
        first, *others = in_scaled(self.centre, along, 1.0)
        return replace(
            self,
            start=self.start + along,
            stop=self.stop + along,
            centre=(first + across, *others),
        )

    def meets(self, other: "Geometry") -> bool:
        """Return whether two bands of one direction share rows, were they as long as both."""
        return self.off(other) < self.half_height + other.half_height

    def off(self, other: "Geometry") -> float:
        """Return how far apart two bands' centre lines lie, in the middle of both, pixels."""
        middle = (max(self.start, other.start) + min(self.stop, other.stop)) / 2
        return abs(float(self.across(middle) - other.across(middle)))

    def place(self, along: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return photo x and y of the strip's places.

        Parameters
        ----------
        along : array of shape (n,)
            Photo coordinate on the centre line.
        offset : array of shape (m,)
            Pixels off the centre line, along the photo's across axis.

        Returns
        -------
        x, y : float64 arrays of shape (m, n)
        """
        (x_along, x_off), (y_along, y_off) = self._parts(along, offset)
        return x_along + x_off[:, None], y_along + y_off[:, None]

    def _parts(self, along: np.ndarray, offset: np.ndarray) -> tuple:
        """Return photo x and y of the strip's places, each as what columns (n,) and rows (m,) add.

        All rows run alike: each is the centre line, moved as a whole.
        """
        along, offset = np.asarray(along, np.float64), np.asarray(offset, np.float64)
        parts = (
            (along, self.lean * offset + self.smile * offset**2),
            (self.across(along), offset),
        )
        return parts if self.axis == "horizontal" else parts[::-1]


def sample(
    image: np.ndarray, geometry: Geometry, along: np.ndarray, offset: np.ndarray
) -> np.ndarray:
    """Return the photo at the strip's places by linear interpolation, edge pixels repeated.

    Parameters
    ----------
    image : array of shape (h, w) or (h, w, c)
    geometry : Geometry
    along, offset : arrays of shape (n,) and (m,)
        See `Geometry.place`.

    Returns
    -------
    array of shape (m, n) or (m, n, c), of the image's type
    """
    if len(along) > _MAX_PLACES:
        parts = np.array_split(along, -(-len(along) // _MAX_PLACES))
        return np.concatenate([sample(image, geometry, part, offset) for part in parts], axis=1)
    x_parts, y_parts = geometry._parts(along, offset)
    height, width = image.shape[:2]
    left, right = _reach(x_parts, width)
    top, bottom = _reach(y_parts, height)
    # remap counts source pixels in 16 bits, so only the part of the photo that is read goes in.
    return cv2.remap(
        image[top:bottom, left:right],
        _sums(x_parts, left),
        _sums(y_parts, top),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _reach(parts: tuple[np.ndarray, np.ndarray], size: int) -> tuple[int, int]:
    """Return the pixels, half-open, of `size` that hold all sums of two arrays."""
    first, second = parts
    low = int(np.floor(first.min() + second.min())) - 1
    high = int(np.ceil(first.max() + second.max())) + 2
    low = min(max(low, 0), size - 1)
    return low, max(min(high, size), low + 1)


def _sums(parts: tuple[np.ndarray, np.ndarray], origin: int) -> np.ndarray:
    """Return the sums of arrays (n,) and (m,) less `origin`, float32 (m, n)."""
    columns, rows = parts
    return (columns - origin).astype(np.float32) + rows.astype(np.float32)[:, None]


def brightest_channel(strip: np.ndarray) -> np.ndarray:
    """Return the brightest channel of a strip (m, n, 3), as (m, n) of its type.

    Three times as fast as the maximum over an axis of three.
    """
    return np.maximum(np.maximum(strip[..., 0], strip[..., 1]), strip[..., 2])


def mean_across(strip: np.ndarray) -> np.ndarray:
    """Return the mean row of a strip (m, n, c), uint8, as float32 (n, c).

    Three times as fast as numpy's mean.
    """
    rows, *shape = strip.shape
    mean = cv2.reduce(strip.reshape(rows, -1), 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F)
    return mean.reshape(shape)


def sorted_across(strip: np.ndarray) -> np.ndarray:
    """Return the rows of a strip (m, n, c) in order at each sample, as int32 (n, c, m).

    Ten times as fast as sorting bytes in place: numpy sorts neighbouring numbers of 32 bits with
    the processor's vector instructions.
    """
    ordered = np.moveaxis(strip, 0, -1).astype(np.int32, order="C")
    ordered.sort(axis=-1)
    return ordered
