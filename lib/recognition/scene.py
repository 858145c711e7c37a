"""What a band shows, as the search for its axis needs it: peaks, colours and the curve's shape.

Places are given as t, from -1 at the first sample to 1 at the last.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from lib.recognition.patterns import (
    COLOUR_NM,
    WIDE_NM,
    colour_evidence,
    flatten_shape,
    is_monochrome,
)
from lib.recognition.peaks import FULL_SCALE, Peaks

# Samples that the shape is compared at; more cost time and say nothing new.
_SHAPE_SAMPLES = 500
_COLOUR_SAMPLES = 40
# Half the span of most bands, nm: only to choose a smoothing that the template has too.
_TYPICAL_HALF_SPAN_NM = 140.0
# Heaviness of the tail of the network's errors.
_HINT_TAIL = 2.5


@dataclass(frozen=True)
class Scene:
    """A band seen with a given end as the blue one.

    Attributes
    ----------
    peaks : Peaks
    t, sigma_t, level, width : float64 of shape (k,)
        Place, standard error, ln(height over the highest) and ln(FWHM over the point spread) of
        each peak.
    limit : float
        ln(detection limit over the highest).
    resolution_t : float
        Point spread (FWHM).
    peak_colour : float64 of shape (k, len(COLOUR_NM))
        Evidence of each peak's colour at each wavelength, nats.
    light_t : float64 of shape (m,)
    light_colour : float64 of shape (m, len(COLOUR_NM))
        The same for lit samples all along the band.
    shape_t, shape : float64 of shape (s,)
        The curve without its slow parts, evened out to local unit variance.
    hint : float64 of shape (h, 3)
        Places, and the wavelength and its standard error that the trace network suggests there.
    monochrome : bool
    """

    peaks: Peaks
    t: np.ndarray
    sigma_t: np.ndarray
    level: np.ndarray
    width: np.ndarray
    limit: float
    resolution_t: float
    peak_colour: np.ndarray
    light_t: np.ndarray
    light_colour: np.ndarray
    shape_t: np.ndarray
    shape: np.ndarray
    hint: np.ndarray
    monochrome: bool

    def colour_at(self, peak: np.ndarray, nm: np.ndarray) -> np.ndarray:
        """Return the colour evidence of peaks at wavelengths, same shape as both."""
        return self.peak_colour[peak, _column(nm)]

    def light_evidence(self, nm: np.ndarray) -> np.ndarray:
        """Return the mean colour evidence of the lit samples at wavelengths, nats.

        Parameters
        ----------
        nm : array of shape (..., m)
        """
        if len(self.light_t) == 0:
            return np.zeros(nm.shape[:-1])
        return self.light_colour[np.arange(len(self.light_t)), _column(nm)].mean(axis=-1)

    def hint_evidence(self, maps: np.ndarray) -> np.ndarray:
        """Return what the network's suggestion says against maps of shape (..., 4): nats, <= 0.

        Errors of neighbouring places go together, and some suggestions are plain wrong: the
        misfit counts once, by Student's t.
        """
        if len(self.hint) == 0:
            return np.zeros(maps.shape[:-1])
        t, nm, error = self.hint.T
        off = (maps @ np.vander(t, 4, increasing=True).T - nm) / error
        return -_HINT_TAIL * np.log1p((off**2).mean(axis=-1) / (2 * _HINT_TAIL))


def _column(nm: np.ndarray) -> np.ndarray:
    step = COLOUR_NM[1] - COLOUR_NM[0]
    return np.clip(np.round((nm - COLOUR_NM[0]) / step).astype(int), 0, len(COLOUR_NM) - 1)


def make_scene(peaks: Peaks, rgb: np.ndarray, hint: np.ndarray) -> Scene:
    """Return the scene of a profile of shape (n, 3), its peaks (at least one) and a hint (h, 3)."""
    rgb = np.asarray(rgb, np.float64)
    samples = len(rgb)
    half = (samples - 1) / 2
    top = peaks.height.max()
    light = np.clip(rgb - np.quantile(rgb, 0.05, axis=0), 0.0, None)
    monochrome = is_monochrome(peaks.colour) and is_monochrome(light)
    light_t, light_colour = _lit_colours(light, rgb, monochrome)
    shape_t, shape = _shape(light, peaks.point_spread)
    colour = colour_evidence(peaks.colour, COLOUR_NM)
    return Scene(
        peaks=peaks,
        t=peaks.place / half - 1,
        sigma_t=peaks.sigma / half,
        level=np.log(peaks.height / top),
        width=np.log(np.maximum(peaks.fwhm / peaks.point_spread, 0.5)),
        limit=float(np.log(min(peaks.detection_limit / top, 0.5))),
        resolution_t=peaks.point_spread / half,
        peak_colour=np.zeros_like(colour) if monochrome else colour,
        light_t=light_t,
        light_colour=light_colour,
        shape_t=shape_t,
        shape=shape,
        hint=hint,
        monochrome=monochrome,
    )


def _lit_colours(
    light: np.ndarray, rgb: np.ndarray, monochrome: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return places and colour evidence of samples that are lit and not blinded."""
    samples = len(light)
    brightest = light.max(axis=1)
    # Under a fifth of the brightest, haze and noise colour the light; clipped light turns white.
    usable = (brightest > 0.2 * brightest.max()) & (brightest > 12.0)
    usable &= rgb.max(axis=1) < 0.97 * FULL_SCALE
    index = np.flatnonzero(usable)
    if monochrome or len(index) < 3:
        return np.zeros(0), np.zeros((0, len(COLOUR_NM)))
    index = index[np.unique(np.linspace(0, len(index) - 1, _COLOUR_SAMPLES).astype(int))]
    return index / ((samples - 1) / 2) - 1, colour_evidence(light[index], COLOUR_NM)


def _shape(light: np.ndarray, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Return places and the evened-out curve; see `patterns.flatten_shape`."""
    samples = len(light)
    curve = np.sqrt(light.sum(axis=1))
    step = max(1.0, samples / _SHAPE_SAMPLES)
    if step > 1:
        curve = gaussian_filter1d(curve, 0.4 * step, mode="nearest")
    place = np.arange(0, samples - 1 + 1e-9, step)
    curve = np.interp(place, np.arange(samples), curve)
    wide = WIDE_NM / _TYPICAL_HALF_SPAN_NM * (samples - 1) / 2
    return place / ((samples - 1) / 2) - 1, flatten_shape(curve, spread / step, wide / step)
