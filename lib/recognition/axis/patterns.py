"""What a lamp's spectrum looks like through an instrument: the peaks to expect.

Lines closer than the instrument resolves are one peak, at the place where one would measure it;
so a lamp's expected peaks are computed from its line list and the measured resolution, and
measured with the same ruler as the photo's (`peaks.find_lines_in_curve`).
"""

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from lib.lines import LineList, line_list
from lib.recognition.axis.peaks import find_lines_in_curve
from lib.recognition.curves import smoothed

# Where cameras see anything of a lamp, nm; beyond 780 nm those without infrared filter.
SEEN_NM = (360.0, 1000.0)
_FWHM_PER_SIGMA = 2.3548

# Brightness of a flat spectrum in the brightest channel of a colour camera, encoded sRGB counts
# removed: sensor quantum efficiency, infrared cut filter and colour matrix, rounded. Only ranks
# lines, so a factor of two either way does no harm.
_RESPONSE_NM = (380, 395, 405, 420, 440, 480, 500, 600, 640, 670, 700, 720, 780)
_RESPONSE = (0.03, 0.12, 0.25, 0.60, 1.00, 0.80, 0.70, 1.00, 0.75, 0.35, 0.10, 0.04, 0.01)
# Resolutions looked at beside the likely one, in fifths of an octave; peaks of theirs nearer than
# this part of the resolution to one that is there already are no others.
_STEPS = (0, -4, 3)
_SAME_PEAK = 0.3
# How far a blend may shift, in parts of its lines' spread.
_BLEND = 0.3
# Phosphors' peaks shift with their host crystal, nm: terbium is used in several.
_HOST_NM = {"Tb3+": 0.6, "Eu3+": 0.3, "N2": 0.3, "N2+": 0.3}
# Cameras encode light to the power 1/2.2, with a foot that lifts faint lines less.
_ENCODING_POWER = 0.55


@dataclass(frozen=True)
class Pattern:
    """The peaks that a lamp shows at some resolution, by wavelength; arrays of shape (m,).

    Attributes
    ----------
    nm : float64
        Place of each peak.
    sigma_nm : float64
        How far the place may be off: blends shift with the strengths of their lines, and the
        bands of phosphors and molecules with their surroundings.
    level : float64
        Natural logarithm of the expected height in a photo; the highest is 0.
    fwhm_nm : float64
        Width in a photo.
    likely : bool
        Whether the peak is one at the likely resolution; the others are blends' parts, or blends.
    names : tuple of str
        The strongest emitter in each peak.
    resolution_nm : float
        The instrument's resolution (FWHM) that this is the pattern at.
    """

    nm: np.ndarray
    sigma_nm: np.ndarray
    level: np.ndarray
    fwhm_nm: np.ndarray
    likely: np.ndarray
    names: tuple[str, ...]
    resolution_nm: float

    def __len__(self) -> int:
        """Return the number of peaks."""
        return len(self.nm)


def pattern_of(lamp: str, resolution_nm: float, *, infrared: bool = False) -> Pattern:
    """Return the peaks of a lamp as an instrument of about a given resolution shows them.

    Lines in one part of a band may be sharper than in another: blends are there as blends, and
    as the lines that a finer resolution shows. Patterns are kept at resolutions a fifth of an
    octave apart: finer steps move no blend by more than its own uncertainty.

    Parameters
    ----------
    lamp : str
        Line lists, joined by "+".
    resolution_nm : float
        Full width at half maximum of a sharp line.
    infrared : bool
        Whether the camera has no infrared filter.
    """
    step = round(5 * np.log2(np.clip(resolution_nm, 0.15, 40.0)))
    return _pattern_at(lamp, step, infrared)


@functools.lru_cache(maxsize=512)
def _pattern_at(lamp: str, step: int, infrared: bool) -> Pattern:
    likely, *others = (_pattern(lamp, 2.0 ** ((step + by) / 5), infrared) for by in _STEPS)
    for other in others:
        apart = np.abs(other.nm[:, None] - likely.nm).min(axis=1, initial=np.inf)
        likely = _joined(likely, other, np.flatnonzero(apart > _SAME_PEAK * likely.resolution_nm))
    return likely


def _joined(pattern: Pattern, other: Pattern, extra: np.ndarray) -> Pattern:
    """Return a pattern with some peaks of another, in order of wavelength."""
    fields = ("nm", "sigma_nm", "level", "fwhm_nm", "likely")
    columns = [
        np.concatenate([getattr(pattern, name), getattr(other, name)[extra]]) for name in fields
    ]
    columns[-1][len(pattern) :] = False
    names = (*pattern.names, *(other.names[k] for k in extra))
    order = np.argsort(columns[0], kind="stable")
    return Pattern(
        *(column[order] for column in columns),
        names=tuple(names[k] for k in order),
        resolution_nm=pattern.resolution_nm,
    )


def lines_of(lamp: str) -> LineList:
    """Return the lines of one list, or of several joined by "+", in order of wavelength."""
    lists = [line_list(name) for name in lamp.split("+")]
    nm, intensity, fwhm = (
        np.concatenate([getattr(lines, field) for lines in lists])
        for field in ("nm", "intensity", "fwhm_nm")
    )
    names = tuple(name for lines in lists for name in lines.names)
    return LineList(nm, intensity, fwhm, names).select(np.argsort(nm, kind="stable"))


@functools.lru_cache(maxsize=512)
def _pattern(lamp: str, resolution_nm: float, infrared: bool) -> Pattern:
    lines = lines_of(lamp)
    lines = lines.select((lines.nm > SEEN_NM[0]) & (lines.nm < SEEN_NM[1]))
    step = max(resolution_nm / 8, 0.04)
    nm = np.arange(SEEN_NM[0] - 5, SEEN_NM[1] + 5, step)
    curve = _light(lines, nm, resolution_nm) * response(nm, infrared=infrared)
    encoded = (curve / curve.max()) ** _ENCODING_POWER
    place, fwhm, _ = find_lines_in_curve(encoded, 0.012)
    peak_nm = nm[0] + step * place
    # Each line's part in each peak.
    width = np.hypot(resolution_nm, lines.fwhm_nm)[:, None]
    offset = lines.nm[:, None] - peak_nm
    shares = (
        lines.intensity[:, None] / width * np.exp(-0.5 * (offset / width * _FWHM_PER_SIGMA) ** 2)
    )
    shares /= np.maximum(shares.sum(axis=0), 1e-12)
    spread = np.sqrt((shares * offset**2).sum(axis=0))
    broad = (shares * lines.fwhm_nm[:, None]).sum(axis=0)
    host = np.array([_HOST_NM.get(name.split()[0], 0.0) for name in lines.names])
    shift = (shares * host[:, None]).sum(axis=0)
    return Pattern(
        nm=peak_nm,
        sigma_nm=np.sqrt(0.03**2 + (_BLEND * spread) ** 2 + (0.10 * broad) ** 2 + shift**2),
        level=np.log(np.interp(place, np.arange(len(nm)), encoded)),
        fwhm_nm=fwhm * step,
        likely=np.ones(len(place), bool),
        names=tuple(lines.names[i] for i in shares.argmax(axis=0)),
        resolution_nm=resolution_nm,
    )


def _light(lines: LineList, nm: np.ndarray, resolution_nm: float) -> np.ndarray:
    """Return the light at wavelengths (n,): Gaussians, or molecular bands from their heads."""
    step = nm[1] - nm[0]
    width = np.hypot(resolution_nm, lines.fwhm_nm)
    height = lines.intensity / width
    is_band = np.array([name.startswith("N2") for name in lines.names], bool)
    curve = np.zeros(len(nm))
    for head, high, extent in zip(
        *(of[is_band] for of in (lines.nm, height, lines.fwhm_nm)), strict=True
    ):
        # A sharp head, and a tail of its listed extent to the violet.
        end = np.searchsorted(nm, head, "right")
        curve[:end] += high * np.exp((nm[:end] - head) / extent)
    curve = smoothed(curve, resolution_nm / _FWHM_PER_SIGMA / step, cv2.BORDER_REFLECT)
    # NumPy's unique loads numpy.ma.
    for one in sorted(set(width[~is_band].tolist())):
        alike = ~is_band & (width == one)
        reach = int(2.2 * one / step) + 1
        place = (lines.nm[alike, None] - nm[0]) / step
        index = place.astype(int) + np.arange(-reach, reach + 1)
        light = np.exp(-0.5 * ((index - place) * step / one * _FWHM_PER_SIGMA) ** 2)
        inside = (index >= 0) & (index < len(nm))
        np.add.at(curve, index[inside], (height[alike, None] * light)[inside])
    return curve


def response(nm: np.ndarray, *, infrared: bool = False) -> np.ndarray:
    """Return the relative sensitivity of a typical colour camera, any shape.

    Without a filter, `infrared`, silicon's falls slowly to 1000 nm.
    """
    filtered = np.interp(nm, _RESPONSE_NM, _RESPONSE)
    return np.maximum(filtered, np.interp(nm, (600, 1000), (1.0, 0.1))) if infrared else filtered
