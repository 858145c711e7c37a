"""Wavelength axes of real photos, judged at lines marked by hand and by axes made by hand."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.axis_rows import FAR_OFF_NM, Row, marks_row, run_chain
from benchmarks.line_marks import MarkedBand, marked_bands
from lib.errors import DataError
from lib.images.reading import read_image
from lib.recognition.axis.axis import WavelengthAxis
from lib.recognition.axis.fit import fit_axis
from lib.recognition.band import BandProfile
from lib.recognition.reading import read_light
from lib.recognition.result import Result
from lib.recognition.straighten import Geometry, sample
from lib.taxonomy import CLASSES
from lib.training.examples.axis_truth import ASKED_NM

# Photo, class, and the wavelengths of the first and the last column.
PYSA_BANDS = (
    ("photos/neon/lcrobert__PySA__Neon_band.png", "neon", (442.0, 709.7)),
    ("photos/continuum/lcrobert__PySA__Sun_band.png", "continuum", (359.0, 723.5)),
)


# Takes places along an axis of a photo to those of a copy of it.
Place = Callable[[np.ndarray, str], np.ndarray]


def score_real(folder: Path, model: Path, *, known_lamp: bool, perturb: bool) -> list[Row]:
    """Score the photos whose lines are marked, as they are and perturbed; then PySA's."""
    rows = []
    for marked in marked_bands(folder):
        image = read_image(folder / marked.photo)
        named = marked.source in CLASSES
        colour = "" if _has_colour(image) else ", monochrome"
        for title, turned, place in views(image, perturb):
            group = f"{title}{colour}" if named else f"{title}{colour}, other lamps told"
            told = marked.source if known_lamp or not named else None
            rows.append(real_row(marked, group, turned, place, told, model))
            rows.append(boxed_row(marked, group, turned, place))
    return rows + pysa_rows(folder, model, known_lamp=known_lamp)


def _has_colour(image: np.ndarray) -> bool:
    return bool(np.quantile(np.ptp(image.astype(int), axis=2), 0.999) > 16)


def pysa_rows(folder: Path, model: Path, *, known_lamp: bool) -> list[Row]:
    """Judge the bands of PySA's author by the axes that he calibrated, straight over the width."""
    rows = []
    for photo, source, (low, high) in PYSA_BANDS:
        image = read_image(folder / photo)
        px = np.arange(0.0, image.shape[1], 10)
        nm = low + (high - low) * px / (image.shape[1] - 1)
        asked = (nm > ASKED_NM[0]) & (nm < ASKED_NM[1])
        result = run_chain(image, source if known_lamp else None, model)
        if result.axis is None:
            reason = f"{result.source}: {result.reason or result.status}"
            rows.append(Row(photo, "PySA's axes", "ours", None, reason))
        else:
            true = px[asked], nm[asked]
            rows.append(marks_row(photo, "PySA's axes", "ours", result.axis, true))
    return rows


def boxed_row(marked: MarkedBand, title: str, image: np.ndarray, place: Place) -> Row:
    """Judge the axis of the marked box itself with the lamp told: the fit without the finder."""
    x0, y0, x1, y1 = map(int, marked.box.split())
    along, across = ((x0, x1), (y0, y1)) if marked.axis == "horizontal" else ((y0, y1), (x0, x1))
    start, stop = np.sort(place(np.array([along[0], along[1] - 1.0]), marked.axis))
    other = "vertical" if marked.axis == "horizontal" else "horizontal"
    low, high = np.sort(place(np.array([across[0], across[1] - 1.0]), other))
    geometry = Geometry(marked.axis, start, stop, ((low + high) / 2,), (high - low) / 2)
    position = np.arange(np.ceil(start), np.floor(stop) + 1)
    reach = 0.3 * (high - low) / 2
    strip = sample(image, geometry, position, np.linspace(-reach, reach, 9))
    profile = BandProfile(strip.mean(axis=0), strip.max(axis=(0, 2)) > 250, position)
    px = place(marked.px, marked.axis)
    if np.corrcoef(px, marked.nm)[0, 1] < 0:
        profile = BandProfile(profile.rgb[::-1], profile.clipped[::-1], profile.position[::-1])
    name = f"{marked.photo} [{marked.box}]"
    begin = time.process_time()
    try:
        reading = read_light(profile.rgb, blue_known=True)
        axis = fit_axis(profile, marked.source, axis=marked.axis, reading=reading)
    except DataError as error:
        return Row(name, title, "given box", None, str(error))
    row = marks_row(name, title, "given box", axis, (px, marked.nm), _mark_error_nm(marked, axis))
    row.seconds = time.process_time() - begin
    return row


def views(image: np.ndarray, perturb: bool) -> Iterator[tuple[str, np.ndarray, Place]]:
    """Yield the photo and its perturbed copies, each with the map of places into it."""
    height, width = image.shape[:2]
    yield "as it is", image, as_it_is
    if not perturb:
        return
    mirrored = {"horizontal": width - 1, "vertical": height - 1}
    yield "mirrored", image[::-1, ::-1].copy(), lambda px, axis: mirrored[axis] - px
    for factor in (0.7, 1.5):
        size = (round(width * factor), round(height * factor))
        scaled = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        scale = {"horizontal": size[0] / width, "vertical": size[1] / height}
        yield f"scaled {factor}", scaled, lambda px, axis, s=scale: (px + 0.5) * s[axis] - 0.5
    yield "blurred", cv2.GaussianBlur(image, (0, 0), 1.2), as_it_is
    dark = (image * 0.6).astype(np.uint8)
    yield "darker", dark, as_it_is


def real_row(
    marked: MarkedBand, title: str, image: np.ndarray, place: Place, told: str | None, model: Path
) -> Row:
    """Judge one real photo by its marks."""
    start = time.process_time()
    result = run_chain(image, told, model)
    seconds = time.process_time() - start
    row = marked_row(marked, title, result, place)
    row.seconds = seconds
    return row


def as_it_is(px: np.ndarray, axis: str) -> np.ndarray:
    """Return the places of an unchanged photo."""
    return px


def marked_row(marked: MarkedBand, title: str, result: Result, place: Place = as_it_is) -> Row:
    """Judge the axis of an answer by the marks of one of the photo's bands."""
    name = f"{marked.photo} [{marked.box}]"
    if result.axis is None:
        reason = result.reason or result.status
        return Row(name, title, "ours", None, f"{result.source}: {reason}")
    if result.band.axis != marked.axis:
        return Row(name, title, "ours", 999.0, "other axis")
    px = _on_centre_line(result.band.geometry, marked, place)
    # Where a photo shows two bands, an axis is judged by the marks of its own.
    matched = [line.px for line in result.axis.lines]
    low, high = min(matched), max(matched)
    reach = 0.5 * (high - low)
    if ((px > low - reach) & (px < high + reach)).mean() < 0.5:
        return Row(name, title, "other band", None, "another band of the photo")
    error = _mark_error_nm(marked, result.axis)
    return marks_row(name, title, "ours", result.axis, (px, marked.nm), error)


def _mark_error_nm(marked: MarkedBand, axis: WavelengthAxis) -> np.ndarray:
    """Return the standard errors of the marks themselves, nm, shape (n,)."""
    low, high = axis.range_px
    nm_per_px = abs(float(axis.nm_at(high) - axis.nm_at(low))) / (high - low)
    return np.hypot(nm_per_px * marked.px_sigma, marked.nm_sigma)


def _on_centre_line(geometry: Geometry, marked: MarkedBand, place: Place) -> np.ndarray:
    """Return where the marked lines, followed as they lean, cross a found band's centre line."""
    px = place(marked.px, marked.axis)
    other = "vertical" if marked.axis == "horizontal" else "horizontal"
    off = place(np.array([marked.row]), other) - geometry.across(px)
    return px - geometry.lean * off - geometry.smile * off**2


def report_real(rows: list[Row]) -> None:
    """Print one line a photo, and the totals of each view."""
    for row in rows:
        if row.group.startswith("as it is") or row.group == "PySA's axes":
            method = f"{row.method:<9}"
            error = "" if row.error_nm is None else f"{row.error_nm:6.2f} nm at most"
            middle = f", median {np.median(row.marks_nm):.2f}" if row.marks_nm else ""
            middle += f" at {row.claimed:.0%} of the marks" if row.claimed < 1 else ""
            print(f"{row.photo[-60:]:<60} {method} {error}{middle} {row.reason}")
    for title, method in dict.fromkeys((row.group, row.method) for row in rows):
        members = [row for row in rows if (row.group, row.method) == (title, method)]
        given = [row for row in members if row.error_nm is not None]
        marks = np.concatenate([row.marks_nm for row in given if row.marks_nm] or [[]])
        far = sum(row.error_nm > FAR_OFF_NM for row in given)
        members = [row for row in members if row.method != "other band"]
        if not members:
            continue
        text = f"{title}, {method}: axes on {len(given)} of {len(members)} bands"
        if len(marks):
            far3 = sum(row.error_nm > 3.0 for row in given)
            text += f", median {np.median(marks):.2f} nm, 95 % {np.quantile(marks, 0.95):.2f} nm"
            text += f" at {len(marks)} marks, {far3} over 3 and {far} over 5 nm off"
            text += (
                f", 68 % intervals hold {np.mean([r.within_68 for r in given if r.marks_nm]):.0%}"
            )
            text += f", 95 % {np.mean([r.within_95 for r in given if r.marks_nm]):.0%}"
        print(text)
