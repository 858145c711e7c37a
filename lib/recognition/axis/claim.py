"""What an axis may claim, and how its error grows, by what its outermost lines alone say.

A line at the end of an axis is checked by no other: taken for its neighbour, it bends the curve as
it pleases and makes it look sure. So the curve is fitted again without the first and without the
last line. By as much as these fits differ, the error grows. An instrument, which holds for other
lights, claims nothing where they are not sure.
"""

from collections.abc import Callable, Sequence

import numpy as np

from lib.recognition.axis.axis import WavelengthAxis
from lib.recognition.axis.dispersion import (
    UNIT_PLACES,
    Dispersion,
    Points,
    fit_dispersion,
    powers_of,
)
from lib.recognition.curves import median

# Places along a claim at which its error is looked at.
_PLACES = 101
# Fewer lines than this leave nothing that could check the others.
_FEWEST = 2


def fits_without_ends(
    reading: Points, lines: Points, fit: Dispersion, checked: np.ndarray | None = None
) -> list[Dispersion]:
    """Return the curve without its first line and without its last.

    Parameters
    ----------
    reading, lines : Points
        What `fit` was fitted to.
    fit : Dispersion
    checked : bool array, optional
        Lines that need no check, as they are known; by default none.
    """
    fits = []
    for end in (int(lines.t.argmin()), int(lines.t.argmax())):
        if checked is not None and checked[end]:
            continue
        kept = np.arange(len(lines.t)) != end
        if kept.sum() + len(reading.t) < _FEWEST:
            continue
        rest = Points(lines.t[kept], lines.nm[kept], lines.sigma_nm[kept])
        fits.append(fit_dispersion(reading, rest, fit))
    return fits


def difference(fit: Dispersion, other: Dispersion, t: np.ndarray) -> np.ndarray:
    """Return how far another fit lies from a fit at places t, nm: what the error grows by."""
    return other.nm_at(t) - fit.nm_at(t)


def added_covariance(
    errors: Sequence[Callable[[np.ndarray], np.ndarray]], ends: tuple[float, float], count: int
) -> np.ndarray:
    """Return the covariance, (count, count), of a polynomial between two t that errors add."""
    _, inverse = powers_of(count - 1)
    t = (ends[0] + ends[1]) / 2 + (ends[1] - ends[0]) / 2 * UNIT_PLACES
    columns = np.array([inverse @ error(t) for error in errors])
    return columns.T @ columns


def largest_error_nm(axis: WavelengthAxis) -> float:
    """Return the largest standard error of an axis over what it claims, nm: its one headline."""
    return float(_errors(axis).max())


def middle_error_nm(axis: WavelengthAxis) -> float:
    """Return the standard error that an axis keeps under over half of what it claims, nm."""
    return float(median(_errors(axis)))


def _errors(axis: WavelengthAxis) -> np.ndarray:
    return axis.standard_error_nm(np.linspace(*axis.range_px, _PLACES))
