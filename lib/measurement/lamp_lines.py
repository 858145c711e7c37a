"""The lines of an instrument's lamps along one band, and points that are known, as lines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.images.reading import read_picture
from lib.measurement.joint_axis import LampLines, common_t, fit_curve
from lib.recognition.axis.axis import NoAxis
from lib.recognition.axis.dispersion import Points, fit_dispersion
from lib.recognition.axis.fit import find_candidate, points_of
from lib.recognition.axis.line_lists import line_lists_of
from lib.recognition.axis.matching import best_match, match_lines
from lib.recognition.axis.peaks import find_lines
from lib.recognition.axis.verdict import shipped_verdict
from lib.recognition.band import Band, BandProfile, band_of
from lib.recognition.direction import blue_first
from lib.recognition.find.choice import Choice
from lib.recognition.instrument import MAX_LINES, MAX_PX
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise_picture
from lib.recognition.result import Result
from lib.recognition.strip import sample_band

# A lamp that gives no axis by itself is laid on the others' if its lines explain this part of it.
_MIN_EXPLAINED, _MIN_LINES = 0.5, 2
# What a person reads off for a point: half a pixel, and the rounding of a data sheet.
_POINT_PX, _POINT_NM = 0.5, 0.05
# Points further than this from the curve of the others contradict them, nm.
_CONTRADICTION_NM = 3.0
_MIN_POINTS = 2
_POINTS_IN_WORDS = 8
_POINTS_NAME = "points"
# The middle rows of a band, as parts of all.
_MIDDLE = (0.3, 0.7)


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


def look_at(
    path: Path,
    classifier: Classifier,
    lamp: str | None = None,
    *,
    name: str | None = None,
    band: Choice | None = None,
) -> LampPhoto:
    """Read a photo and recognise its lamp, unless the user tells it.

    `band` says which of several spectra is the lamp's, as `recognise` takes it.

    Raises
    ------
    DataError
        If the photo cannot be read or the lamp is not known.
    """
    picture = read_picture(path)
    result = recognise_picture(picture, classifier, lamp=lamp, band=band)
    return LampPhoto(name or path.name, picture.pixels, result)


def band_of_lamps(results: Sequence[Result]) -> Band | None:
    """Return the longest band of lamps that give an axis, with the first and last ends of all."""
    bands = [result.band for result in results if result.band is not None]
    sure = [result.band for result in results if result.axis is not None] or bands
    if not sure:
        return None
    longest = max(sure, key=lambda band: band.geometry.stop - band.geometry.start)
    same = [band.geometry for band in sure if band.axis == longest.axis]
    start, stop = min(one.start for one in same), max(one.stop for one in same)
    return replace(longest, geometry=replace(longest.geometry, start=start, stop=stop))


def lines_of_lamp(photo: LampPhoto, place: Band) -> LampLines:
    """Return the lines of a photo that gives an axis by itself.

    Lines that lean lie elsewhere on another centre line, so those of all lamps are read along one;
    along its own where it shows no lines there.
    """
    lamp, own = photo.result.axis.lamp, photo.result.band.geometry
    geometry = replace(place.geometry, start=own.start, stop=own.stop)
    strip = sample_band(photo.image, geometry, rows=place.rows)
    shape = photo.image.shape
    way = place.towards_red if place.way_is_sure else 0
    band = blue_first(band_of(strip, slice(None), shape, towards_red=way, evidence=1.0))
    try:
        profile = band.profile
        candidate = find_candidate(profile, lamp, band.reading)
    except NoAxis:
        band, profile = photo.result.band, photo.result.profile
        candidate = find_candidate(profile, lamp, band.reading)
    to_px = _px_of(profile)
    points, match = candidate.match.points, candidate.match
    reading = points_of(band.reading)
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
        _on_middle_rows(band, to_px(points.t)),
    )


def lines_on_axis(lamps: Sequence[LampLines], photo: LampPhoto) -> LampLines | None:
    """Return the lines of a named lamp where the axis of others puts them, if it has such lines."""
    result = photo.result
    named = result.source or (result.lamp and result.lamp.name)
    try:
        lists = line_lists_of(named) if named else ()
    except (NoAxis, DataError):
        return None
    if not lists:
        return None
    profile, t_of, curve = result.profile, common_t(lamps), fit_curve(lamps)
    position = profile.position
    if t_of(position[-1]) < t_of(position[0]):
        profile = profile.reversed()
    place = _px_of(profile)
    rgb = np.asarray(profile.rgb, np.float64)
    peaks = find_lines(rgb)
    if len(peaks) < _MIN_LINES:
        return None
    own_t = np.linspace(-0.98, 0.98, 24)
    there = t_of(place(own_t))
    error = shipped_verdict().error_scale * curve.error_at(there)
    known = Points(own_t, curve.nm_at(there), np.maximum(error, 0.1))
    start = fit_dispersion(known)
    matches = [match_lines(peaks, len(rgb), known, start, name) for name in lists]
    best = best_match(matches)
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
        middle_px=_on_middle_rows(result.band, place(points.t)),
    )


def lines_of_points(points: Sequence[tuple[float, float]]) -> LampLines:
    """Return known points as lines.

    Raises
    ------
    DataError
        If there are fewer than two, or they contradict each other.
    """
    if len(points) < _MIN_POINTS:
        raise DataError(f"{len(points)} known point; expected at least {_MIN_POINTS}")
    if len(points) > MAX_LINES:
        raise DataError(f"{len(points)} known points; expected at most {MAX_LINES}")
    px, nm = np.array(sorted(points), np.float64).T
    possible = np.isfinite([px, nm]).all() and np.abs(px).max() < MAX_PX
    if not possible or nm.min() < 100 or nm.max() > 3000:
        raise DataError(f"points {_in_words(px, nm)}: expected pixels and wavelengths in nm")
    step = np.diff(nm)
    if (np.diff(px) <= 0).any() or not ((step > 0).all() or (step < 0).all()):
        raise DataError(
            f"points {_in_words(px, nm)}: expected wavelengths that grow or fall with the pixels"
        )
    slope = np.abs(np.gradient(nm, px)) if len(px) > 2 else np.abs(step / np.diff(px)).repeat(2)
    sigma = np.hypot(_POINT_PX * slope, _POINT_NM)
    lines = LampLines(_POINTS_NAME, "", px, nm, sigma, ("known point",) * len(px))
    off = np.abs(fit_curve([lines]).nm_at(common_t([lines])(px)) - nm)
    worst = int(off.argmax())
    if off[worst] > _CONTRADICTION_NM:
        raise DataError(
            f"points contradict each other: {px[worst]:g}={nm[worst]:g} lies {off[worst]:.1f} nm "
            "off the smooth curve of a grating or a prism through all"
        )
    return lines


def _in_words(px: np.ndarray, nm: np.ndarray) -> str:
    shown = [f"{x:g}={y:g}" for x, y in zip(px, nm, strict=True)]
    return ",".join(shown[:_POINTS_IN_WORDS]) + (",..." if len(shown) > _POINTS_IN_WORDS else "")


def _sharpest_px(profile: BandProfile) -> float:
    """Return the full width at half maximum of the narrow peaks of a profile, pixels."""
    peaks = find_lines(profile.rgb)
    return peaks.point_spread if len(peaks) else np.nan


def _on_middle_rows(band: Band, px: np.ndarray) -> np.ndarray:
    """Return where a band's middle rows show the lines that all show at px (n,); nan without."""
    count = len(band.strip)
    middle = band.strip[round(_MIDDLE[0] * count) : max(round(_MIDDLE[1] * count), 1)]
    peaks = find_lines(middle.mean(axis=0))
    places = np.arange(len(band.profile.position))
    seen = np.interp(peaks.place, places, band.profile.position)
    nearest = np.abs(seen[None] - px[:, None]).argmin(axis=1) if len(seen) else None
    if nearest is None:
        return np.full(len(px), np.nan)
    off = np.abs(seen[nearest] - px)
    return np.where(off < peaks.fwhm[nearest] / 2, seen[nearest], np.nan)


def _px_of(profile: BandProfile) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from places t of a profile to photo pixels."""
    first, last = profile.position[[0, -1]]
    return lambda t: (first + last) / 2 + (last - first) / 2 * np.asarray(t)
