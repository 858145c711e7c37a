"""Which rows of a straightened band to use: those whose lines agree."""

import numpy as np

from lib.recognition.curves import median
from lib.recognition.straighten import brightest_channel
from lib.recognition.strip import Strip

_GROUPS = 5
# A row agrees that correlates with the sharpest group of rows at least so well, relative to that
# group's own rows: the other half of a divided slit, shifted by a line's width, falls below.
_AGREEMENT = 0.75
# Rows that disagree between rows that agree are a drawn line or dust, not the end of the band.
_LARGEST_GAP, _LARGEST_GAP_PART = 2, 1 / 16
# Of a band this low no rows are left out.
_LOWEST_PX = 10.0


def clean_rows(strip: Strip) -> slice:
    """Return the rows of a strip, its bends refined, whose lines agree."""
    count = len(strip.offset)
    everything = slice(0, count)
    if np.ptp(strip.offset) < _LOWEST_PX:
        return everything
    rows = brightest_channel(strip.light).astype(np.float32)
    rows = rows - rows.mean(axis=1, keepdims=True)
    length = np.sqrt((rows**2).sum(axis=1))
    if not length.any():
        return everything
    groups = np.array_split(np.arange(count), _GROUPS)
    means = np.stack([rows[group].mean(axis=0) for group in groups])
    best = int(np.argmax((np.diff(means, axis=1) ** 2).sum(axis=1)))
    reference = means[best] / max(float(np.sqrt((means[best] ** 2).sum())), 1e-6)
    agreement = rows @ reference / np.maximum(length, 1e-6)
    enough = agreement >= _AGREEMENT * median(agreement[groups[best]])
    gap = max(_LARGEST_GAP, round(_LARGEST_GAP_PART * count))
    first, last = _run(enough, groups[best], gap)
    return slice(first, last + 1)


def _run(enough: np.ndarray, seed: np.ndarray, gap: int) -> tuple[int, int]:
    """First and last row reached from `seed` over gaps of at most `gap` rows."""
    first, last = int(seed[0]), int(seed[-1])
    good = np.flatnonzero(enough)
    for row in good[good > last]:
        if row - last > gap + 1:
            break
        last = int(row)
    for row in good[good < first][::-1]:
        if first - row > gap + 1:
            break
        first = int(row)
    return first, last
