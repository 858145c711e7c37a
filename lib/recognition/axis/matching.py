"""Which peak is which line: those that lie where the reading puts a line, about as strong.

Peaks and lines are matched one to one and in order, as wavelengths grow along a band. The
dispersion curve is fitted to the reading and the matched lines together, and both are done again as
the curve becomes surer.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lib.recognition.axis.dispersion import Dispersion, Points, fit_dispersion
from lib.recognition.axis.patterns import Pattern, pattern_of
from lib.recognition.axis.peaks import Peaks
from lib.recognition.curves import median

_ROUNDS = 4
# Peaks as bright as the brightest that have nothing to do with the lamp's lines, per nm:
# reflections, ripples, other gases; of fainter peaks there are more, by this power of the height.
_STRAY_PER_NM, _FAINTER_STRAYS = 0.03, 1.2
# Spread of ln(height) between what a line list promises and a photo shows.
_LEVEL_SPREAD = 0.9
_LEVEL_WORST = 5.0
_MISSED_WORST, _STRAY_WORST, _WIDTH_WORST = 4.0, 3.0, 3.0
# Spread of ln(width) of wide peaks over their lines' width; clipping widens peaks.
_WIDTH_SLACK, _WIDTH_SPREAD = 0.3, 0.5
# What no curve follows, nm: lens distortion, channels that disagree.
_CURVE_ERROR_NM = 0.06
# Peaks further than this many standard errors from a line are not matched.
_REACH_SIGMAS = 3.5
# What explaining all of the light is worth, nats, between two lists (of 342 simulated triphosphor
# tubes 316 are matched by their own list, without it 306; of 297 mercury lamps no more by CFLs').
_LIGHT_WORTH = 10.0
# Cameras with an infrared filter see nothing from here on.
_INFRARED_NM = 770.0


@dataclass(frozen=True)
class Match:
    """Lines laid on peaks; arrays of shape (m,) but for the last two.

    Attributes
    ----------
    lamp : str
        Line lists, joined by "+".
    pattern : Pattern
    peak, line : int arrays
        Indices into the peaks and into the pattern.
    points : Points
        Of the matched lines.
    fit : Dispersion
        To the reading and the lines.
    explained : float
        The matched peaks' part of the height of all peaks.
    worth : float
        What the matches say over what none would, less what lines that are missed say, nats.
    """

    lamp: str
    pattern: Pattern
    peak: np.ndarray
    line: np.ndarray
    points: Points
    fit: Dispersion
    explained: float
    worth: float


def match_lines(
    peaks: Peaks,
    samples: int,
    reading: Points,
    start: Dispersion,
    lamp: str,
    seen_nm: tuple[float, float] | None = None,
) -> Match | None:
    """Lay a lamp's lines on peaks; None if none is where the reading allows.

    Parameters
    ----------
    peaks : Peaks
        Of a profile with this number of `samples`, blue first.
    reading : Points
        What the reader reads.
    start : Dispersion
        Fitted to it.
    lamp : str
        Line lists, joined by "+".
    seen_nm : tuple of float, optional
        Wavelengths between which lines are seen if they are there; by default those of the peaks.
    """
    half = (samples - 1) / 2
    t = peaks.place / half - 1
    infrared = bool(start.nm_at(t).max(initial=0.0) > _INFRARED_NM)
    fit, pairs = start, None
    for _ in range(_ROUNDS):
        steepness = np.maximum(fit.steepness_at(t), 1e-3)
        place_nm = peaks.sigma / half * steepness
        resolution_nm = peaks.point_spread / half * float(median(steepness))
        nm, error = fit.nm_at(t), np.hypot(fit.error_at(t), place_nm)
        pattern = pattern_of(lamp, resolution_nm, infrared=infrared)
        span = seen_nm or (float(nm.min()), float(nm.max()))
        worth = _worth(peaks, pattern, nm, error, span)
        peak, line = best_pairs(worth)
        if len(peak) == 0:
            return None
        own = np.sqrt(place_nm[peak] ** 2 + pattern.sigma_nm[line] ** 2 + _CURVE_ERROR_NM**2)
        points = Points(t[peak], pattern.nm[line], own)
        fit = fit_dispersion(reading, points, start)
        before, pairs = pairs, (pattern.resolution_nm, peak.tolist(), line.tolist())
        if pairs == before:
            break
    explained = float(peaks.height[peak].sum() / peaks.height.sum())
    nm = fit.nm_at(t)
    span = seen_nm or (float(nm.min()), float(nm.max()))
    missed = _missed(peaks, pattern, span)[pattern.likely].sum()
    total = float(worth[peak, line].sum() - missed)
    return Match(lamp, pattern, peak, line, points, fit, explained, total)


def best_match(matches: Iterable[Match | None]) -> Match | None:
    """Return the likeliest of what several lists made of the same peaks; None if none made any.

    A list of few lines misses few, whatever else shines. So light that a list leaves unexplained
    counts against it.
    """
    made = (match for match in matches if match)
    return max(made, key=lambda one: one.worth + _LIGHT_WORTH * one.explained, default=None)


def best_pairs(worth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of rows and columns, both in order, that are worth the most together.

    Each row and each column is in one pair at most, and none is worth nothing or less. By dynamic
    programming: rows so far and columns so far have a best sum, which one more of either can raise.

    Parameters
    ----------
    worth : float64 array of shape (k, m)
        Of each pair.

    Returns
    -------
    row, column : int arrays of shape (p,)
        Ascending.
    """
    best = np.zeros((len(worth) + 1, worth.shape[1] + 1))
    for before, after, row in zip(best, best[1:], worth, strict=False):
        np.maximum(before[1:], before[:-1] + row, out=after[1:])
        np.maximum.accumulate(after, out=after)
    pairs = []
    columns = worth.shape[1]
    for row in reversed(range(len(worth))):
        # As few columns as give the same sum: the last one is in a pair, or was with fewer rows.
        columns = int(best[row + 1].searchsorted(best[row + 1, columns]))
        if best[row + 1, columns] > best[row, columns]:
            columns -= 1
            pairs.append((row, columns))
    row, column = np.array(pairs[::-1], int).reshape(-1, 2).T
    return row, column


def _worth(
    peaks: Peaks,
    pattern: Pattern,
    peak_nm: np.ndarray,
    error_nm: np.ndarray,
    span_nm: tuple[float, float],
) -> np.ndarray:
    """Return what each pair of peak and line says over leaving both alone, nats, shape (k, m)."""
    sigma = np.sqrt(error_nm[:, None] ** 2 + pattern.sigma_nm**2 + _CURVE_ERROR_NM**2)
    level = np.log(peaks.height / peaks.height.max())
    width = np.log(np.maximum(peaks.fwhm / peaks.point_spread, 0.5))
    off = peak_nm[:, None] - pattern.nm
    expected = _expected(pattern, span_nm)
    density = np.exp(-0.5 * (off / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
    stray = _STRAY_PER_NM * np.exp(-_FAINTER_STRAYS * level)[:, None]
    gain = np.log(density / stray + 1e-6)
    mismatch = (level[:, None] - expected) / _LEVEL_SPREAD
    gain -= 0.5 * np.minimum(mismatch**2, _LEVEL_WORST)
    wide = width[:, None] - np.log(pattern.fwhm_nm / pattern.resolution_nm) - _WIDTH_SLACK
    gain -= 0.5 * np.minimum((np.maximum(wide, 0.0) / _WIDTH_SPREAD) ** 2, _WIDTH_WORST)
    gain += _missed(peaks, pattern, span_nm) + _stray_cost(level, width)[:, None]
    gain[np.abs(off) > _REACH_SIGMAS * sigma] = -np.inf
    return np.where(np.isfinite(gain), gain, -1e3)


def _expected(pattern: Pattern, span_nm: tuple[float, float]) -> np.ndarray:
    """Return each line's expected level: the brightest inside the band is as high as any peak."""
    inside = (pattern.nm > span_nm[0] - 15) & (pattern.nm < span_nm[1] + 15)
    brightest = pattern.level[inside].max() if inside.any() else 0.0
    return np.minimum(pattern.level - brightest, 0.3)


def _missed(peaks: Peaks, pattern: Pattern, span_nm: tuple[float, float]) -> np.ndarray:
    """Return what each line costs that is not seen, nats: nothing if too faint, or outside."""
    limit = np.log(min(peaks.detection_limit / peaks.height.max(), 0.5))
    z = (_expected(pattern, span_nm) - limit) / _LEVEL_SPREAD
    # Logistic stand-in for the normal tail: ln(1 - P(seen)).
    cost = np.minimum(np.logaddexp(0.0, 1.7 * (z - 0.5)), _MISSED_WORST)
    return cost * ((pattern.nm > span_nm[0] - 5) & (pattern.nm < span_nm[1] + 5))


def _stray_cost(level: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Return what a peak that no line explains costs, by its height, nats."""
    # A peak several times as wide as the instrument's is a phosphor or a reflection, not a line.
    narrow = np.exp(-2.0 * np.maximum(width - 0.7, 0.0))
    return _STRAY_WORST * np.exp(0.8 * level) * narrow
