"""Curves along a band: smoothed, widened, and their peaks measured.

The same figures as `scipy.ndimage` and `scipy.signal` give, by NumPy and OpenCV: importing either
module of SciPy takes longer than identifying a photo.
"""

import cv2
import numpy as np

# A Gaussian is cut off this many standard deviations from its middle.
_REACH_SIGMAS = 4.0


def smoothed(curves: np.ndarray, sigma: float, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
    """Return curves convolved with a Gaussian, of their type.

    Parameters
    ----------
    curves : float32 or float64 array of shape (n,), (n, c) or (k, n, c)
        Of c channels, at most 4, and k examples.
    sigma : float
        Standard deviation, samples.
    border : int
        How OpenCV goes on beyond the ends; by default the outermost samples repeat.
    """
    reach = int(_REACH_SIGMAS * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    rows = curves.reshape(-1, *((len(curves), 1) if curves.ndim == 1 else curves.shape[-2:]))
    blurred = cv2.sepFilter2D(rows, -1, kernel / kernel.sum(), np.ones(1), borderType=border)
    return blurred.reshape(curves.shape)


def widened(curves: np.ndarray, samples: int) -> np.ndarray:
    """Return the largest of `samples` neighbours along curves of shape (n,) or (n, c)."""
    kernel = np.ones((samples, 1), np.uint8)
    columns = np.ascontiguousarray(curves).reshape(len(curves), -1)
    return cv2.dilate(columns, kernel).reshape(curves.shape)


def quantile(values: np.ndarray, part: float) -> np.ndarray:
    """Return a quantile along the first axis, as numpy.quantile does, which takes far longer."""
    place = part * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    ordered = np.partition(values, (low, high), axis=0)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def median(values: np.ndarray) -> np.ndarray:
    """Return the median along the first axis; numpy.median loads numpy.ma, and takes longer."""
    return quantile(values, 0.5)


def maxima(curve: np.ndarray) -> np.ndarray:
    """Return the indices of the local maxima of a curve (n,); of a flat top its middle."""
    change = np.flatnonzero(curve[1:] != curve[:-1])
    first = np.concatenate([[0], change + 1])
    last = np.concatenate([change, [len(curve) - 1]])
    level = curve[first]
    top = np.flatnonzero((level[1:-1] > level[:-2]) & (level[1:-1] > level[2:])) + 1
    return (first[top] + last[top]) // 2


def prominences(curve: np.ndarray, peak: np.ndarray) -> np.ndarray:
    """Return how far peaks rise over the higher of the valleys on either side.

    A valley is the lowest sample before the curve rises above the peak.

    Parameters
    ----------
    curve : float64 array of shape (n,)
    peak : int array of shape (k,)
        All its `maxima`.
    """
    top = curve[peak]
    valley = np.minimum.reduceat(curve, np.concatenate([[0], peak])).tolist()
    heights = top.tolist()
    left = _bases(heights, valley[:-1])
    right = _bases(heights[::-1], valley[:0:-1])[::-1]
    return top - np.maximum(left, right)


def _bases(heights: list[float], valleys: list[float]) -> list[float]:
    """Return the lowest of the valleys before each peak, as far back as the last higher one.

    `valleys` has the one right before each.
    """
    bases, higher = [], []
    for height, base in zip(heights, valleys, strict=True):
        while higher and higher[-1][0] <= height:
            below = higher.pop()[1]
            if below < base:
                base = below
        higher.append((height, base))
        bases.append(base)
    return bases


def slopes_of(curve: np.ndarray, peak: np.ndarray, samples: int) -> np.ndarray:
    """Return a curve's samples from peaks outwards, as far as it stays below each peak.

    What follows, and what lies beyond the curve's ends, is infinite.

    Parameters
    ----------
    curve : float64 array of shape (n,)
    peak : int array of shape (k,)
    samples : int
        How many beside the peak.

    Returns
    -------
    float64 array of shape (2, k, samples + 1)
        To the left and to the right.
    """
    around = np.pad(curve, 1, constant_values=np.inf)
    away = np.multiply.outer((-1, 1), np.arange(samples + 1))[:, None, :]
    sides = around[np.clip(peak[:, None] + 1 + away, 0, len(curve) + 1)]
    sides[np.logical_or.accumulate(sides > curve[peak, None], axis=2)] = np.inf
    return sides


def flanks(slopes: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Return how far from peaks their curve falls to some heights, in samples and parts of them.

    Parameters
    ----------
    slopes : float64 array of shape (2, k, n)
        Of `slopes_of`.
    height : float64 array of shape (..., k)
        Below each peak, and no lower than its valleys.

    Returns
    -------
    float64 array of shape (2, ..., k)
        To the left and to the right.
    """
    slopes = slopes.reshape(2, *(1,) * (height.ndim - 1), *slopes.shape[1:])
    outside = (slopes <= height[..., None]).argmax(axis=-1)[..., None]
    upper, lower = (
        np.take_along_axis(slopes, place, axis=-1)[..., 0] for place in (outside - 1, outside)
    )
    return outside[..., 0] - (height - lower) / (upper - lower)
