"""Which rows of a straightened band to use: those whose lines agree."""

import numpy as np

from lib.recognition.straighten import Geometry, brightest_channel, sample

# The outermost part of a band on either side is its fading edge.
_CLEAN_PART = 0.85
_MAX_ROWS = 33
_GROUPS = 5
# A row agrees that correlates with the sharpest group of rows at least so well, relative to that
# group's own rows: the other half of a divided slit, shifted by a line's width, falls below.
_AGREEMENT = 0.75
# Rows that disagree between rows that agree are a drawn line or dust, not the end of the band.
_LARGEST_GAP = 2


def clean_rows(image: np.ndarray, geometry: Geometry) -> tuple[float, float]:
    """Return the offsets from the centre line between which the band's rows agree.

    Parameters
    ----------
    image : uint8 array of shape (h, w, 3)
    geometry : Geometry
        With its bends refined.
    """
    reach = _CLEAN_PART * geometry.half_height
    count = int(np.clip(2 * np.floor(reach) + 1, 1, _MAX_ROWS))
    if count < 2 * _GROUPS:
        return -reach, reach
    offset = np.linspace(-reach, reach, count)
    along = np.arange(round(geometry.start), round(geometry.stop) + 1, dtype=np.float64)
    rows = brightest_channel(sample(image, geometry, along, offset)).astype(np.float32)
    rows = rows - rows.mean(axis=1, keepdims=True)
    length = np.sqrt((rows**2).sum(axis=1))
    if not length.any():
        return -reach, reach
    groups = np.array_split(np.arange(count), _GROUPS)
    means = np.stack([rows[group].mean(axis=0) for group in groups])
    best = int(np.argmax((np.diff(means, axis=1) ** 2).sum(axis=1)))
    reference = means[best] / max(float(np.sqrt((means[best] ** 2).sum())), 1e-6)
    agreement = rows @ reference / np.maximum(length, 1e-6)
    enough = agreement >= _AGREEMENT * np.median(agreement[groups[best]])
    first, last = _run(enough, groups[best])
    step = offset[1] - offset[0]
    return max(-reach, offset[first] - step / 2), min(reach, offset[last] + step / 2)


def _run(enough: np.ndarray, seed: np.ndarray) -> tuple[int, int]:
    """First and last row reached from `seed` over gaps of at most `_LARGEST_GAP` rows."""
    first, last = int(seed[0]), int(seed[-1])
    good = np.flatnonzero(enough)
    for row in good[good > last]:
        if row - last > _LARGEST_GAP + 1:
            break
        last = int(row)
    for row in good[good < first][::-1]:
        if first - row > _LARGEST_GAP + 1:
            break
        first = int(row)
    return first, last
