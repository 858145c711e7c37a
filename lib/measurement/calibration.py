"""One axis for an instrument, from the lines of several lamps and from points that are known.

All lines are fitted by one dispersion curve, as specreduce and PypeIt do; how far each lamp's lines
lie from what the others alone say (leave one lamp out) is the error that the instrument really has
(Liu and Hennelly, "Wavelength calibration with multiple lamps", 2024).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.images import read_image
from lib.recognition.axis.axis import (
    MatchedLine,
    NoAxis,
    WavelengthAxis,
    polynomial_in_photo,
)
from lib.recognition.axis.dispersion import NO_POINTS, Dispersion, Points, fit_dispersion
from lib.recognition.axis.fit import find_candidate, points_of
from lib.recognition.axis.line_lists import line_lists_of
from lib.recognition.axis.matching import match_lines
from lib.recognition.axis.peaks import find_lines
from lib.recognition.axis.verdict import shipped_verdict
from lib.recognition.band import Band, BandProfile, band_along, band_profile
from lib.recognition.instrument import Instrument, instrument_of
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import Result, recognise
from lib.recognition.straighten import Geometry

# An instrument's axis is claimed where its standard error is at most this, nm: a laser or an LED
# can still be told from the next one.
MAX_ERROR_NM = 2.5
# Standard error that all lines have in common, nm: haze, blends and colours push them one way. With
# it 95 % intervals of simulated instruments hold 93 to 98 % of the truth at 550 nm, 83 to 90 % at
# 420 nm and 85 to 98 % at 680 nm (benchmarks/score_measuring.py lamps).
_COMMON_ERROR_NM = 0.15
# Wavelengths for which a curve is written out, nm.
_WRITTEN_NM = (300.0, 1150.0)
# Lamps of one instrument that has not moved agree within this, nm, and within so many errors.
_MAX_DISAGREEMENT_NM, _MAX_DISAGREEMENT_SIGMAS = 1.5, 4.0
# A line is an outlier from so many of its errors on.
_OUTLIER_SIGMAS = 4.0
# A lamp that gives no axis by itself is laid on the others' if its lines explain this part of it.
_MIN_EXPLAINED, _MIN_LINES = 0.5, 2
# What a person reads off for a point: half a pixel, and the rounding of a data sheet.
_POINT_PX, _POINT_NM = 0.5, 0.05
# Points further than this from the curve of the others contradict them, nm.
_CONTRADICTION_NM = 3.0
_FEWEST_POINTS = 2
_POINTS_NAME = "points"


@dataclass(frozen=True)
class LampPhoto:
    """A photo of a lamp, and what was recognised in it.

    Attributes
    ----------
    name : str
        What it is called in reports.
    image : uint8 array of shape (height, width, 3)
    result : Result
    """

    name: str
    image: np.ndarray
    result: Result


@dataclass(frozen=True)
class LampLines:
    """The lines of one lamp in photo pixels; arrays of shape (n,).

    Attributes
    ----------
    name : str
        Of the photo, or "points".
    lamp : str
        Line lists; "" for points.
    px, nm, sigma_nm : float64 arrays
    emitters : tuple of str
    width_px : float
        Full width at half maximum of its sharpest lines; nan where nobody knows.
    reading : Points or None
        What the axis network reads in this photo, at photo pixels in place of t.
    error_nm : float
        Middle error of the reading.
    """

    name: str
    lamp: str
    px: np.ndarray
    nm: np.ndarray
    sigma_nm: np.ndarray
    emitters: tuple[str, ...]
    width_px: float = np.nan
    reading: Points | None = None
    error_nm: float = np.inf


@dataclass(frozen=True)
class Calibrated:
    """An instrument, and what it rests on.

    Attributes
    ----------
    instrument : Instrument
    lamps : tuple of LampLines
        What was used.
    left_out_nm : dict of str to float
        By photo: root mean square of its lines against the axis of all others; empty for one lamp.
    left_out : tuple of tuple of str
        Photos that were not used, and why.
    outliers : tuple of MatchedLine
        Lines that lie off the axis.
    """

    instrument: Instrument
    lamps: tuple[LampLines, ...]
    left_out_nm: dict[str, float]
    left_out: tuple[tuple[str, str], ...]
    outliers: tuple[MatchedLine, ...]


def look_at(
    path: Path, classifier: Classifier, lamp: str | None = None, *, name: str | None = None
) -> LampPhoto:
    """Read a photo and recognise its lamp, unless the user tells it.

    Raises
    ------
    DataError
        If the photo cannot be read or the lamp is not known.
    """
    image = read_image(path)
    return LampPhoto(name or path.name, image, recognise(image, classifier, lamp=lamp))


def calibrate(
    photos: Sequence[LampPhoto], points: Sequence[tuple[float, float]] = (), *, source: str = ""
) -> Calibrated:
    """Return the instrument that lamps, points, or both show.

    Parameters
    ----------
    photos : sequence of LampPhoto
        Of one instrument with nothing moved in between.
    points : sequence of (px, nm)
        Known wavelengths along the band.
    source : str, optional
        What the axis is made from, for people; default the names of the photos.

    Raises
    ------
    DataError
        If they give no axis, or contradict each other.
    """
    sizes = {photo.image.shape[:2] for photo in photos}
    if len(sizes) > 1:
        words = " and ".join(f"{width} x {height}" for height, width in sorted(sizes))
        raise DataError(f"lamp photos of {words} px; expected photos of one size")
    left_out = [
        (photo.name, photo.result.reason or "no lines")
        for photo in photos
        if photo.result.axis is None
    ]
    place = _band_of([photo.result for photo in photos])
    used = [_lines_of(photo, place) for photo in photos if photo.result.axis is not None]
    if points:
        used.append(lines_of_points(points))
    if not used:
        raise DataError("; ".join(f"{name}: {why}" for name, why in left_out) or "no points")
    used, moved = _that_agree(used)
    left_out += moved
    used, still_out = _with_the_rest(used, photos, left_out)
    curve = _fit(used)
    size = photos[0].image.shape[:2] if photos else None
    axis = _axis_of(curve, used, size, place)
    source = source or ", ".join(lines.name for lines in used)
    if photos and place is not None:
        instrument = instrument_of(axis, photos[0].image, place, source=source)
    else:
        instrument = Instrument(axis, size and (size[1], size[0]), None, source)
    widths = [lamp.width_px for lamp in used if np.isfinite(lamp.width_px)]
    if widths:
        middle = np.median(np.concatenate([lamp.px for lamp in used]))
        step = abs(float(axis.nm_at(middle + 0.5) - axis.nm_at(middle - 0.5)))
        instrument = replace(instrument, resolution_nm=round(min(widths) * step, 3))
    return Calibrated(
        instrument,
        tuple(used),
        {one.name: rms for one in used if (rms := _left_out_error(one, used)) is not None},
        tuple(still_out),
        tuple(_outliers(axis, used)),
    )


def lines_of_points(points: Sequence[tuple[float, float]]) -> LampLines:
    """Return known points as lines.

    Raises
    ------
    DataError
        If there are fewer than two, or they contradict each other.
    """
    if len(points) < _FEWEST_POINTS:
        raise DataError(f"{len(points)} known point; expected at least {_FEWEST_POINTS}")
    px, nm = np.array(sorted(points), np.float64).T
    if not np.isfinite([px, nm]).all() or nm.min() < 100 or nm.max() > 3000:
        raise DataError(f"points {_in_words(px, nm)}: expected pixels and wavelengths in nm")
    step = np.diff(nm)
    if (np.diff(px) <= 0).any() or not ((step > 0).all() or (step < 0).all()):
        raise DataError(
            f"points {_in_words(px, nm)}: expected wavelengths that grow or fall with the pixels"
        )
    slope = np.abs(np.gradient(nm, px)) if len(px) > 2 else np.abs(step / np.diff(px)).repeat(2)
    sigma = np.hypot(_POINT_PX * slope, _POINT_NM)
    lines = LampLines(_POINTS_NAME, "", px, nm, sigma, ("known point",) * len(px))
    off = np.abs(_fit([lines]).nm_at(_t_of([lines])(px)) - nm)
    worst = int(off.argmax())
    if off[worst] > _CONTRADICTION_NM:
        raise DataError(
            f"points contradict each other: {px[worst]:g}={nm[worst]:g} lies {off[worst]:.1f} nm "
            "off the smooth curve of a grating or a prism through all"
        )
    return lines


def _in_words(px: np.ndarray, nm: np.ndarray) -> str:
    return ",".join(f"{x:g}={y:g}" for x, y in zip(px, nm, strict=True))


def _band_of(results: Sequence[Result]) -> Band | None:
    """Return the longest band of lamps that give an axis, with the first and last ends of all."""
    bands = [result.band for result in results if result.band is not None]
    sure = [result.band for result in results if result.axis is not None] or bands
    if not sure:
        return None
    longest = max(sure, key=lambda band: band.geometry.stop - band.geometry.start)
    same = [band.geometry for band in sure if band.axis == longest.axis]
    start, stop = min(one.start for one in same), max(one.stop for one in same)
    return replace(longest, geometry=replace(longest.geometry, start=start, stop=stop))


def _lines_of(photo: LampPhoto, place: Band) -> LampLines:
    """Return the lines of a photo that gives an axis by itself.

    Lines that lean lie elsewhere on another centre line, so those of all lamps are read along one;
    along its own where it shows no lines there.
    """
    lamp, own = photo.result.axis.lamp, photo.result.band.geometry
    geometry = replace(place.geometry, start=own.start, stop=own.stop)
    towards_red = -1 if place.reversed else 1
    band = band_along(photo.image, geometry, place.rows, towards_red, evidence=1.0)
    try:
        profile = band_profile(band)
        candidate = find_candidate(profile, lamp, band.reading)
    except NoAxis:
        band, profile = photo.result.band, photo.result.profile
        candidate = find_candidate(profile, lamp, band.reading)
    to_px = _px_of(profile, candidate.backwards)
    points, match = candidate.match.points, candidate.match
    reading = points_of(band.reading, candidate.backwards)
    return LampLines(
        photo.name,
        lamp,
        to_px(points.t),
        points.nm,
        points.sigma_nm,
        tuple(match.pattern.names[k] for k in match.line),
        _sharpest_px(profile),
        replace(reading, t=to_px(reading.t)),
        band.reading.error_nm,
    )


def _sharpest_px(profile: BandProfile) -> float:
    """Return the full width at half maximum of the narrow peaks of a profile, pixels."""
    peaks = find_lines(profile.rgb)
    return peaks.point_spread if len(peaks) else np.nan


def _px_of(profile: BandProfile, backwards: bool) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from places t of a profile to photo pixels."""
    first, last = profile.position[[-1, 0]] if backwards else profile.position[[0, -1]]
    return lambda t: (first + last) / 2 + (last - first) / 2 * np.asarray(t)


def _t_of(lamps: Sequence[LampLines]) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from photo pixels to the common t, along which wavelengths grow."""
    spans = [lamp.reading.t if lamp.reading is not None else lamp.px for lamp in lamps]
    px = np.concatenate([*spans, *(lamp.px for lamp in lamps)])
    low, high = float(px.min()), float(px.max())
    lines = max(lamps, key=lambda lamp: len(lamp.px))
    order = np.argsort(lines.px)
    rises = lines.nm[order][-1] > lines.nm[order][0] if len(order) > 1 else True
    half = max((high - low) / 2, 1.0) * (1 if rises else -1)
    return lambda place: (np.asarray(place, np.float64) - (low + high) / 2) / half


def _fit(lamps: Sequence[LampLines], among: Sequence[LampLines] | None = None) -> Dispersion:
    """Fit one curve to the lines of lamps, over the common t of `among`."""
    t_of = _t_of(among or lamps)
    lines = Points(
        *(
            np.concatenate(parts)
            for parts in zip(
                *((t_of(lamp.px), lamp.nm, lamp.sigma_nm) for lamp in lamps), strict=True
            )
        )
    )
    read = min(lamps, key=lambda lamp: lamp.error_nm).reading
    if read is None:
        return fit_dispersion(NO_POINTS, lines)
    t = t_of(read.t)
    order = np.argsort(t)
    return fit_dispersion(Points(t[order], read.nm[order], read.sigma_nm[order]), lines)


def _left_out_error(lamp: LampLines, lamps: Sequence[LampLines]) -> float | None:
    """Return the error of the others' axis at a lamp's lines, nm, root mean square."""
    others = [one for one in lamps if one is not lamp]
    if not others:
        return None
    return rms(_fit(others, lamps).nm_at(_t_of(lamps)(lamp.px)) - lamp.nm)


def rms(values: np.ndarray) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


def _disagreement(lamp: LampLines, others: Sequence[LampLines]) -> float:
    """Return how far a lamp's lines lie off the axis of others, over what is allowed."""
    among = [lamp, *others]
    t = _t_of(among)(lamp.px)
    curve = _fit(others, among)
    error = shipped_verdict().error_scale * curve.error_at(t)
    allowed = np.hypot(
        _MAX_DISAGREEMENT_NM, _MAX_DISAGREEMENT_SIGMAS * np.hypot(error, lamp.sigma_nm)
    )
    return float(np.median(np.abs(curve.nm_at(t) - lamp.nm) / allowed))


def _that_agree(
    lamps: list[LampLines],
) -> tuple[list[LampLines], list[tuple[str, str]]]:
    """Return the lamps that agree, and those that do not, of three or more the odd one.

    Raises
    ------
    DataError
        If two disagree, and nobody can say which is wrong.
    """
    left_out: list[tuple[str, str]] = []
    while len(lamps) > 1:
        off = [
            _disagreement(lamp, [other for other in lamps if other is not lamp]) for lamp in lamps
        ]
        worst = int(np.argmax(off))
        if off[worst] <= 1:
            break
        error = _left_out_error(lamps[worst], lamps)
        if len(lamps) == 2:
            raise DataError(
                f"{lamps[0].name} and {lamps[1].name} disagree by {error:.1f} nm: expected lamps "
                "of one instrument, with nothing moved in between"
            )
        odd = lamps.pop(worst)
        left_out.append((odd.name, f"its lines lie {error:.1f} nm off the axis of the others"))
    return lamps, left_out


def _with_the_rest(
    used: list[LampLines], photos: Sequence[LampPhoto], left_out: list[tuple[str, str]]
) -> tuple[list[LampLines], list[tuple[str, str]]]:
    """Lay the lamps that gave no axis by themselves on the axis of those that did."""
    still_out = []
    by_name = {photo.name: photo for photo in photos}
    gave_none = {photo.name for photo in photos if photo.result.axis is None}
    for name, why in left_out:
        lines = _laid_on(used, by_name[name]) if name in gave_none else None
        if lines is not None and _disagreement(lines, used) <= 1:
            used = [*used, lines]
        else:
            still_out.append((name, why))
    return used, still_out


def _laid_on(lamps: Sequence[LampLines], photo: LampPhoto) -> LampLines | None:
    """Return the lines of a named lamp where the axis of others puts them, if it has such lines."""
    result = photo.result
    if result.source is None:
        return None
    try:
        lists = line_lists_of(result.source)
    except (NoAxis, DataError):
        return None
    profile, t_of, curve = result.profile, _t_of(lamps), _fit(lamps)
    position = profile.position
    backwards = t_of(position[-1]) < t_of(position[0])
    place = _px_of(profile, bool(backwards))
    rgb = np.asarray(profile.rgb[::-1] if backwards else profile.rgb, np.float64)
    peaks = find_lines(rgb)
    if len(peaks) < _MIN_LINES:
        return None
    own_t = np.linspace(-0.98, 0.98, 24)
    there = t_of(place(own_t))
    error = shipped_verdict().error_scale * curve.error_at(there)
    known = Points(own_t, curve.nm_at(there), np.maximum(error, 0.1))
    start = fit_dispersion(known)
    matches = [match_lines(peaks, len(rgb), known, start, name) for name in lists]
    best = max((one for one in matches if one), key=lambda match: match.worth, default=None)
    if best is None or len(best.peak) < _MIN_LINES or best.explained < _MIN_EXPLAINED:
        return None
    names = tuple(best.pattern.names[k] for k in best.line)
    points = best.points
    return LampLines(
        photo.name,
        best.lamp,
        place(points.t),
        points.nm,
        points.sigma_nm,
        names,
        _sharpest_px(profile),
    )


def _axis_of(
    curve: Dispersion,
    lamps: Sequence[LampLines],
    size: tuple[int, int] | None,
    band: Band | None,
) -> WavelengthAxis:
    """Express a curve in the photo's pixels, over all of the frame that light can reach."""
    t_of, scale = _t_of(lamps), shipped_verdict().error_scale
    geometry: Geometry | None = band.geometry if band is not None else None
    vertical = geometry is not None and geometry.axis == "vertical"
    lines = np.concatenate([lamp.px for lamp in lamps])
    if size is not None:
        px = np.arange(size[0] if vertical else size[1], dtype=np.float64)
    else:
        # Nobody knows the frame: as far beyond the points as they span, but not before its edge.
        span = float(np.ptp(lines))
        px = np.arange(max(np.floor(lines.min() - span), 0), np.ceil(lines.max() + span) + 1)
    nm = curve.nm_at(t_of(px))
    middle = int(np.abs(px - np.median(lines)).argmin())
    inside = (nm > _WRITTEN_NM[0]) & (nm < _WRITTEN_NM[1])
    inside &= np.gradient(nm) * np.sign(nm[-1] - nm[0]) > 1e-3 * np.abs(np.gradient(nm)[middle])
    first, last = _run(inside, middle)
    sure = np.hypot(scale * curve.error_at(t_of(px)), _COMMON_ERROR_NM) <= MAX_ERROR_NM
    low, high = _run(sure & inside, middle)
    ends = t_of(px[[first, last]])
    polynomial, covariance = curve.as_polynomial(float(ends[0]), float(ends[1]))
    covariance = covariance * scale**2
    covariance[0, 0] += _COMMON_ERROR_NM**2
    origin, half = (px[first] + px[last]) / 2, (px[last] - px[first]) / 2
    claimed = t_of(px[low : high + 1])
    found = [
        MatchedLine(float(nm), float(x), emitter, float(curve.nm_at(t_of(x)[None])[0] - nm))
        for lamp in lamps
        for x, nm, emitter in zip(lamp.px, lamp.nm, lamp.emitters, strict=True)
    ]
    return WavelengthAxis(
        coefficients=polynomial_in_photo(polynomial, origin, half),
        axis="y" if vertical else "x",
        rms_nm=rms([line.residual_nm for line in found]),
        uncertainty_nm=float(np.hypot(rms(scale * curve.error_at(claimed)), _COMMON_ERROR_NM)),
        lines=tuple(sorted(found, key=lambda line: line.nm)),
        model=curve.family.name,
        lamp="+".join(dict.fromkeys(lamp.lamp for lamp in lamps if lamp.lamp)),
        origin_px=float(origin),
        scale_px=float(half),
        covariance=tuple(tuple(float(value) for value in row) for row in covariance),
        range_px=(float(px[low]), float(px[high])),
    )


def _run(true: np.ndarray, middle: int) -> tuple[int, int]:
    """Return the first and last place of the run of true values about the one nearest `middle`."""
    places = np.flatnonzero(true)
    if not len(places):
        raise DataError(f"the axis is uncertain by more than {MAX_ERROR_NM} nm everywhere")
    here = int(places[np.abs(places - middle).argmin()])
    false = np.flatnonzero(~true)
    first = int(false[false < here].max(initial=-1)) + 1
    return first, int(false[false > here].min(initial=len(true))) - 1


def _outliers(axis: WavelengthAxis, lamps: Sequence[LampLines]) -> list[MatchedLine]:
    sigma = {
        (float(x), float(nm)): s
        for lamp in lamps
        for x, nm, s in zip(lamp.px, lamp.nm, lamp.sigma_nm, strict=True)
    }
    return [
        line
        for line in axis.lines
        if abs(line.residual_nm) > _OUTLIER_SIGMAS * sigma[line.px, line.nm]
    ]
