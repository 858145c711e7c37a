"""Score wavelength axes: simulated photos through the whole chain, and hand-marked real ones.

A simulated photo counts by the largest error of its axis over 430-680 nm inside the true band,
as far as the axis claims to hold there. In the same run, on the same peaks, stand rascal (told the
lamp, untuned), specreduce (told the lamp, and the range within a tenth) and the straight line
through two rightly picked peaks of a fluorescent lamp (Hg 435.8 and 546.1) that SpectralWorkbench
draws. Real photos count by the error at their marked lines, where the axis claims to hold.

Reads:  the model (--model), lines marked by hand (--real, or $SPECTRA_REAL_DATA)
Writes: the report on stdout; with --json the same figures and one row a photo

    python benchmarks/score_wavelengths.py --simulated 1000 --jobs 2
    python benchmarks/score_wavelengths.py --simulated 1000 --lamps balmer --known-lamp
    python benchmarks/score_wavelengths.py --simulated 140 --rascal --specreduce
    python benchmarks/score_wavelengths.py --real ../shared/real --perturb
"""

import argparse
import contextlib
import logging
import os
import sys
import time
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.axis_rows import FAR_OFF_NM, Asked, Row, judged, run_chain, simulated_row
from benchmarks.other_axes import rascal_axis, specreduce_axis, two_peak_line
from benchmarks.real_axes import report_real, score_real
from lib.errors import DataError
from lib.files import write_json
from lib.lines import line_list
from lib.paths import DEFAULT_MODEL
from lib.recognition.axis.fit import fit_axis
from lib.recognition.axis.peaks import find_lines
from lib.recognition.band import BandProfile, band_of
from lib.recognition.direction import blue_first
from lib.recognition.find.refinement import refine
from lib.recognition.find.rows import clean_rows
from lib.recognition.reading import read_light
from lib.recognition.result import Result
from lib.recognition.straighten import Geometry
from lib.recognition.strip import sample_band
from lib.simulation.lamps import catalogue as simulated
from lib.simulation.lamps.spectra import emission, vary
from lib.simulation.photos.photos import SimulatedPhoto, simulate_photo
from lib.simulation.photos.truth import best_box
from lib.training.examples.axis_truth import LAMPS, asked_places

LINE_LISTS = {"triphosphor": "cfl", "halophosphate": "mercury"}
# Hydrogen tubes that show the atom's lines alone, as those of teaching labs: asked for by name.
BALMER = "balmer"


def draw_balmer(rng: np.random.Generator) -> np.ndarray:
    """Return a hydrogen tube's light without anything of the molecule."""
    lines = line_list("hydrogen")
    atom = np.array([name == "H I" for name in lines.names])
    return emission("hydrogen", atom * vary(rng, lines.nm, lines.intensity, 0.3, 0.3))


CLASS_OF_LAMP = LAMPS | {BALMER: "hydrogen"}


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
        real = score_real(args.real, args.model, known_lamp=args.known_lamp, perturb=args.perturb)
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
    parser.add_argument("--specreduce", action="store_true", help="run specreduce too (likewise)")
    parser.add_argument(
        "--known-lamp", action="store_true", help="band and axis only, no classifier"
    )
    parser.add_argument("--lamps", nargs="+", default=list(LAMPS), choices=CLASS_OF_LAMP)
    parser.add_argument("--real", type=Path, default=os.environ.get("SPECTRA_REAL_DATA"))
    parser.add_argument(
        "--perturb", action="store_true", help="perturbed copies of real photos too"
    )
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--json", type=Path)
    return parser.parse_args(argv)


def score_simulated(seed: int, index: int, args: argparse.Namespace) -> list[Row]:
    """Simulate photo `index` and score every method on it."""
    # Here, as each process has lamps of its own.
    hydrogen = simulated.LAMPS["hydrogen"]
    simulated.LAMPS[BALMER] = replace(hydrogen, name=BALMER, draw=draw_balmer)
    logging.disable(logging.WARNING)
    lamp = args.lamps[index % len(args.lamps)]
    photo = simulate_photo(np.random.default_rng([seed, index]), lamp)
    name = f"{lamp}-{index}"
    told = CLASS_OF_LAMP[lamp] if args.known_lamp else None
    result = run_chain(photo.image, told, args.model)
    if result.band is None:
        return [Row(name, lamp, "ours", None, "no band")]
    truth = best_box(result.band, photo.truth.boxes)
    asked = asked_places(result.band, truth)
    rows = [simulated_row(name, lamp, CLASS_OF_LAMP[lamp], result, asked)]
    rows.append(true_band_row(name, lamp, photo))
    rows[0].seconds = fit_seconds(result, CLASS_OF_LAMP[lamp])
    peaks = find_lines(result.profile.rgb)
    # Noise gives a photo a hundred peaks; rascal's time grows with their square and more.
    strongest = peaks.place[peaks.strongest(25)]
    if lamp == "triphosphor":
        nm = two_peak_line(result.profile, *asked)
        rows.append(other_row(name, lamp, "two peaks", nm, result.profile, asked))
    if args.specreduce and len(asked[0]):
        position = result.profile.position
        truth = np.polynomial.Polynomial.fit(*asked, min(4, len(asked[0]) - 1))
        ends = tuple(float(nm) for nm in truth(position[[0, -1]]))
        lines = LINE_LISTS.get(lamp, lamp)
        nm = specreduce_axis(strongest, len(position), lines, ends)
        rows.append(other_row(name, lamp, "specreduce", nm, result.profile, asked))
    if args.rascal:
        nm = rascal_axis(strongest, len(result.profile.position), LINE_LISTS.get(lamp, lamp))
        rows.append(other_row(name, lamp, "rascal", nm, result.profile, asked))
    return rows


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
    strip = sample_band(photo.image, refine(photo.image, geometry, 1.0))
    way = {"left": 1, "top": 1, "right": -1, "bottom": -1, "none": 0}[truth.blue_end]
    band = band_of(strip, clean_rows(strip), photo.image.shape, towards_red=way, evidence=1.0)
    band = blue_first(band)
    try:
        axis = fit_axis(band.profile, CLASS_OF_LAMP[lamp], axis=truth.axis, reading=band.reading)
    except DataError as error:
        return Row(name, lamp, "true band", None, str(error))
    return judged(name, lamp, "true band", axis, asked_places(band, truth))


def fit_seconds(result: Result, lamp: str) -> float:
    """Return the processor time of one more axis fit of this photo, seconds."""
    start = time.process_time()
    with contextlib.suppress(DataError):
        reading = read_light(result.profile.rgb, blue_known=result.band.blue_end != "none")
        fit_axis(result.profile, lamp, axis=result.band.axis, reading=reading)
    return time.process_time() - start


def report_simulated(rows: list[Row]) -> None:
    """Print one line a lamp and method."""
    groups = defaultdict(list)
    for row in rows:
        groups[row.group, row.method].append(row)
    print("lamp           method     photos  axis  median   p95   >5 nm  claimed  68 %  95 %")
    for (lamp, method), members in sorted(groups.items()):
        errors = np.array([row.error_nm for row in members if row.error_nm is not None])
        share = len(errors) / len(members)
        text = f"{lamp:<14} {method:<10} {len(members):6d}  {share:4.0%}"
        if len(errors):
            far = (errors > FAR_OFF_NM).mean()
            text += f"  {np.median(errors):6.2f} {np.quantile(errors, 0.95):6.2f}  {far:6.1%}"
            text += (
                f"  {np.mean([row.claimed for row in members if row.error_nm is not None]):5.0%}"
            )
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


if __name__ == "__main__":
    sys.exit(main())
