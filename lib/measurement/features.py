"""Peaks of a measured spectrum: lines and broad bands, with what they may be lines of."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks, peak_widths

from lib.lines import available_line_lists, line_list
from lib.measurement.measuring import Spectrum
from lib.recognition.axis.dispersion import Points, fit_dispersion
from lib.recognition.axis.matching import Match, match_lines
from lib.recognition.axis.peaks import FULL_SCALE, Peaks, find_lines

# A peak is broad, not a line, from this width on, nm, and so many times the instrument's own.
_BROAD_NM, _BROAD_TIMES = 6.0, 1.8
# Where nobody knows the instrument's resolution it is that of the sharpest peak, and at most this:
# an LED alone is no line.
_ASSUMED_NM = 6.0
# Broad bands are looked for in a curve smoothed by this, nm; they rise by this part of its top.
_SMOOTH_NM, _BROAD_PART = 3.0, 0.08
# Lines within a broad band are its ripples if they are lower than this part of it.
_RIPPLE = 0.12
# Lines are at least so wide, in the instrument's own, and so many standard errors high.
_NARROWEST, _CLEAR = 0.4, 4.0
# Peaks fainter than this part of the brightest are not listed.
_FAINTEST = 0.004
# Less probable emitters are not listed.
_MIN_PROBABILITY = 0.02
# Absorption lines are no emission.
_NO_EMITTERS = ("fraunhofer",)
# ln of the odds that peaks are of no list, before they are looked at: lasers, other lamps.
_NONE_WORTH = 2.0
# What an instrument's axis leaves open at least, nm.
_AXIS_FLOOR_NM = 0.15
_PLACES = 24
# Line lists are ranked by what photos show, whose tone curve is about this power.
_DISPLAY_GAMMA = 2.2
# Every camera sees lines between these, nm.
_SEEN_NM = (430.0, 650.0)
# A line of a list counts as part of a blend from this part of the strongest on.
_BLEND_PART = 0.2
_ROUNDS = 2


@dataclass(frozen=True)
class Emitter:
    """What a peak may be a line of.

    Attributes
    ----------
    name : str
        "Na I".
    lamp : str
        Line list that it stands in.
    nm : float
        Where it lies; of a blend, where the blend peaks.
    probability : float
    resolved : bool
        False where the list has several lines there that the instrument does not part.
    """

    name: str
    lamp: str
    nm: float
    probability: float
    resolved: bool


@dataclass(frozen=True)
class Feature:
    """A peak.

    Attributes
    ----------
    nm, error_nm : float
        Place and its standard error.
    fwhm_nm : float
        Full width at half maximum, the instrument's own included.
    height : float
        Above its feet, in the spectrum's quantity.
    centroid_nm : float
        Mean wavelength of a broad band's upper half; of a line its place.
    broad : bool
    clipped : bool
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
    emitters: tuple[Emitter, ...] = ()


def find_features(spectrum: Spectrum, resolution_nm: float | None = None) -> list[Feature]:
    """Return the peaks of a spectrum, by wavelength, the lines among them with their emitters.

    Parameters
    ----------
    spectrum : Spectrum
    resolution_nm : float, optional
        Full width at half maximum of the instrument's sharpest lines; by default that of the
        sharpest peaks at hand, within reason.
    """
    known = np.isfinite(spectrum.intensity)
    if known.sum() < 2 * _PLACES:
        return []
    spectrum = spectrum.part(known)
    peaks = find_lines(_displayed(spectrum))
    step = np.abs(np.gradient(spectrum.nm))
    sample = np.clip(np.round(peaks.place).astype(int), 0, len(step) - 1)
    width = peaks.fwhm * step[sample]
    if resolution_nm is None:
        sharpest = peaks.point_spread * float(np.median(step)) if len(peaks) else 0.0
        resolution_nm = min(sharpest, _ASSUMED_NM)
    least = max(_BROAD_NM, _BROAD_TIMES * resolution_nm)
    bands = _broad_bands(spectrum, least)
    nm = np.interp(peaks.place, np.arange(len(spectrum.nm)), spectrum.nm)
    noise = np.interp(peaks.place, np.arange(len(step)), spectrum.noise)
    curve = spectrum.intensity
    height = np.array([_height(curve, *peak) for peak in zip(peaks.place, peaks.fwhm, strict=True)])
    # Narrower than any line of the instrument is noise, or a hot pixel.
    lines = (width < least) & (width > _NARROWEST * resolution_nm) & (height > _CLEAR * noise)
    top = max([*height[lines], *(band.height for band in bands)], default=0.0)
    lines &= height >= _FAINTEST * top
    for band in bands:
        lines &= ~((np.abs(nm - band.nm) < band.fwhm_nm) & (height < _RIPPLE * band.height))
    emitters = _emitters_of(peaks.part(lines), spectrum) if lines.any() else {}
    found = list(bands)
    for place, k in enumerate(np.flatnonzero(lines)):
        error = np.hypot(spectrum.error_nm[sample[k]], peaks.sigma[k] * step[sample[k]])
        found.append(
            Feature(
                nm=float(nm[k]),
                error_nm=float(error),
                fwhm_nm=float(width[k]),
                height=float(height[k]),
                centroid_nm=float(nm[k]),
                broad=False,
                clipped=bool(spectrum.clipped[sample[k]].any()),
                emitters=emitters.get(place, ()),
            )
        )
    return sorted(found, key=lambda feature: feature.nm)


def _displayed(spectrum: Spectrum) -> np.ndarray:
    """Return the light as the line finder takes it: 0 to 255, evened out if it is faint."""
    rgb = np.maximum(spectrum.rgb, 0.0) / max(float(spectrum.rgb.max()), 1e-9)
    return FULL_SCALE * rgb ** (1 / _DISPLAY_GAMMA)


def _height(curve: np.ndarray, place: float, fwhm: float) -> float:
    """Return how far a peak rises over its feet, a width to either side."""
    at = round(place)
    reach = max(int(np.ceil(1.5 * fwhm)), 2)
    around = curve[max(at - reach, 0) : at + reach + 1]
    top = curve[max(at - 1, 0) : at + 2].max()
    return float(top - (around[0] + around[-1]) / 2)


def _broad_bands(spectrum: Spectrum, least_nm: float) -> list[Feature]:
    """Return the peaks at least so wide."""
    step = float(np.median(np.abs(np.gradient(spectrum.nm))))
    smooth = gaussian_filter1d(spectrum.intensity, _SMOOTH_NM / step, mode="nearest")
    index, info = find_peaks(np.pad(smooth, 1), prominence=_BROAD_PART * max(smooth.max(), 1e-12))
    index = index - 1
    found = []
    for at, rise in zip(index, info["prominences"], strict=True):
        left, right = _half_maximum(smooth, at, rise)
        width = (right - left) * step
        # What the smoothing added is taken off again.
        width = np.sqrt(max(width**2 - (2.3548 * _SMOOTH_NM) ** 2, 0.0))
        if width < least_nm:
            continue
        part = slice(int(np.ceil(left)), int(right) + 1)
        weight = np.maximum(smooth[part] - (smooth[at] - rise), 0)
        place = float(_top(smooth, at))
        nm = float(np.interp(place, np.arange(len(smooth)), spectrum.nm))
        found.append(
            Feature(
                nm=nm,
                # The top of a broad band is told to a fiftieth of its width.
                error_nm=float(np.hypot(spectrum.error_nm[at], width / 50)),
                fwhm_nm=float(width),
                height=float(rise),
                centroid_nm=float(weight @ spectrum.nm[part] / max(weight.sum(), 1e-12)),
                broad=True,
                clipped=bool(spectrum.clipped[part].any()),
            )
        )
    return found


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


def _emitters_of(peaks: Peaks, spectrum: Spectrum) -> dict[int, tuple[Emitter, ...]]:
    """Return by peak what it may be, from how well whole line lists fit all peaks.

    What the best list leaves over is held against all lists once more.
    """
    samples = len(spectrum.nm)
    t = np.linspace(-1.0, 1.0, _PLACES)
    place = (t + 1) * (samples - 1) / 2
    nm = np.interp(place, np.arange(samples), spectrum.nm)
    error = np.interp(place, np.arange(samples), spectrum.error_nm)
    known = Points(t, nm, np.maximum(error, _AXIS_FLOOR_NM))
    start = fit_dispersion(known)
    found: dict[int, dict[str, Emitter]] = {}
    at = np.interp(peaks.place, np.arange(samples), spectrum.nm)
    low, high = max(_SEEN_NM[0], spectrum.nm[0]), min(_SEEN_NM[1], spectrum.nm[-1])
    seen = (float(min(low, at.min())), float(max(high, at.max())))
    left = np.ones(len(peaks), bool)
    for _ in range(_ROUNDS):
        if not left.any():
            break
        some = peaks.part(left)
        matches = [
            match_lines(some, samples, known, start, name, seen)
            for name in available_line_lists()
            if name not in _NO_EMITTERS
        ]
        matches = [match for match in matches if match is not None]
        if not matches:
            break
        worth = np.array([match.worth for match in matches] + [_NONE_WORTH])
        odds = np.exp(worth - worth.max())
        probability = odds / odds.sum()
        index = np.flatnonzero(left)
        for match, sure in zip(matches, probability, strict=False):
            for k, line in zip(match.peak, match.line, strict=True):
                _add(found.setdefault(int(index[k]), {}), match, int(line), float(sure))
        best = int(probability.argmax())
        if best == len(matches):
            break
        left[index[matches[best].peak]] = False
    return {
        peak: tuple(
            sorted(
                (one for one in emitters.values() if one.probability >= _MIN_PROBABILITY),
                key=lambda one: -one.probability,
            )
        )
        for peak, emitters in found.items()
    }


def _add(emitters: dict[str, Emitter], match: Match, line: int, sure: float) -> None:
    """Add a list's probability to an emitter, which may stand in several lists."""
    name, nm = match.pattern.names[line], float(match.pattern.nm[line])
    earlier = emitters.get(name)
    if earlier is None or sure > earlier.probability:
        resolved = _resolved(match.lamp, nm, match.pattern.resolution_nm)
        new = Emitter(name, match.lamp, nm, sure, resolved)
    else:
        new = earlier
    both = sure + (earlier.probability if earlier else 0.0)
    emitters[name] = replace(new, probability=min(both, 1.0))


def _resolved(lamp: str, nm: float, resolution_nm: float) -> bool:
    """Return whether one line alone of a list lies within the instrument's resolution."""
    lines = line_list(lamp)
    near = np.abs(lines.nm - nm) < resolution_nm
    if near.sum() < 2:
        return True
    return int((lines.intensity[near] >= _BLEND_PART * lines.intensity[near].max()).sum()) == 1


def likeliest(features: list[Feature]) -> dict[str, float]:
    """Return the emitters of a spectrum's lines, by the part of their height times probability."""
    lines = [feature for feature in features if not feature.broad]
    total = sum(max(line.height, 0.0) for line in lines)
    shares: dict[str, float] = {}
    for line in lines:
        for emitter in line.emitters:
            part = max(line.height, 0.0) / total * emitter.probability if total else 0.0
            shares[emitter.name] = shares.get(emitter.name, 0.0) + part
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def strongest_first(features: list[Feature]) -> list[Feature]:
    """Return features by height."""
    return sorted(features, key=lambda feature: -feature.height)
