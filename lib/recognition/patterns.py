"""What a lamp's spectrum looks like through an instrument: the peaks to expect, and their colour.

Lines closer than the instrument resolves are one peak, at the place where one would measure it;
so a lamp's expected peaks are computed from its line list and the measured resolution, and
measured with the same ruler as the photo's (`peaks.find_lines_in_curve`).
"""

import functools
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from lib.lines import LineList, line_list
from lib.recognition.peaks import find_lines_in_curve

# Where cameras see anything of a lamp, nm.
VISIBLE_NM = (380.0, 780.0)
_FWHM_PER_SIGMA = 2.3548

# Brightness of a flat spectrum in the brightest channel of a colour camera, encoded sRGB counts
# removed: sensor quantum efficiency, infrared cut filter and colour matrix, rounded. Only ranks
# lines, so a factor of two either way does no harm.
_RESPONSE_NM = (380, 395, 405, 420, 440, 480, 500, 600, 640, 670, 700, 720, 780)
_RESPONSE = (0.03, 0.12, 0.25, 0.60, 1.00, 0.80, 0.70, 1.00, 0.75, 0.35, 0.10, 0.04, 0.01)
# Cameras encode light to the power 1/2.2, with a foot that lifts faint lines less.
_ENCODING_POWER = 0.55

# ln(red/green) and ln(blue/green) of monochromatic light: Bayer sensors with crosstalk after a
# typical colour matrix, each channel lifted by 6 % of the brightest (see `colour_ratios`).
_COLOUR_NM = (380, 405, 420, 440, 470, 485, 500, 515, 545, 565, 578, 588, 600, 615, 640, 680, 780)
_RED_GREEN = (
    0.3,
    0.1,
    -0.1,
    -0.3,
    -0.7,
    -1.3,
    -1.7,
    -1.9,
    -2.1,
    -1.3,
    -0.7,
    0.1,
    1.0,
    1.6,
    2.0,
    2.1,
    1.5,
)
_BLUE_GREEN = (
    1.5,
    1.9,
    2.0,
    2.0,
    1.8,
    1.1,
    0.3,
    -0.8,
    -1.8,
    -2.0,
    -1.8,
    -1.5,
    -1.0,
    -0.4,
    0.2,
    0.5,
    0.5,
)
# Spread between cameras, white balances and degrees of saturation.
_COLOUR_SPREAD = 0.85
# Wavelengths that colour evidence is tabulated at, nm.
COLOUR_NM = np.arange(380.0, 781.0, 2.0)
# Local variance of a curve's shape is evened out over this (standard deviation of a Gaussian), nm.
WIDE_NM = 20.0
# A wrong colour (blinded sensor, reflection) costs no more than this, nats.
_COLOUR_WORST = 4.5


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
    names : tuple of str
        The strongest emitter in each peak.
    resolution_nm : float
        The instrument's resolution (FWHM) that this is the pattern at.
    """

    nm: np.ndarray
    sigma_nm: np.ndarray
    level: np.ndarray
    fwhm_nm: np.ndarray
    names: tuple[str, ...]
    resolution_nm: float

    def __len__(self) -> int:
        """Return the number of peaks."""
        return len(self.nm)


def pattern_of(lamp: str, resolution_nm: float) -> Pattern:
    """Return the peaks of a lamp as an instrument of a given resolution (FWHM, nm) shows them.

    Patterns are kept at resolutions a fifth of an octave apart: finer steps move no blend by
    more than its own uncertainty.
    """
    step = round(5 * np.log2(np.clip(resolution_nm, 0.15, 40.0)))
    return _pattern(lamp, 2.0 ** (step / 5))


@functools.lru_cache(maxsize=512)
def _pattern(lamp: str, resolution_nm: float) -> Pattern:
    lines = line_list(lamp)
    lines = lines.select((lines.nm > VISIBLE_NM[0]) & (lines.nm < VISIBLE_NM[1]))
    nm, curve, parts = _spectrum(lines, resolution_nm)
    encoded = (curve / curve.max()) ** _ENCODING_POWER
    place, fwhm, _ = find_lines_in_curve(encoded, 0.012)
    peak_nm = np.interp(place, np.arange(len(nm)), nm)
    index = np.clip(np.round(place).astype(int), 0, len(nm) - 1)
    shares = parts[:, index] / np.maximum(parts[:, index].sum(axis=0), 1e-12)
    offset = lines.nm[:, None] - peak_nm
    spread = np.sqrt((shares * offset**2).sum(axis=0))
    width = (shares * lines.fwhm_nm[:, None]).sum(axis=0)
    main = shares.argmax(axis=0)
    return Pattern(
        nm=peak_nm,
        sigma_nm=np.sqrt(0.03**2 + (0.18 * spread) ** 2 + (0.10 * width) ** 2),
        level=np.log(encoded[index]),
        fwhm_nm=fwhm * (nm[1] - nm[0]),
        names=tuple(lines.names[i] for i in main),
        resolution_nm=resolution_nm,
    )


def _spectrum(lines: LineList, resolution_nm: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return wavelengths, the seen spectrum, and each line's part in it, shape (lines, n)."""
    step = max(resolution_nm / 8, 0.04)
    nm = np.arange(VISIBLE_NM[0] - 5, VISIBLE_NM[1] + 5, step)
    width = np.hypot(resolution_nm, lines.fwhm_nm)
    shape = _line_shape(nm, lines, width, resolution_nm)
    parts = (lines.intensity / width)[:, None] * shape * response(nm)
    return nm, parts.sum(axis=0), parts


def _line_shape(
    nm: np.ndarray, lines: LineList, width: np.ndarray, resolution_nm: float
) -> np.ndarray:
    """Return each line's profile of unit height, shape (lines, n): Gaussians, or band heads."""
    distance = nm - lines.nm[:, None]
    sigma = width[:, None] / _FWHM_PER_SIGMA
    shape = np.exp(-0.5 * (distance / sigma) ** 2)
    heads = np.array([name.startswith("N2") for name in lines.names])
    if heads.any():
        # A molecular band: sharp head, exponential tail of its listed extent to the violet.
        tail = np.exp(np.minimum(distance[heads], 0) / lines.fwhm_nm[heads, None])
        tail[distance[heads] > 0] = 0
        smooth = resolution_nm / _FWHM_PER_SIGMA / (nm[1] - nm[0])
        shape[heads] = gaussian_filter1d(tail, smooth, axis=1)
    return shape


@functools.lru_cache(maxsize=512)
def _template(lamp: str, step: int) -> tuple[np.ndarray, np.ndarray]:
    resolution_nm = 2.0 ** (step / 5)
    lines = line_list(lamp)
    lines = lines.select((lines.nm > VISIBLE_NM[0]) & (lines.nm < VISIBLE_NM[1]))
    nm, curve, _ = _spectrum(lines, resolution_nm)
    curve = (curve / curve.max()) ** _ENCODING_POWER
    step_nm = nm[1] - nm[0]
    # The photo's curve is compared after a square root; the encoding has taken one already.
    return nm, flatten_shape(np.sqrt(curve), resolution_nm / step_nm, WIDE_NM / step_nm)


def template_of(lamp: str, resolution_nm: float) -> tuple[np.ndarray, np.ndarray]:
    """Return wavelengths and the evened-out shape of a lamp's spectrum at a resolution."""
    return _template(lamp, round(5 * np.log2(np.clip(resolution_nm, 0.15, 40.0))))


def flatten_shape(curve: np.ndarray, spread: float, wide: float) -> np.ndarray:
    """Return what is left of a curve without its slow parts, at unit variance everywhere.

    What sensors, phosphors and flare do to a spectrum is slow; the lamp's lines and bands are not.

    Parameters
    ----------
    curve : array of shape (n,)
    spread : float
        Point spread (FWHM), samples: slower than twice that is taken off.
    wide : float
        Over what the variance is evened out, samples.
    """
    detail = curve - gaussian_filter1d(curve, 2.0 * spread, mode="nearest")
    # A twentieth of the strongest detail is not worth amplifying.
    floor = 0.05 * np.abs(detail).max() + 1e-9
    return detail / np.sqrt(gaussian_filter1d(detail**2, wide, mode="nearest") + floor**2)


def response(nm: np.ndarray) -> np.ndarray:
    """Return the relative sensitivity of a typical colour camera, any shape."""
    return np.interp(nm, _RESPONSE_NM, _RESPONSE)


def colour_ratios(colour: np.ndarray) -> np.ndarray:
    """Return ln(red/green) and ln(blue/green), shape (k, 2), of colours of shape (k, 3).

    Each channel is lifted by 6 % of the brightest and by two counts, so that noise in a dark
    channel does not become a colour.
    """
    colour = np.asarray(colour, np.float64)
    lifted = colour + 0.06 * colour.max(axis=1, keepdims=True) + 2.0
    return np.log(lifted[:, [0, 2]] / lifted[:, [1]])


def colour_evidence(colour: np.ndarray, nm: np.ndarray) -> np.ndarray:
    """Return how much likelier each colour is at each wavelength than at a wavelength unknown.

    Parameters
    ----------
    colour : array of shape (k, 3)
        Red, green and blue light.
    nm : array of shape (m,)

    Returns
    -------
    float64 array of shape (k, m)
        Natural logarithm of the likelihood ratio; zero throughout for a monochrome photo.
    """
    ratios = colour_ratios(colour)
    if len(colour) == 0 or is_monochrome(colour):
        return np.zeros((len(colour), len(nm)))
    anywhere = _colour_log_likelihood(ratios, np.arange(390.0, 711.0, 5.0))
    mean = np.log(np.exp(anywhere).mean(axis=1, keepdims=True))
    return _colour_log_likelihood(ratios, np.asarray(nm)) - mean


def is_monochrome(colour: np.ndarray) -> bool:
    """Tell whether red, green and blue are the same everywhere."""
    return bool(np.abs(colour_ratios(colour)).max(initial=0.0) < 0.15)


def _colour_log_likelihood(ratios: np.ndarray, nm: np.ndarray) -> np.ndarray:
    red = ratios[:, :1] - np.interp(nm, _COLOUR_NM, _RED_GREEN)
    blue = ratios[:, 1:] - np.interp(nm, _COLOUR_NM, _BLUE_GREEN)
    return np.maximum(-0.5 * (red**2 + blue**2) / _COLOUR_SPREAD**2, -_COLOUR_WORST)
