"""Rulers that programs draw over a spectrum: equally spaced thin lines, as tall as the picture.

Screenshots show them. Their lines are sharper than those of any lamp. Left in, they are taken for
lines of the lamp.
"""

import numpy as np

from lib.recognition.straighten import brightest_channel

# A drawn line differs by more than this from both its neighbours, display levels.
_LEAST_STEP = 4.0
# This many rows are enough to look at: a drawn line crosses all of them.
_ROWS = 9
# Lines of a ruler are at least the first distance apart, pixels. They are rounded to whole pixels.
# So a third line may lie the second distance from where two others lead, and each line the third
# distance from a smooth scale.
_CLOSEST_PX, _NEXT_PX, _OFF_PX = 12, 2, 1.0
# A ruler shows at least this many lines, at this part of its places within the band. They are at
# least this part of all thin lines there.
_FEWEST_LINES, _FILLED, _OF_ALL = 8, 0.6, 0.5
# Lines next to each other that a spectrum's own may hide.
_MOST_HIDDEN = 2
# Nearest first.
_NEARBY = sorted(range(-_NEXT_PX, _NEXT_PX + 1), key=abs)


def ruler_columns(light: np.ndarray) -> np.ndarray:
    """Return which columns of a strip show a line of a ruler, bool (n,).

    Parameters
    ----------
    light : uint8 array of shape (rows, n, 3)
        One column a photo pixel.
    """
    drawn = np.zeros(light.shape[1], bool)
    thin = _thin_columns(light)
    if _FEWEST_LINES <= len(thin) <= len(drawn) / _CLOSEST_PX:
        drawn[_ruler_among(thin)] = True
    return drawn


def bridged(light: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return light (rows, n, 3) whose drawn columns (n,) are the mean of their neighbours."""
    column, kept = np.flatnonzero(drawn), np.flatnonzero(~drawn)
    after = np.searchsorted(kept, column)
    left, right = kept[np.maximum(after - 1, 0)], kept[np.minimum(after, len(kept) - 1)]
    whole = light.copy()
    whole[:, drawn] = (light[:, left].astype(np.uint16) + light[:, right]) // 2
    return whole


def _thin_columns(light: np.ndarray) -> np.ndarray:
    """Return the columns that stand out from both neighbours in most rows, in order."""
    rows = light[:: max(1, len(light) // _ROWS)].astype(np.int16)
    middle = rows[:, 1:-1]
    low = np.minimum(rows[:, :-2], rows[:, 2:])
    high = np.maximum(rows[:, :-2], rows[:, 2:])
    step = brightest_channel(np.maximum(middle - high, low - middle))
    thin = 1 + np.flatnonzero((step > _LEAST_STEP).mean(axis=0) > 0.5)
    # Noise and the flanks of steep lines come in heaps.
    gap = np.diff(thin, prepend=-_CLOSEST_PX, append=light.shape[1] + _CLOSEST_PX)
    return thin[(gap[:-1] > _NEXT_PX) & (gap[1:] > _NEXT_PX)]


def _ruler_among(place: np.ndarray) -> np.ndarray:
    """Return the lines of the ruler on which most of the sorted places (n,) lie; empty without it.

    A ruler in nanometres has distances that grow or shrink slowly along it.
    """
    chain, number = _longest_chain(place.tolist())
    for _ in range(2):
        if len(chain) < _FEWEST_LINES:
            return place[:0]
        scale = np.polynomial.Polynomial.fit(chain, number, 2)
        number = np.round(scale(place))
        on = np.abs(scale(place) - number) <= _OFF_PX * np.abs(scale.deriv()(place))
        chain, number = place[on], number[on]
    lines = len(np.unique(number))
    if lines < max(_FEWEST_LINES, _FILLED * (np.ptp(number) + 1)) or on.mean() < _OF_ALL:
        return place[:0]
    # Lines that the spectrum hides are drawn too.
    every = np.arange(number.min(), number.max() + 1)
    place_of = np.polynomial.Polynomial.fit(number, chain, 2)
    return np.union1d(chain, np.round(place_of(every)).astype(int))


def _longest_chain(place: list[int]) -> tuple[list[int], list[int]]:
    """Return the longest run of sorted places whose distances hardly change, and their numbers."""
    known, best = set(place), ([], [])
    used: set[tuple[int, int]] = set()
    for i, first in enumerate(place):
        for second in place[i + 1 :]:
            distance: float = second - first
            if distance < _CLOSEST_PX or (first, second) in used:
                continue
            chain, number = [first, second], [0, 1]
            while found := _following(chain[-1], distance, known):
                line, steps = found
                used.add((chain[-1], line))
                distance = (line - chain[-1]) / steps
                chain.append(line)
                number.append(number[-1] + steps)
            best = max(best, (chain, number), key=lambda one: len(one[0]))
    return best


def _following(last: int, distance: float, known: set[int]) -> tuple[int, int] | None:
    """Return the next line of a ruler and how many steps ahead it is; None at the ruler's end.

    Lines of the spectrum may hide some in between.
    """
    for steps in range(1, _MOST_HIDDEN + 2):
        ahead = round(last + steps * distance)
        for off in _NEARBY:
            if ahead + off in known:
                return ahead + off, steps
    return None
