"""nnSIC's way of cropping, re-implemented from its description as a reference to compare with.

It takes the dispersion to be horizontal: a Gaussian is fitted to the row maxima of the grey
picture, its middle is the band's centre; the crop begins where the blue channel rises and ends
where the red one has fallen. There is no refusal, and no direction unless `flip` is asked for,
which turns the strip round when its left half is redder than its right one.
"""

import warnings

import cv2
import numpy as np
from scipy.optimize import OptimizeWarning, curve_fit

_ROWS = 15
# Part of a channel's range, along the centre rows, above which light counts as present.
_RISE = 0.1


def nnsic_band(image: np.ndarray, *, flip: bool = False) -> tuple | None:
    """Return (x0, y0, x1, y1, axis, blue_end) for an upright RGB photo, uint8 (h, w, 3)."""
    height, width = image.shape[:2]
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    centre = _gaussian_centre(grey.max(axis=1).astype(float))
    top = int(np.clip(round(centre) - _ROWS // 2, 0, max(height - _ROWS, 0)))
    strip = image[top : top + _ROWS].mean(axis=0)
    turned = flip and _redder_left(strip)
    if turned:
        strip = strip[::-1]
    x0, x1 = _first_above(strip[:, 2]), width - _first_above(strip[::-1, 0])
    if x1 - x0 < 2:
        x0, x1 = 0, width
    if turned:
        x0, x1 = width - x1, width - x0
    bottom = min(top + _ROWS, height)
    return x0, top, x1, bottom, "horizontal", "right" if turned else "left"


def _gaussian_centre(rows: np.ndarray) -> float:
    y = np.arange(len(rows), dtype=float)
    guess = (np.ptp(rows), float(rows.argmax()), len(rows) / 8, rows.min())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OptimizeWarning)
            fitted, _ = curve_fit(
                lambda y, a, m, s, c: a * np.exp(-0.5 * ((y - m) / s) ** 2) + c, y, rows, p0=guess
            )
    except (RuntimeError, TypeError):
        return guess[1]
    return float(np.clip(fitted[1], 0, len(rows) - 1))


def _first_above(channel: np.ndarray) -> int:
    level = channel.min() + _RISE * np.ptp(channel)
    return int(np.argmax(channel > level))


def _redder_left(strip: np.ndarray) -> bool:
    redness = strip[:, 0] - strip[:, 2]
    half = len(redness) // 2
    return redness[:half].mean() > redness[half:].mean()
