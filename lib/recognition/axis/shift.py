"""Whether a photo's lines lie where an instrument's axis has them, or how far beside."""

from dataclasses import dataclass, replace

import numpy as np

from lib.recognition.axis.axis import WavelengthAxis
from lib.recognition.axis.line_lists import line_lists_of
from lib.recognition.axis.patterns import lines_of
from lib.recognition.axis.peaks import find_lines
from lib.recognition.band import BandProfile
from lib.recognition.curves import median, quantile

# Lines have not moved if they lie closer to the axis than this, or than this many errors of the
# shift.
_UNMOVED_PX, _UNMOVED_SIGMAS = 0.3, 2.0
# The smallest error of one line's place, pixels.
_LINE_PX = 0.2
# A camera that was touched moves its spectrum by a few pixels; further, and it sees another angle.
_MAX_PART = 0.06
# After the shift is undone, lines may still be off by this many standard errors of both axes, or by
# this many nm: blends and a few wrongly matched lines are up to 1.5 nm off.
_MAX_LEFT_SIGMAS, _MIN_LEFT_NM = 3.0, 0.6
# Part of the lines that must be that close.
_LEFT_QUANTILE = 0.8
# Fewer lines may fit by chance wherever they lie.
_MIN_LINES = 3
# Peaks this part as high as the highest show what shines, and lines this part as strong as the
# strongest of a lamp explain them. Those that every camera sees lie between these wavelengths.
_HIGH_PART, _STRONG_PART, _SEEN_NM = 0.2, 0.01, (430.0, 660.0)
# Peaks lie this near to the lines that they are, beside three errors of the axis and this part of
# their width: a touched camera and blends move them.
_NEAR_NM, _NEAR_PART = 1.5, 0.35


@dataclass(frozen=True)
class Shift:
    """By how much light lies at greater coordinates than in the lamp photo, and its error.

    Attributes
    ----------
    px, error_px : float
    """

    px: float
    error_px: float


def find_shift(axis: WavelengthAxis, own: WavelengthAxis) -> Shift | None:
    """Return the shift of a photo's own lines against an instrument's axis; None if there is none.

    Parameters
    ----------
    axis : WavelengthAxis
        The instrument's.
    own : WavelengthAxis
        Of the photo's own lines, one or more.
    """
    px, nm = np.array([(line.px, line.nm) for line in own.lines]).T
    slope = _slope_at(axis, px)
    off_px = (axis.nm_at(px) - nm) / slope
    shift = float(median(off_px))
    left_px = float(quantile(np.abs(off_px - shift), _LEFT_QUANTILE))
    error = float(np.hypot(left_px, _LINE_PX) / np.sqrt(len(px)))
    known = [float(median(one.standard_error_nm(px))) for one in (axis, own)]
    allowed = max(_MAX_LEFT_SIGMAS * float(np.hypot(*known)), _MIN_LEFT_NM)
    if left_px * float(median(np.abs(slope))) > allowed:
        return None
    if abs(shift) < max(_UNMOVED_PX, _UNMOVED_SIGMAS * error):
        return Shift(0.0, 0.0)
    if len(px) < _MIN_LINES:
        return None
    length = axis.range_px[1] - axis.range_px[0]
    return Shift(shift, error) if abs(shift) <= _MAX_PART * length else None


def apply_shift(axis: WavelengthAxis, shift: Shift) -> WavelengthAxis:
    """Return an axis for light that lies `shift` beside where it lay, and as much less sure."""
    if not shift.px:
        return replace(axis, shift_px=0.0)
    return replace(less_sure(axis.moved(shift.px), shift.error_px), shift_px=shift.px)


def less_sure(axis: WavelengthAxis, error_px: float) -> WavelengthAxis:
    """Return an axis for light whose place along the band has a standard error more."""
    spread = np.asarray(axis.covariance, np.float64).copy()
    middle = float(np.mean(axis.range_px))
    spread[0, 0] += (error_px * float(_slope_at(axis, np.array([middle]))[0])) ** 2
    covariance = tuple(tuple(float(value) for value in row) for row in spread)
    return replace(axis, covariance=covariance)


def _slope_at(axis: WavelengthAxis, px: np.ndarray) -> np.ndarray:
    return (axis.nm_at(px + 0.5) - axis.nm_at(px - 0.5)).astype(np.float64)


def likeness(axis: WavelengthAxis, profile: BandProfile, lamp: str) -> float:
    """Return how far a light's lines are those of a lamp, by the wavelengths of an instrument.

    Parameters
    ----------
    axis : WavelengthAxis
        The instrument's.
    profile : BandProfile
        Of the light.
    lamp : str
        As of `lib.recognition.axis.line_lists.line_lists_of`.

    Returns
    -------
    float
        The lesser of two parts: of the high peaks, by height, those that are lines of the lamp; and
        of the lamp's lines, by strength, those that are seen. 1 for light without peaks.
    """
    peaks = find_lines(profile.rgb)
    if not len(peaks):
        return 1.0
    px = np.interp(peaks.place, np.arange(len(profile.position)), profile.position)
    nm, step = axis.nm_at(px), abs(profile.position[1] - profile.position[0])
    width_nm = peaks.fwhm * step * np.abs(_slope_at(axis, px))
    near = _NEAR_NM + 3 * axis.standard_error_nm(px) + _NEAR_PART * width_nm
    high = peaks.height * (peaks.height >= _HIGH_PART * peaks.height.max())
    start, stop = max(min(axis.range_nm), _SEEN_NM[0]), min(max(axis.range_nm), _SEEN_NM[1])
    found = [0.0]
    for lists in line_lists_of(lamp):
        lines = lines_of(lists)
        lines = lines.select(lines.intensity >= _STRONG_PART * lines.intensity.max())
        meets = np.abs(lines.nm[:, None] - nm) - lines.fwhm_nm[:, None] / 2 <= near
        strength = lines.intensity * ((lines.nm > start) & (lines.nm < stop))
        explained = float(high @ meets.any(axis=0)) / float(high.sum())
        seen = float(strength @ meets.any(axis=1)) / max(float(strength.sum()), 1e-9)
        found.append(min(explained, seen))
    return max(found)
