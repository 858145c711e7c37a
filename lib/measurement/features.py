"""Peaks of a measured spectrum: lines, broad bands, and dips, with what they may be lines of.

A peak counts if noise, as it scatters along the spectrum, rises as high at less than
`lib.measurement.noise.FALSE_LINES` places of a spectrum.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d, median_filter
from scipy.signal import find_peaks, peak_widths, savgol_filter

from lib.measurement.emitters import Emitter, emitters_of
from lib.measurement.measuring import ABSORBANCE, TRANSMISSION, Spectrum
from lib.measurement.noise import rise, rises_by_chance, smoothed
from lib.recognition.axis.peaks import FULL_SCALE, Peaks, find_lines

# A peak is broad, not a line, from this width on, nm, and so many times the instrument's own.
_BROAD_NM, _BROAD_TIMES = 6.0, 1.8
# Where nobody knows the instrument's resolution it is that of the sharpest peak, and at most this:
# an LED alone is no line.
_ASSUMED_NM = 6.0
# Broad bands are looked for in a curve smoothed by this, nm; they rise by this part of its range.
_SMOOTH_NM, _BROAD_PART = 3.0, 0.08
_FWHM_PER_SIGMA = 2.3548
# Lines within a broad band are its ripples if they are lower than this part of it.
_RIPPLE = 0.12
# Lines are at least so wide, in the instrument's own.
_NARROWEST = 0.4
# Peaks fainter than this part of the brightest are not listed.
_FAINTEST = 0.004
# Fewer samples in one piece are no spectrum.
_FEWEST = 24
# Line lists are ranked by what photos show, whose tone curve is about this power.
_DISPLAY_GAMMA = 2.2
# A line is so much wider under that curve than in linear light.
_DISPLAY_WIDTH = 1.4
# Light beside a dip is a cubic over this stretch, nm, of medians over half of it: where one channel
# takes over from another it follows. It is at least this part of the brightest, and no line shines
# within the stretch, which is at least so many times the instrument's resolution.
_BESIDE_NM, _LEAST_BESIDE, _BESIDE_TIMES = 20.0, 0.05, 4.0
# The light beside a dip is fitted by a polynomial of this degree, this many widths of the dip to
# either side. A dip must be this many times as deep as the scatter about the fit.
_VALLEY_WIDTHS, _VALLEY_DEGREE, _OVER_MISSED = 3.0, 4, 4.0
# Light is a continuum if its smooth course holds this part of it; a line of a continuum owes at
# least this part of its height to itself.
_CONTINUUM_PART, _OWN_PART = 0.9, 0.5


@dataclass(frozen=True)
class Feature:
    """A peak, or a dip.

    Attributes
    ----------
    nm, error_nm : float
        Place and its standard error.
    fwhm_nm : float
        Full width at half maximum, the instrument's own included.
    height : float
        Above its feet, in the spectrum's quantity; of a dip its depth, as part of the light beside
        it. Of transmission and absorbance the value there.
    centroid_nm : float
        Mean wavelength of a broad band's upper half; of a line its place.
    broad : bool
    clipped : bool
    claimed : bool
        Whether it lies where the axis' error holds.
    dip : bool
    emitters : tuple of Emitter
        The most probable first.
    """

    nm: float
    error_nm: float
    fwhm_nm: float
    height: float
    centroid_nm: float
    broad: bool
    clipped: bool
    claimed: bool = True
    dip: bool = False
    emitters: tuple[Emitter, ...] = ()


def find_features(spectrum: Spectrum, resolution_nm: float | None = None) -> list[Feature]:
    """Return the peaks and dips of a spectrum by wavelength, lines with their emitters.

    Light has lines, broad bands, and, of a continuum, absorption lines; transmission has maxima and
    minima, absorbance maxima.

    Parameters
    ----------
    spectrum : Spectrum
    resolution_nm : float, optional
        Full width at half maximum of the instrument's sharpest lines; by default that of the
        sharpest peaks at hand, within reason.
    """
    find = _EXTREMES.get(spectrum.quantity, _of_light)
    found = [one for piece in _pieces(spectrum) for one in find(piece, resolution_nm)]
    return sorted(found, key=lambda feature: feature.nm)


def _pieces(spectrum: Spectrum) -> list[Spectrum]:
    """Return the stretches of a spectrum in which every sample is known."""
    known = np.isfinite(spectrum.intensity) & np.isfinite(spectrum.noise)
    edges = np.flatnonzero(np.diff(known, prepend=False, append=False)).reshape(-1, 2)
    pieces = (slice(first, stop) for first, stop in edges if stop - first >= _FEWEST)
    return [spectrum.part(piece) for piece in pieces]


def _of_light(spectrum: Spectrum, resolution_nm: float | None) -> list[Feature]:
    """Return lines, broad bands and absorption lines of light."""
    shown = np.maximum(spectrum.rgb, 0.0) / max(float(spectrum.rgb.max()), 1e-9)
    peaks = find_lines(FULL_SCALE * shown ** (1 / _DISPLAY_GAMMA))
    resolution_nm = resolution_nm or _sharpest_nm(peaks, spectrum)
    smooth = _without_lines(spectrum, resolution_nm)
    light, kept_light = np.maximum(spectrum.intensity, 0.0), np.minimum(spectrum.intensity, smooth)
    is_continuum = kept_light.clip(0.0).sum() > _CONTINUUM_PART * max(float(light.sum()), 1e-12)
    # Absorption lines part a continuum's bands.
    whole = replace(spectrum, intensity=smooth) if is_continuum else spectrum
    bands = _broad_bands(whole, _least_broad(resolution_nm / _DISPLAY_WIDTH))
    lines = _lines(peaks, spectrum, resolution_nm, wider=_DISPLAY_WIDTH)
    top = max((one.height for one in (*lines.values(), *bands)), default=0.0)
    excess = spectrum.intensity - smooth
    kept = {
        k: line
        for k, line in lines.items()
        if line.height >= _FAINTEST * top
        and not any(_is_ripple(line, band) for band in bands)
        # Between two absorption lines a continuum is no line.
        and not (is_continuum and excess[round(peaks.place[k])] < _OWN_PART * line.height)
    }
    shining = _with_emitters(kept, peaks, spectrum)
    dips = _absorption_lines(spectrum, smooth, resolution_nm, shining) if is_continuum else []
    return [*bands, *shining, *dips]


def _maxima(spectrum: Spectrum, resolution_nm: float | None) -> list[Feature]:
    """Return the maxima of a curve, each with the curve's value as its height."""
    reach = _SMOOTH_NM / _FWHM_PER_SIGMA / _step(spectrum)
    smooth = gaussian_filter1d(spectrum.intensity, reach, mode="nearest")
    shown = FULL_SCALE * (smooth - smooth.min()) / max(float(np.ptp(smooth)), 1e-12)
    peaks = find_lines(np.repeat(shown[:, None], 3, axis=1))
    resolution_nm = resolution_nm or _sharpest_nm(peaks, spectrum)
    bands = _broad_bands(spectrum, _least_broad(resolution_nm))
    lines = _lines(peaks, spectrum, resolution_nm).values()
    lines = [one for one in lines if not any(_is_ripple(one, band) for band in bands)]
    return [
        replace(one, height=float(np.interp(one.nm, spectrum.nm, smooth)))
        for one in (*bands, *lines)
    ]


def _maxima_and_minima(spectrum: Spectrum, resolution_nm: float | None) -> list[Feature]:
    """Return the maxima of a curve, and its minima as dips."""
    turned = replace(spectrum, intensity=-spectrum.intensity)
    minima = (replace(one, height=-one.height, dip=True) for one in _maxima(turned, resolution_nm))
    return [*_maxima(spectrum, resolution_nm), *minima]


# How what is no light is looked at.
_EXTREMES = {ABSORBANCE: _maxima, TRANSMISSION: _maxima_and_minima}


def _without_lines(spectrum: Spectrum, resolution_nm: float) -> np.ndarray:
    """Return the smooth course of light, without what is as narrow as lines."""
    stretch = max(_BESIDE_NM, _BESIDE_TIMES * resolution_nm)
    length = min(max(round(stretch / _step(spectrum)), 7), len(spectrum.nm) - 2) | 1

    def smooth(curve: np.ndarray) -> np.ndarray:
        medians = median_filter(curve, length // 2 | 1, mode="nearest")
        return savgol_filter(medians, length, 3)

    # Medians fill a valley, as where one channel takes over from another: by as much as they fill
    # that of the course itself.
    course = smooth(spectrum.intensity)
    return 2 * course - smooth(course)


def _absorption_lines(
    spectrum: Spectrum, beside: np.ndarray, resolution_nm: float, lines: list[Feature]
) -> list[Feature]:
    """Return the dips of a continuum below its smooth course, away from lines that shine."""
    lit = beside > max(_LEAST_BESIDE * float(spectrum.intensity.max()), 0.0)
    for line in lines:
        lit &= np.abs(spectrum.nm - line.nm) > _BESIDE_NM
    # Where a channel is clipped, and a width beside, its course is not known.
    reach = round(resolution_nm / _step(spectrum))
    lit &= ~maximum_filter1d(spectrum.clipped.any(axis=1), 2 * reach + 1)
    if not lit.any():
        return []
    depth = np.where(lit, 1 - spectrum.intensity / np.where(lit, beside, 1.0), 0.0)
    peaks = find_lines(FULL_SCALE * np.repeat(np.clip(depth, 0.0, 1.0)[:, None], 3, axis=1))
    # A minimum of the light itself, and not only where its course bends: the flanks of an LED, and
    # where one channel takes over from another, have no dip.
    minima = _lines(peaks, replace(spectrum, intensity=-spectrum.intensity), resolution_nm)
    deep = _lines(peaks, replace(spectrum, intensity=depth * beside), resolution_nm)
    found = [k for k in minima if k in deep]
    narrow = _are_narrow(spectrum, peaks.place[found], peaks.fwhm[found], resolution_nm)
    dips = {
        k: replace(minima[k], dip=True, height=float(depth[round(peaks.place[k])]))
        for k, is_narrow in zip(found, narrow, strict=True)
        if is_narrow
    }
    return _with_emitters(dips, peaks, spectrum, absorption=True)


def _are_narrow(
    spectrum: Spectrum, places: np.ndarray, fwhm: np.ndarray, resolution_nm: float
) -> list[bool]:
    """Return which dips are no part of a smooth valley, as between the two humps of a white LED.

    The light beside a dip is taken for a polynomial that bends within a few of the dip's widths.
    All dips are fitted with it at once, as Gaussians. One counts only if it is deep against the
    scatter that is left.

    Parameters
    ----------
    spectrum : Spectrum
    places, fwhm : float64 arrays of shape (k,)
        Of the dips, samples.
    resolution_nm : float
    """
    samples = np.arange(len(spectrum.nm))
    width = np.maximum(fwhm, resolution_nm / _step(spectrum))
    lines = np.exp(-4 * np.log(2) * ((samples - places[:, None]) / width[:, None]) ** 2)
    narrow = []
    for k, (place, wide) in enumerate(zip(places, width, strict=True)):
        light = gaussian_filter1d(spectrum.intensity, wide / 2 / _FWHM_PER_SIGMA, mode="nearest")
        near = np.abs(samples - place) < _VALLEY_WIDTHS * wide
        away = (samples[near] - place) / (_VALLEY_WIDTHS * wide)
        # The dip first, then others that show here.
        others = [j for j in range(len(places)) if j != k and lines[j, near].max() > 0.5]
        parts = np.vstack(
            [lines[[k, *others]][:, near], away ** np.arange(_VALLEY_DEGREE + 1)[:, None]]
        )
        found = np.linalg.lstsq(parts.T, light[near], rcond=None)[0]
        missed = light[near] - found @ parts
        narrow.append(bool(-found[0] > _OVER_MISSED * missed.std()))
    return narrow


def _lines(
    peaks: Peaks, spectrum: Spectrum, resolution_nm: float, *, wider: float = 1.0
) -> dict[int, Feature]:
    """Return by peak those that are lines: as narrow as a line is, and no noise.

    They were found in a curve that shows them so many times `wider` than `spectrum.intensity` does.
    """
    step = np.abs(np.gradient(spectrum.nm))
    samples, curves, found = len(step), {}, {}
    for k, (place, fwhm) in enumerate(zip(peaks.place, peaks.fwhm, strict=True)):
        at = int(np.clip(round(place), 0, samples - 1))
        width = float(fwhm * step[at])
        # Narrower than any line of the instrument is noise, or a hot pixel.
        if not _NARROWEST * resolution_nm < width < _least_broad(resolution_nm):
            continue
        # Seen through a Gaussian as wide, at least as the instrument's lines; widths an eighth of
        # an octave apart through one.
        octave = round(8 * np.log2(max(fwhm / wider, resolution_nm / step[at] / wider, 1.0)))
        seen = 2.0 ** (octave / 8)
        if octave not in curves:
            curves[octave] = smoothed(spectrum.intensity, spectrum.noise, spectrum.grain, seen)
        if rise(*curves[octave], place, seen) < rises_by_chance(samples, seen):
            continue
        place_nm = float(np.interp(place, np.arange(samples), spectrum.nm))
        found[k] = Feature(
            nm=place_nm,
            error_nm=float(np.hypot(spectrum.error_nm[at], peaks.sigma[k] * step[at])),
            fwhm_nm=width,
            height=_height(spectrum.intensity, float(place), float(fwhm)),
            centroid_nm=place_nm,
            broad=False,
            clipped=bool(spectrum.clipped[at].any()),
            claimed=bool(spectrum.claimed[at]),
        )
    return found


def _with_emitters(
    lines: dict[int, Feature], peaks: Peaks, spectrum: Spectrum, *, absorption: bool = False
) -> list[Feature]:
    """Return lines, by their place among the peaks, with what they may be lines of."""
    if not lines:
        return []
    chosen = np.isin(np.arange(len(peaks)), list(lines))
    emitters = emitters_of(peaks.part(chosen), spectrum, absorption=absorption)
    return [
        replace(line, emitters=emitters.get(number, ()))
        for number, (_, line) in enumerate(sorted(lines.items()))
    ]


def _least_broad(resolution_nm: float) -> float:
    """Return the width from which on a peak is a broad band, nm."""
    return max(_BROAD_NM, _BROAD_TIMES * resolution_nm)


def _is_ripple(line: Feature, band: Feature) -> bool:
    """Return whether a line is nothing but a ripple of a band."""
    return abs(line.nm - band.nm) < band.fwhm_nm and line.height < _RIPPLE * band.height


def _step(spectrum: Spectrum) -> float:
    """Return the nanometres between two samples."""
    return float(np.median(np.abs(np.gradient(spectrum.nm))))


def _sharpest_nm(peaks: Peaks, spectrum: Spectrum) -> float:
    """Return the width of the sharpest peaks, within reason."""
    return min(peaks.point_spread * _step(spectrum), _ASSUMED_NM) if len(peaks) else 0.0


def _height(curve: np.ndarray, place: float, fwhm: float) -> float:
    """Return how far a peak rises over its feet, a width to either side."""
    at = round(place)
    reach = max(int(np.ceil(1.5 * fwhm)), 2)
    around = curve[max(at - reach, 0) : at + reach + 1]
    top = curve[max(at - 1, 0) : at + 2].max()
    return float(top - (around[0] + around[-1]) / 2)


def _broad_bands(spectrum: Spectrum, least_nm: float) -> list[Feature]:
    """Return the peaks at least so wide."""
    step = _step(spectrum)
    seen = _FWHM_PER_SIGMA * _SMOOTH_NM / step
    smooth, error = smoothed(spectrum.intensity, spectrum.noise, spectrum.grain, seen)
    least = _BROAD_PART * max(float(np.ptp(smooth)), 1e-12)
    index, info = find_peaks(smooth, prominence=least)
    found = []
    for at, rising in zip(index, info["prominences"], strict=True):
        left, right = _half_maximum(smooth, at, rising)
        width = (right - left) * step
        # What the smoothing added is taken off again.
        width = np.sqrt(max(width**2 - (_FWHM_PER_SIGMA * _SMOOTH_NM) ** 2, 0.0))
        if width < least_nm or not _is_no_noise(spectrum, int(at), max(width / step, seen)):
            continue
        part = slice(int(np.ceil(left)), int(right) + 1)
        weight = np.maximum(smooth[part] - (smooth[at] - rising), 0)
        place = float(_top(smooth, at))
        nm = float(np.interp(place, np.arange(len(smooth)), spectrum.nm))
        # The top of a broad band is told to a fiftieth of its width, and as noise tilts it: by its
        # slope over how a Gaussian bends.
        tilt = error[at] / (np.sqrt(2) * _SMOOTH_NM) * width**2 / (8 * np.log(2) * rising)
        # The top is lost in noise.
        if tilt > width / 2:
            continue
        found.append(
            Feature(
                nm=nm,
                error_nm=float(np.sqrt(spectrum.error_nm[at] ** 2 + (width / 50) ** 2 + tilt**2)),
                fwhm_nm=float(width),
                height=float(rising),
                centroid_nm=float(weight @ spectrum.nm[part] / max(weight.sum(), 1e-12)),
                broad=True,
                clipped=bool(spectrum.clipped[part].any()),
                claimed=bool(spectrum.claimed[at]),
            )
        )
    return found


def _is_no_noise(spectrum: Spectrum, at: int, fwhm: float) -> bool:
    """Return whether a broad band rises over noise that is seen through its own width, samples."""
    smooth, error = smoothed(spectrum.intensity, spectrum.noise, spectrum.grain, fwhm)
    return rise(smooth, error, at, fwhm) > rises_by_chance(len(smooth), fwhm)


def _half_maximum(curve: np.ndarray, at: int, rise: float) -> tuple[float, float]:
    bases = (np.array([rise]), np.array([0]), np.array([len(curve) - 1]))
    widths = peak_widths(curve, np.array([at]), rel_height=0.5, prominence_data=bases)
    return float(widths[2][0]), float(widths[3][0])


def _top(curve: np.ndarray, at: int) -> float:
    """Return the place of a maximum by the parabola through it and its neighbours."""
    if not 0 < at < len(curve) - 1:
        return float(at)
    left, middle, right = curve[at - 1 : at + 2]
    bend = left - 2 * middle + right
    return at + (0.5 * (left - right) / bend if bend else 0.0)


def likeliest(features: list[Feature]) -> dict[str, float]:
    """Return the emitters of a spectrum's lines, by the part of their height times probability."""
    lines = [feature for feature in features if not (feature.broad or feature.dip)]
    total = sum(max(line.height, 0.0) for line in lines)
    shares: dict[str, float] = {}
    for line in lines:
        for emitter in line.emitters:
            part = max(line.height, 0.0) / total * emitter.probability if total else 0.0
            shares[emitter.name] = shares.get(emitter.name, 0.0) + part
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def strongest_first(features: list[Feature]) -> list[Feature]:
    """Return features by height, peaks before dips."""
    return sorted(features, key=lambda feature: (feature.dip, -feature.height))
