"""Score the band finder on real photos, on perturbed copies of them and on simulated photos.

What counts as right is told in benchmarks/cases.py.

Times are processor time of one thread for finding and cutting, without decoding; --decoding
adds that, from the file's bytes.

Reads:  photos.csv and its photos (--real, or $SPECTRA_REAL_DATA); simulated photos are made here
Writes: the report on stdout; with --json the same figures; with --sheet contact sheets

    python benchmarks/score_bands.py --real ../shared/real --method ours nnsic --perturb
    python benchmarks/score_bands.py --simulated 1000 --jobs 2
    python benchmarks/score_bands.py --simulated 1000 --seed 100 --faults --sheet sheets
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from joblib import Parallel, delayed

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.cases import (
    SCENE_SHARE,
    Case,
    Score,
    band_box,
    judge,
    real_cases,
    simulated_case,
)
from benchmarks.nnsic_cropper import nnsic_band
from benchmarks.perturbations import PERTURBATIONS, Box, rescale
from lib.files import write_json
from lib.images.png import write_png
from lib.plots.sheets import TILE_WIDTH_PX, arrange, draw_tile
from lib.recognition.band import cut_crop
from lib.recognition.find.finder import BandNotFound, find_band


def ours(image: np.ndarray) -> Box | None:
    """Find the band with the shipped finder."""
    try:
        return band_box(find_band(image))
    except BandNotFound:
        return None


METHODS: dict[str, Callable[[np.ndarray], Box | None]] = {
    "ours": ours,
    "nnsic": lambda image: _as_box(nnsic_band(image)),
    "nnsic_flip": lambda image: _as_box(nnsic_band(image, flip=True)),
}


def _as_box(found: tuple | None) -> Box | None:
    return None if found is None else Box(*found)


_LONGEST_PERTURBED_PX = 1600


def perturbed_cases(folder: Path) -> Iterator[Case]:
    """Yield each real photo once for each perturbation, with its boxes moved along."""
    for case in real_cases(folder):
        shrink = min(1.0, _LONGEST_PERTURBED_PX / max(case.image.shape[:2]))
        image, boxes = rescale(case.image, case.boxes, shrink)
        for name, perturb in PERTURBATIONS.items():
            changed, moved = perturb(image, boxes)
            tags = {**case.tags, "perturbation": name}
            yield Case(f"{name}:{case.name}", changed, moved, tags)


def score(case: Case, method: str) -> Score:
    """Run one method on one photo."""
    cv2.setNumThreads(1)
    begin = time.process_time()
    found = METHODS[method](case.image)
    return judge(case, found, time.process_time() - begin)


def summarise(scores: list[Score]) -> dict[str, float | int | str]:
    """Return the counts and shares of right bands, right directions and refused non-spectra."""
    spectra = [s for s in scores if s.spectrum]
    directed = [s for s in spectra if s.direction is not None]
    others = [s for s in scores if not s.spectrum]
    milliseconds = [1e3 * s.seconds for s in scores]
    return {
        "spectra": len(spectra),
        "right": _share([s.right for s in spectra]),
        "direction": _share([bool(s.direction) for s in directed]),
        "refused": _share([s.right for s in others]),
        "mean_ms": round(float(np.mean(milliseconds)), 1),
        "worst_ms": round(float(np.max(milliseconds)), 1),
    }


def _share(values: list[bool]) -> str:
    if not values:
        return "-"
    return f"{sum(values)}/{len(values)} {100 * np.mean(values):.1f}%"


def print_report(title: str, scores: list[Score], tags: list[str], *, faults: bool) -> None:
    """Print a summary line, the split by each tag, and each photo that went wrong."""
    print(f"\n{title}")
    header = ("spectra", "right", "direction", "refused", "mean_ms", "worst_ms")
    print(f"{'':<30}" + "".join(f"{name:>16}" for name in header))
    lines = {"all": scores}
    for tag in tags:
        for value in sorted({s.tags.get(tag, "") for s in scores} - {""}):
            lines[f"{tag} {value}"] = [s for s in scores if s.tags.get(tag) == value]
    for name, members in lines.items():
        summary = summarise(members)
        print(f"{name[:30]:<30}" + "".join(f"{summary[key]!s:>16}" for key in header))
    if faults:
        for s in scores:
            if not s.right or s.direction is False:
                print(f"  {s.name}: {s.note}")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = os.environ.get("SPECTRA_REAL_DATA")
    parser.add_argument("--real", type=Path, default=default, help="folder with photos.csv")
    parser.add_argument("--perturb", action="store_true", help="also score perturbed real photos")
    parser.add_argument("--simulated", type=int, default=0, help="photos to simulate (default: 0)")
    parser.add_argument("--seed", type=int, default=0, help="of the simulated photos (default: 0)")
    parser.add_argument("--method", nargs="+", choices=METHODS, default=["ours"])
    parser.add_argument("--jobs", type=int, default=1, help="parallel processes (default: 1)")
    parser.add_argument(
        "--faults", action="store_true", help="list, and draw, what went wrong (default: off)"
    )
    parser.add_argument("--json", type=Path, help="write the summaries here (default: off)")
    parser.add_argument(
        "--sheet",
        type=Path,
        help="folder for contact sheets; with --faults only of what went wrong (default: off)",
    )
    return parser.parse_args(argv)


def run_real(args: argparse.Namespace, method: str) -> dict[str, dict]:
    """Score real photos, and perturbed ones if asked for."""
    summaries = {}
    scores = [score(case, method) for case in real_cases(args.real)]
    print_report(f"{method}: real photos", scores, ["source"], faults=True)
    summaries["real"] = summarise(scores)
    if args.perturb:
        tasks = (delayed(score)(c, method) for c in perturbed_cases(args.real))
        scores = Parallel(n_jobs=args.jobs, pre_dispatch="2*n_jobs")(tasks)
        print_report(
            f"{method}: perturbed real photos", scores, ["perturbation"], faults=args.faults
        )
        summaries["perturbed"] = summarise(scores)
    return summaries


def score_simulated(seed: int, number: int, method: str) -> Score:
    """Simulate a photo and run one method on it."""
    return score(simulated_case(seed, number), method)


def run_simulated(args: argparse.Namespace, method: str) -> dict[str, dict]:
    """Score simulated photos, split by what makes them hard."""
    total = round(args.simulated * (1 + SCENE_SHARE))
    tasks = (delayed(score_simulated)(args.seed, number, method) for number in range(total))
    scores = Parallel(n_jobs=args.jobs)(tasks)
    tags = ["family", "class", "tilt", "length", "clipped", "scene"]
    tags += sorted({tag for s in scores for tag in s.tags if tag.startswith("with ")})
    print_report(f"{method}: simulated photos", scores, tags, faults=args.faults)
    return {"simulated": summarise(scores)}


def draw_sheet(
    folder: Path,
    cases: Iterator[Case],
    *,
    faults: bool,
    tiles_a_sheet: int = 24,
) -> None:
    """Write contact sheets of what the shipped finder sees, the truth outlined in white.

    With `faults` only the photos that went wrong.
    """
    tiles: list[np.ndarray] = []
    for case in cases:
        try:
            band = find_band(case.image)
        except BandNotFound:
            band = None
        judged = judge(case, band_box(band))
        if faults and judged.right and judged.direction is not False:
            continue
        photo = _with_truth(case)
        caption = (case.name[-50:], judged.note or "right")
        if band is None:
            tiles.append(draw_tile(photo, None, None, "none", caption))
        else:
            crop, outline = cut_crop(band), band.outline()
            tiles.append(draw_tile(photo, crop, outline, band.blue_end, caption))
    for first in range(0, len(tiles), tiles_a_sheet):
        path = folder / f"bands-{first // tiles_a_sheet + 1:02d}.png"
        write_png(path, arrange(tiles[first : first + tiles_a_sheet]))


def _with_truth(case: Case) -> np.ndarray:
    """Return a photo with its true boxes outlined, as thick as a sheet still shows."""
    photo = case.image.copy()
    thick = max(1, round(max(photo.shape[:2]) / TILE_WIDTH_PX))
    for box in case.boxes:
        # Outside the box, so that it does not hide what it is about.
        low = (round(box.x0) - 2 * thick, round(box.y0) - 2 * thick)
        high = (round(box.x1) + 2 * thick, round(box.y1) + 2 * thick)
        cv2.rectangle(photo, low, high, (255, 255, 255), thick)
    return photo


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    args = parse_args(argv)
    figures: dict[str, dict] = {}
    for method in args.method:
        figures[method] = run_real(args, method) if args.real else {}
        if args.simulated:
            figures[method] |= run_simulated(args, method)
    if args.sheet and args.real:
        draw_sheet(args.sheet, real_cases(args.real), faults=args.faults)
    elif args.sheet:
        numbers = range(round(args.simulated * (1 + SCENE_SHARE)))
        cases = (simulated_case(args.seed, number) for number in numbers)
        draw_sheet(args.sheet, cases, faults=args.faults)
    if args.json:
        write_json(args.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
