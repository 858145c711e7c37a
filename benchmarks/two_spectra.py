"""Score photos that show several spectra, one above the other: said, chosen, measured by another.

Three figures: how often photos of one spectrum are said to show several; how often photos of two
lamps, and of a star between two lamps, are, and whether each number then chooses its own row; and
how far an instrument made from the lamp's row is off on the other row, against what it states.

Reads:  photos.csv and its photos (--real, or $SPECTRA_REAL_DATA); simulated photos are made here
Writes: the report on stdout

    python benchmarks/two_spectra.py --real ../shared/real --simulated 1000 --rows 200
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.cases import Case, real_cases, simulated_case
from lib.errors import DataError
from lib.measurement.calibration import calibrate
from lib.measurement.lamp_lines import LampPhoto
from lib.paths import DEFAULT_MODEL
from lib.recognition.band import Band
from lib.recognition.find.finder import BandNotFound, find_band
from lib.recognition.instrument import Instrument, OtherInstrument
from lib.recognition.name.classifier import kept_classifier
from lib.recognition.recognise import placed, recognise
from lib.recognition.straighten import Geometry
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.photos.bench import Bench, Row, draw_bench

_LIGHTS = (
    *("neon", "triphosphor", "mercury", "hydrogen", "helium", "argon"),
    *("white_led", "incandescent", "daylight"),
)
_CALIBRATES = {"neon": "neon", "triphosphor": "cfl_hg", "mercury": "mercury", "helium": "helium"}
_VISIBLE_NM = (390.0, 720.0)
# A calibration that is off by more says nothing of the other row.
_USABLE_NM = 3.0


def middle_bench(rng: np.random.Generator) -> Bench:
    """Return a bench whose spectrum runs through the middle of its frame."""
    bench = draw_bench(rng)
    projection = bench.layout.projection
    angle, setting = projection.angle_rad, bench.setting
    x, y = (setting.width - 1) / 2, (setting.height - 1) / 2
    off = (projection.anchor_y - y) * np.cos(angle) - (projection.anchor_x - x) * np.sin(angle)
    moved = replace(
        projection,
        anchor_x=projection.anchor_x + off * np.sin(angle),
        anchor_y=projection.anchor_y - off * np.cos(angle),
    )
    return replace(bench, layout=replace(bench.layout, projection=moved))


def frame_breadth(bench: Bench) -> int:
    """Return the pixels of the frame across the dispersion."""
    return bench.setting.width if "vertical" in bench.setting.on else bench.setting.height


def draw_rows(rng: np.random.Generator, bench: Bench, count: int) -> list[Row]:
    """Return two lamps one above the other, or a star between two rows of one lamp."""
    half = rng.uniform(0.03, 0.12) * frame_breadth(bench)
    gap = rng.uniform(0.3, 1.5) * half
    lights = [LAMPS[str(name)].draw(rng) for name in rng.choice(_LIGHTS, 2, False)]
    peaks = np.exp(rng.uniform(np.log(0.25), np.log(0.9), 2))
    if count == 2:
        low = Row(lights[0], -gap / 2 - 2 * half, -gap / 2, peaks[0])
        return [low, Row(lights[1], gap / 2, gap / 2 + 2 * half, peaks[1])]
    width = rng.uniform(1, 3)
    star = Row(LAMPS["star"].draw(rng), -width, width, peaks[1])
    low = Row(lights[0], -gap - 2 * half, -gap, peaks[0])
    return [low, star, replace(low, low_px=gap, high_px=gap + 2 * half)]


def said_of_one(cases: Sequence[Case]) -> list[str]:
    """Return the names of the photos that are said to show several spectra."""
    return [case.name for case in cases if (band := found(case.image)) and band.among]


def found(image: np.ndarray, choice: object = None) -> Band | None:
    """Return the band that is found, None without one."""
    try:
        return find_band(image, choice)
    except BandNotFound:
        return None


def row_of(bench: Bench, rows: Sequence[Row], geometry: Geometry) -> int | None:
    """Return the row in which a band's middle lies."""
    x, y = geometry.place([(geometry.start + geometry.stop) / 2], [0.0])
    height = float(bench.layout.projection.to_slit(x, y)[1].item())
    inside = [k for k, row in enumerate(rows) if row.low_px - 2 <= height <= row.high_px + 2]
    return inside[0] if inside else None


def said_of_rows(seed: int, count: int) -> tuple[bool, int, int]:
    """Return whether all rows of a photo are said, how many were chosen, and how many rightly."""
    rng = np.random.default_rng([seed, count, 1])
    bench = middle_bench(rng)
    rows = draw_rows(rng, bench, count)
    image = bench.photograph_rows(rng, rows)
    best = found(image)
    if best is None or not best.among:
        return False, 0, 0
    bands = [found(image, number + 1) for number in range(len(best.among))]
    places = [row_of(bench, rows, band.geometry) if band else None for band in bands]
    # The rows follow each other in reading order or against it, and none is there twice.
    right = [place for place in places if place is not None]
    ordered = right in (sorted(set(right)), sorted(set(right), reverse=True))
    return len(bands) == count, len(bands), len(right) if ordered else 0


def error_on_other(seed: int) -> tuple[bool, float, float] | None:
    """Return the error and the stated one, px, of an instrument on a row that is not its own.

    First whether lines are arcs; None where the lamp gives no instrument.
    """
    rng = np.random.default_rng([seed, 9])
    bench = middle_bench(rng)
    breadth = frame_breadth(bench)
    half = rng.uniform(0.02, 0.1) * breadth
    off = rng.uniform(max(0.1 * breadth, 2.3 * half), 0.35 * breadth) * rng.choice([-1, 1])
    lamp, light = str(rng.choice(list(_CALIBRATES))), rng.choice(["neon", "incandescent", "star"])
    reach = 2.0 if light == "star" else half
    own = Row(LAMPS[lamp].draw(rng), -off / 2 - half, -off / 2 + half)
    other = Row(LAMPS[str(light)].draw(rng), off / 2 - reach, off / 2 + reach)
    image = bench.photograph_rows(rng, [own, other])
    boxes = [box_of(bench, row) for row in (own, other)]
    if None in boxes:
        return None
    classifier = kept_classifier(str(DEFAULT_MODEL))
    result = recognise(image, classifier, lamp=_CALIBRATES[lamp], band=boxes[0])
    try:
        made = calibrate([LampPhoto("lamp", image, result)]).instrument
        moved, _ = placed(image, made, boxes[1])
    except (DataError, OtherInstrument):
        return None
    px = np.linspace(*made.axis.range_px, 7)
    base = error_along(bench, made, px)
    if np.abs(base).max() > _USABLE_NM:
        return None
    there = px + moved.axis.range_px[0] - made.axis.range_px[0]
    step = np.gradient(made.axis.nm_at(px), px)
    error = np.median((error_along(bench, moved, there) - base) / step)
    stated = [one.axis.standard_error_nm(at.mean()) for one, at in ((made, px), (moved, there))]
    more = np.sqrt(max(stated[1] ** 2 - stated[0] ** 2, 0.0)) / abs(step.mean())
    return "curved" in bench.setting.on, abs(float(error)), float(more)


def error_along(bench: Bench, instrument: Instrument, px: np.ndarray) -> np.ndarray:
    """Return how far an instrument's axis is off at places of its own centre line, nm."""
    x, y = instrument.place.geometry.place(px, [0.0])
    return instrument.axis.nm_at(px) - bench.nm_at(x[0], y[0])


def box_of(bench: Bench, row: Row) -> tuple[int, int, int, int] | None:
    """Return the box of a row's visible light, as a person draws it; None if it is hardly seen."""
    y, x = np.mgrid[0 : bench.setting.height : 2, 0 : bench.setting.width : 2].astype(np.float32)
    along, height = bench.layout.projection.to_slit(x, y)
    nm = bench.layout.grating.nm_at(along, 1)
    lit = (height > row.low_px - 4) & (height < row.high_px + 4)
    lit &= (nm > _VISIBLE_NM[0]) & (nm < _VISIBLE_NM[1])
    if not lit.any():
        return None
    box = int(x[lit].min()), int(y[lit].min()), int(x[lit].max()), int(y[lit].max())
    return box if min(box[2] - box[0], box[3] - box[1]) >= 4 else None


def report_rows(count: int) -> None:
    """Print how photos of several rows fare."""
    for rows, what in ((2, "two lamps"), (3, "a star between lamps")):
        said = [said_of_rows(seed, rows) for seed in range(count)]
        chosen, right = (sum(one[k] for one in said) for k in (1, 2))
        print(
            f"{what}: all said in {sum(one[0] for one in said)} of {count} photos; "
            f"of {chosen} chosen by number {right} lie in a row of their own"
        )
    errors = [one for one in map(error_on_other, range(count)) if one]
    for curved, what in ((False, "straight lines"), (True, "arcs")):
        here = np.array([one[1:] for one in errors if one[0] == curved])
        if len(here):
            off, stated = here.T
            print(
                f"instrument on another row, {what}: {len(here)} photos; error in the median "
                f"{np.median(off):.2f} px (stated {np.median(stated):.2f}), in nine of ten under "
                f"{np.quantile(off, 0.9):.1f}; within twice the stated "
                f"{np.mean(off < 2 * stated):.0%}"
            )


def main(argv: list[str] | None = None) -> int:
    """Print the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = os.environ.get("SPECTRA_REAL_DATA")
    parser.add_argument("--real", type=Path, default=default, help="folder with photos.csv")
    parser.add_argument("--simulated", type=int, default=200, help="photos of one spectrum")
    parser.add_argument("--rows", type=int, default=50, help="photos of several, of each kind")
    parser.add_argument("--seed", type=int, default=0, help="of the photos of one spectrum")
    args = parser.parse_args(argv)
    cv2.setNumThreads(1)
    sets = {"simulated": (simulated_case(args.seed, k) for k in range(args.simulated))}
    if args.real:
        sets["real"] = real_cases(Path(args.real))
    for what, cases in sets.items():
        cases = list(cases) if what == "real" else cases
        said = said_of_one(cases)
        print(
            f"{what} photos that are said to show several spectra: {len(said)}", *said, sep="\n  "
        )
    report_rows(args.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
