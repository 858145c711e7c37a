"""Score wavelength axes: simulated photos through the whole chain, and hand-marked real ones.

A simulated photo counts by the largest error of its axis over 430-680 nm inside the true band. In
the same run, on the same peaks, stand rascal (told the lamp, untuned) and the straight line
through two rightly picked peaks of a fluorescent lamp (Hg 435.8 and 546.1) that SpectralWorkbench
draws. Real photos count by the error at their marked lines.

Reads:  the model (--model), lines marked by hand (--real, or $SPECTRA_REAL_DATA)
Writes: the report on stdout; with --json the same figures and one row a photo

    python benchmarks/score_wavelengths.py --simulated 1000 --jobs 2
    python benchmarks/score_wavelengths.py --simulated 140 --rascal
    python benchmarks/score_wavelengths.py --real ../shared/real --perturb
"""

import argparse
import contextlib
import logging
import os
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from joblib import Parallel, delayed

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.line_marks import marked_bands
from benchmarks.other_axes import rascal_axis, two_peak_line
from lib.errors import DataError
from lib.files import write_json
from lib.images import read_image
from lib.paths import DEFAULT_MODEL
from lib.recognition.axis import WavelengthAxis
from lib.recognition.band import BandNotFound, BandProfile, band_profile, find_band
from lib.recognition.classifier import Classifier
from lib.recognition.peaks import find_lines
from lib.recognition.recognise import Result, recognise
from lib.recognition.straighten import Geometry, sample
from lib.recognition.wavelength import fit_axis
from lib.simulation.photos import SimulatedPhoto, simulate_photo
from lib.simulation.truth import best_box
from lib.training.axis_truth import ASKED_NM, LAMPS, asked_places

LINE_LISTS = {"triphosphor": "cfl", "halophosphate": "mercury"}
FAR_OFF_NM = 5.0

# Photo, class, and the wavelengths of the first and the last column.
PYSA_BANDS = (
    ("photos/neon/lcrobert__PySA__Neon_band.png", "neon", (442.0, 709.7)),
    ("photos/continuum/lcrobert__PySA__Sun_band.png", "continuum", (359.0, 723.5)),
)


# Places along a band, and the true wavelengths there.
Asked = tuple[np.ndarray, np.ndarray]


class TrueBand(NamedTuple):
    """The true band, as if it had been found."""

    geometry: Geometry
    rows: tuple[float, float]


@dataclass
class Row:
    """One photo under one method; no error where there is no axis."""

    photo: str
    group: str
    method: str
    error_nm: float | None
    reason: str = ""
    within_68: float | None = None
    within_95: float | None = None
    seconds: float = 0.0
    marks_nm: list[float] = field(default_factory=list)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    args = parse_args(argv)
    logging.disable(logging.WARNING)
    rows: list[Row] = []
    if args.simulated:
        jobs = [(args.seed, index, args) for index in range(args.simulated)]
        done = Parallel(n_jobs=args.jobs)(delayed(score_simulated)(*job) for job in jobs)
        rows += [row for part in done for row in part]
        report_simulated(rows)
    if args.real:
        real = score_real(args.real, args)
        report_real(real)
        rows += real
    if args.json:
        write_json(args.json, {"command": sys.argv[1:], "rows": [vars(row) for row in rows]})
    return 0


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--simulated", type=int, default=0, metavar="N", help="photos in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--rascal", action="store_true", help="run rascal too (seconds a photo)")
    parser.add_argument(
        "--known-lamp", action="store_true", help="band and axis only, no classifier"
    )
    parser.add_argument("--lamps", nargs="+", default=list(LAMPS), choices=LAMPS)
    parser.add_argument("--real", type=Path, default=os.environ.get("SPECTRA_REAL_DATA"))
    parser.add_argument(
        "--perturb", action="store_true", help="perturbed copies of real photos too"
    )
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--json", type=Path)
    return parser.parse_args(argv)


_CLASSIFIERS: dict[Path, Classifier] = {}


def classifier_of(model: Path) -> Classifier:
    """Return the model's classifier, loaded once a process."""
    if model not in _CLASSIFIERS:
        _CLASSIFIERS[model] = Classifier(model)
    return _CLASSIFIERS[model]


def run_chain(image: np.ndarray, told: str | None, model: Path) -> Result:
    """Recognise a photo; with the lamp told, only its band and its axis."""
    if told is None:
        return recognise(image, classifier_of(model))
    try:
        band = find_band(image)
    except BandNotFound as error:
        return Result("no_band", str(error), "")
    profile = band_profile(image, band)
    known = band.blue_end != "none"
    try:
        axis, reason = fit_axis(profile, told, axis=band.axis, blue_known=known), None
    except DataError as error:
        axis, reason = None, f"no wavelength axis: {error}"
    return Result("ok", reason, "", source=told, band=band, profile=profile, axis=axis)


def score_simulated(seed: int, index: int, args: argparse.Namespace) -> list[Row]:
    """Simulate photo `index` and score every method on it."""
    logging.disable(logging.WARNING)
    lamp = args.lamps[index % len(args.lamps)]
    photo = simulate_photo(np.random.default_rng([seed, index]), lamp)
    name = f"{lamp}-{index}"
    told = LAMPS[lamp] if args.known_lamp else None
    result = run_chain(photo.image, told, args.model)
    if result.band is None:
        return [Row(name, lamp, "ours", None, "no band")]
    truth = best_box(result.band, photo.truth.boxes)
    asked = asked_places(result.band, truth)
    rows = [simulated_row(name, lamp, result, asked)]
    rows.append(true_band_row(name, lamp, photo))
    rows[0].seconds = fit_seconds(result, LAMPS[lamp])
    peaks = find_lines(result.profile.rgb)
    # Noise gives a photo a hundred peaks; rascal's time grows with their square and more.
    strongest = peaks.place[peaks.strongest(25)]
    if lamp == "triphosphor":
        nm = two_peak_line(result.profile, *asked)
        rows.append(other_row(name, lamp, "two peaks", nm, result.profile, asked))
    if args.rascal:
        nm = rascal_axis(strongest, len(result.profile.position), LINE_LISTS.get(lamp, lamp))
        rows.append(other_row(name, lamp, "rascal", nm, result.profile, asked))
    return rows


def simulated_row(name: str, lamp: str, result: Result, asked: Asked) -> Row:
    """Judge the chain's own axis."""
    if result.axis is None:
        reason = result.reason or result.status
        if result.source not in (None, LAMPS[lamp]):
            reason = f"named {result.source}"
        elif result.source is None:
            reason = "source unknown"
        return Row(name, lamp, "ours", None, reason)
    if not len(asked[0]):
        return Row(name, lamp, "ours", 999.0, "axis of no spectrum")
    return judged(name, lamp, "ours", result.axis, asked)


def other_row(
    name: str,
    lamp: str,
    method: str,
    nm_of_sample: np.ndarray | None,
    profile: BandProfile,
    asked: Asked,
) -> Row:
    """Judge an axis given as wavelengths of the profile's samples."""
    if nm_of_sample is None:
        return Row(name, lamp, method, None, "no fit")
    px, nm = asked
    if not len(px):
        return Row(name, lamp, method, 999.0, "axis of no spectrum")
    # A straight continuation where the profile is shorter than the true band.
    order = np.argsort(profile.position)
    fit = np.polynomial.Polynomial.fit(profile.position[order], nm_of_sample[order], 3)
    return Row(name, lamp, method, float(np.abs(fit(px) - nm).max()))


def true_band_row(name: str, lamp: str, photo: SimulatedPhoto) -> Row:
    """Judge the axis of the true band with the lamp told: the fit without finder and classifier."""
    truth = photo.truth.boxes[0]
    along, across = (truth.x0, truth.x1), (truth.y0, truth.y1)
    if truth.axis == "vertical":
        along, across = across, along
    half = (across[1] - across[0]) / 2
    geometry = Geometry(truth.axis, along[0], along[1] - 1.0, truth.centre_line, half)
    position = np.arange(along[0], along[1], dtype=float)
    rows = (-0.2 * half, 0.2 * half)
    strip = sample(photo.image, geometry, position, np.linspace(*rows, 9))
    profile = BandProfile(strip.mean(axis=0), strip.max(axis=(0, 2)) > 250, position)
    if truth.blue_end in ("right", "bottom"):
        profile = BandProfile(profile.rgb[::-1], profile.clipped[::-1], profile.position[::-1])
    try:
        known = truth.blue_end != "none"
        axis = fit_axis(profile, LAMPS[lamp], axis=truth.axis, blue_known=known)
    except DataError as error:
        return Row(name, lamp, "true band", None, str(error))
    return judged(name, lamp, "true band", axis, asked_places(TrueBand(geometry, rows), truth))


def judged(name: str, lamp: str, method: str, axis: WavelengthAxis, asked: Asked) -> Row:
    """Judge an axis by the true wavelengths."""
    px, nm = asked
    off = np.abs(axis.nm_at(px) - nm)
    error = axis.standard_error_nm(px)
    within = float((off < error).mean()), float((off < 1.96 * error).mean())
    return Row(name, lamp, method, float(off.max()), "", *within)


def fit_seconds(result: Result, lamp: str) -> float:
    """Return the processor time of one more axis fit of this photo, seconds."""
    start = time.process_time()
    with contextlib.suppress(DataError):
        fit_axis(
            result.profile,
            lamp,
            axis=result.band.axis,
            blue_known=result.band.blue_end != "none",
        )
    return time.process_time() - start


def score_real(folder: Path, args: argparse.Namespace) -> list[Row]:
    """Score the photos whose lines are marked, as they are and perturbed."""
    rows = []
    for marked in marked_bands(folder):
        image = read_image(folder / marked.photo)
        for title, turned, place in views(image, args.perturb):
            rows.append(real_row(marked, title, turned, place, args))
            rows.append(boxed_row(marked, title, turned, place))
    return rows + pysa_rows(folder, args)


def pysa_rows(folder: Path, args: argparse.Namespace) -> list[Row]:
    """Judge the bands of PySA's author by the axes that he calibrated, straight over the width."""
    rows = []
    for photo, source, (low, high) in PYSA_BANDS:
        image = read_image(folder / photo)
        px = np.arange(0.0, image.shape[1], 10)
        nm = low + (high - low) * px / (image.shape[1] - 1)
        asked = (nm > ASKED_NM[0]) & (nm < ASKED_NM[1])
        result = run_chain(image, source if args.known_lamp else None, args.model)
        if result.axis is None:
            reason = f"{result.source}: {result.reason or result.status}"
            rows.append(Row(photo, "PySA's axes", "ours", None, reason))
        else:
            rows.append(
                marks_row(photo, "PySA's axes", "ours", result.axis, px[asked], nm[asked], 0)
            )
    return rows


def boxed_row(marked, title: str, image: np.ndarray, place) -> Row:
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
        axis = fit_axis(profile, marked.source, axis=marked.axis)
    except DataError as error:
        return Row(name, title, "given box", None, str(error))
    seconds = time.process_time() - begin
    return marks_row(name, title, "given box", axis, px, marked.nm, seconds)


def marks_row(name, title, method, axis, px, nm, seconds) -> Row:
    """Judge an axis at marked lines."""
    off = np.abs(axis.nm_at(px) - nm)
    error = axis.standard_error_nm(px)
    return Row(
        name,
        title,
        method,
        float(off.max()),
        within_68=float((off < error).mean()),
        within_95=float((off < 1.96 * error).mean()),
        seconds=seconds,
        marks_nm=off.round(3).tolist(),
    )


def views(image: np.ndarray, perturb: bool):
    """Yield the photo and its perturbed copies, each with a map of its pixels back to the photo."""
    height, width = image.shape[:2]
    yield "as it is", image, lambda px, axis: px
    if not perturb:
        return
    mirrored = {"horizontal": width - 1, "vertical": height - 1}
    yield "mirrored", image[::-1, ::-1].copy(), lambda px, axis: mirrored[axis] - px
    for factor in (0.7, 1.5):
        size = (round(width * factor), round(height * factor))
        scaled = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        scale = {"horizontal": size[0] / width, "vertical": size[1] / height}
        yield f"scaled {factor}", scaled, lambda px, axis, s=scale: (px + 0.5) * s[axis] - 0.5
    yield "blurred", cv2.GaussianBlur(image, (0, 0), 1.2), lambda px, axis: px
    dark = (image * 0.6).astype(np.uint8)
    yield "darker", dark, lambda px, axis: px


def real_row(marked, title: str, image: np.ndarray, place, args: argparse.Namespace) -> Row:
    """Judge one real photo by its marks."""
    told = marked.source if args.known_lamp else None
    start = time.process_time()
    result = run_chain(image, told, args.model)
    seconds = time.process_time() - start
    name = f"{marked.photo} [{marked.box}]"
    if result.axis is None:
        reason = result.reason or result.status
        return Row(name, title, "ours", None, f"{result.source}: {reason}", seconds=seconds)
    if result.band.axis != marked.axis:
        return Row(name, title, "ours", 999.0, "other axis", seconds=seconds)
    px = place(marked.px, marked.axis)
    # Where a photo shows two bands, an axis is judged by the marks of its own.
    matched = [line.px for line in result.axis.lines]
    low, high = min(matched), max(matched)
    reach = 0.5 * (high - low)
    if ((px > low - reach) & (px < high + reach)).mean() < 0.5:
        return Row(name, title, "other band", None, "another band of the photo", seconds=seconds)
    return marks_row(name, title, "ours", result.axis, px, marked.nm, seconds)


def report_simulated(rows: list[Row]) -> None:
    """Print one line a lamp and method."""
    groups = defaultdict(list)
    for row in rows:
        groups[row.group, row.method].append(row)
    print("lamp           method     photos  axis  median   p95   >5 nm  68 %  95 %")
    for (lamp, method), members in sorted(groups.items()):
        errors = np.array([row.error_nm for row in members if row.error_nm is not None])
        share = len(errors) / len(members)
        text = f"{lamp:<14} {method:<10} {len(members):6d}  {share:4.0%}"
        if len(errors):
            far = (errors > FAR_OFF_NM).mean()
            text += f"  {np.median(errors):6.2f} {np.quantile(errors, 0.95):6.2f}  {far:6.1%}"
        held = [row for row in members if row.within_68 is not None]
        if held:
            text += f"  {np.mean([row.within_68 for row in held]):4.0%}"
            text += f"  {np.mean([row.within_95 for row in held]):4.0%}"
        print(text)
        reasons = Counter(row.reason.split("(")[0][:60] for row in members if row.error_nm is None)
        for reason, count in reasons.most_common(4):
            print(f"{'':15}{count:4d} without: {reason}")
    seconds = [row.seconds for row in rows if row.seconds]
    if seconds:
        median, slow = np.median(seconds), np.quantile(seconds, 0.95)
        print(f"axis fit: median {1e3 * median:.1f} ms, 95 % {1e3 * slow:.1f} ms of one core")


def report_real(rows: list[Row]) -> None:
    """Print one line a photo, and the totals of each view."""
    for row in rows:
        if row.group in ("as it is", "PySA's axes"):
            method = f"{row.method:<9}"
            error = "" if row.error_nm is None else f"{row.error_nm:6.2f} nm at most"
            middle = f", median {np.median(row.marks_nm):.2f}" if row.marks_nm else ""
            print(f"{row.photo[-60:]:<60} {method} {error}{middle} {row.reason}")
    for title, method in dict.fromkeys((row.group, row.method) for row in rows):
        members = [row for row in rows if (row.group, row.method) == (title, method)]
        given = [row for row in members if row.error_nm is not None]
        marks = np.concatenate([row.marks_nm for row in given if row.marks_nm] or [[]])
        far = sum(row.error_nm > FAR_OFF_NM for row in given)
        text = f"{title}, {method}: axes on {len(given)} of {len(members)} bands"
        if len(marks):
            text += f", median {np.median(marks):.2f} nm, 95 % {np.quantile(marks, 0.95):.2f} nm"
            text += f" at {len(marks)} marks, {far} of {len(given)} over 5 nm off"
            text += (
                f", 68 % intervals hold {np.mean([r.within_68 for r in given if r.marks_nm]):.0%}"
            )
            text += f", 95 % {np.mean([r.within_95 for r in given if r.marks_nm]):.0%}"
        print(text)


if __name__ == "__main__":
    sys.exit(main())
