"""Where clipping has cut the top off a curve's peaks, and how much of it.

A peak that clips for a moment at its very top has kept its height. What a longer plateau hides is
told by its flanks: if a peak of Gaussian shape is cut to a plateau of width c, and is w wide at
half of the plateau's height, its true top is higher by the factor 2 ** (c² / (w² - c²)). The flanks
are those of the channel that clips: of broad light the others go on where it falls.
"""

from dataclasses import dataclass

import numpy as np

# A peak has lost its height if this part of it is hidden. Where clipping is told by a plateau,
# the top twentieth of any peak counts as clipped.
_LOST_PART = 0.1


@dataclass(frozen=True)
class CutPeak:
    """A peak whose top is cut off.

    Attributes
    ----------
    first, last : int
        The samples of its plateau.
    lost : float
        Part of its true height that is hidden, 0 to 1; an estimate.
    """

    first: int
    last: int
    lost: float


def cut_peaks(rgb: np.ndarray, clipped: np.ndarray) -> list[CutPeak]:
    """Return the peaks that have lost a considerable part of their height, in order.

    Parameters
    ----------
    rgb : float array of shape (n, 3)
        Light above the background.
    clipped : bool array of shape (n,)
        Samples of which some channel has clipped.
    """
    edges = np.flatnonzero(np.diff(clipped, prepend=False, append=False)).reshape(-1, 2)
    cut = []
    for first, stop in edges.tolist():
        channel = int(np.median(rgb[first:stop], axis=0).argmax())
        lost = _lost_part(rgb[:, channel], first, stop)
        if lost >= _LOST_PART:
            cut.append(CutPeak(first, stop - 1, lost))
    return cut


def _lost_part(curve: np.ndarray, first: int, stop: int) -> float:
    """Return the part of a peak's height that a plateau from `first` to before `stop` hides."""
    faint = curve < np.median(curve[first:stop]) / 2
    before = np.flatnonzero(faint[:first])
    after = np.flatnonzero(faint[stop:])
    # A peak that leaves the curve before it has fallen to half is at least as wide.
    low = before[-1] + 1 if len(before) else 0
    high = stop + after[0] if len(after) else len(curve)
    plateau, width = stop - first, high - low
    if width <= plateau:
        return 1.0
    return 1.0 - 2.0 ** -(plateau**2 / (width**2 - plateau**2))
