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


def widened(curve: np.ndarray, samples: int) -> np.ndarray:
    """Return the largest of `samples` neighbours at each sample of a curve (n,)."""
    return cv2.dilate(np.ascontiguousarray(curve)[None], np.ones((1, samples), np.uint8))[0]


def maxima(curve: np.ndarray) -> np.ndarray:
    """Return the indices of the local maxima of a curve (n,); of a flat top its middle."""
    change = np.flatnonzero(curve[1:] != curve[:-1])
    first = np.concatenate([[0], change + 1])
    last = np.concatenate([change, [len(curve) - 1]])
    level = curve[first]
    top = np.flatnonzero((level[1:-1] > level[:-2]) & (level[1:-1] > level[2:])) + 1
    return (first[top] + last[top]) // 2


def prominences(curve: np.ndarray, peak: np.ndarray, window: int | None = None) -> np.ndarray:
    """Return how far peaks rise over the higher of the valleys on either side.

    A valley is the lowest sample before the curve rises above the peak, within half the window.

    Parameters
    ----------
    curve : float64 array of shape (n,)
    peak : int array of shape (k,)
    window : int, optional
        Samples; by default all.
    """
    if len(peak) == 0:
        return np.zeros(0)
    half = len(curve) if window is None else window // 2
    top = curve[peak]
    high, low = _spans(curve, half + 1, np.maximum), _spans(curve, half + 1, np.minimum)
    first = _run(high, peak, np.maximum(peak - half, 0), -1, lambda level: level <= top)
    last = _run(high, peak, np.minimum(peak + half, len(curve) - 1), 1, lambda level: level <= top)
    return top - np.maximum(_least(low, first, peak), _least(low, peak, last))


def flanks(
    curve: np.ndarray, peak: np.ndarray, height: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return where a curve falls to some heights on either side of peaks.

    Parameters
    ----------
    curve : float64 array of shape (n,)
    peak : int array of shape (k,)
    height : float64 array of shape (..., k)
        Below each peak, and no lower than its valleys.

    Returns
    -------
    left, right : float64 arrays of the shape of `height`
        Samples and parts of them.
    """
    if len(peak) == 0:
        return np.zeros(height.shape), np.zeros(height.shape)
    low = _spans(curve, len(curve), np.minimum)
    start = np.broadcast_to(peak, height.shape)
    ends = []
    for side, rim in ((-1, 0), (1, len(curve) - 1)):
        inside = _run(low, start, np.full(height.shape, rim), side, lambda level: level > height)
        outside = np.clip(inside + side, 0, len(curve) - 1)
        fall = np.maximum(curve[inside] - curve[outside], 1e-300)
        part = np.where(outside == inside, 0.0, (curve[inside] - height) / fall)
        ends.append(inside + side * part)
    return ends[0], ends[1]


def _spans(curve: np.ndarray, longest: int, extreme: np.ufunc) -> np.ndarray:
    """Return the extreme of the next 1, 2, 4 ... samples from each on, up to `longest`.

    Of spans that pass the end, nothing is said.
    """
    spans = [curve]
    while (length := 2 ** (len(spans) - 1)) * 2 <= min(longest, len(curve)):
        longer = spans[-1].copy()
        longer[:-length] = extreme(longer[:-length], spans[-1][length:])
        spans.append(longer)
    return np.array(spans)


def _run(spans: np.ndarray, start: np.ndarray, rim: np.ndarray, side: int, goes_on) -> np.ndarray:
    """Return how far to one side (-1 or 1) of some samples all extremes fulfil a condition."""
    at = start
    for power in reversed(range(len(spans))):
        step = 1 << power
        there = at + side * step
        within = there >= rim if side < 0 else there <= rim
        first = np.where(within, there if side < 0 else at + 1, 0)
        at = np.where(within & goes_on(spans[power][first]), there, at)
    return at


def _least(low: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the least sample from `first` to `last`, both included."""
    power = np.minimum(np.log2(last - first + 1).astype(int), len(low) - 1)
    return np.minimum(low[power, first], low[power, last + 1 - (1 << power)])
