"""Seconds, memory and recall of the search for near duplicates, from 1,000 photos on.

The photos are small: strips of simulated crops laid into dark frames, each at its place, height and
angle, with haze and noise. One in twenty is a copy of one before it: recompressed, brightened,
rescaled, mirrored, or turned by some degrees on a frame that grew. They are made once.

Reads:  nothing
Writes: --work, --output

    python benchmarks/duplicates.py --work heap --counts 1000 10000 100000
"""

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from scipy.special import erf

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from benchmarks.process_cost import watched
from lib.curation.analysis import Analysis, AnalysisStore
from lib.curation.duplicates import near_duplicates
from lib.curation.fingerprints import fingerprint
from lib.files import write_bytes, write_csv
from lib.images.reading import read_image
from lib.parallel import map_in_order
from lib.paths import ROOT
from lib.simulation.crops.crops import simulate_crops
from tests.support.pictures import turned

COLUMNS = (
    *("photos", "planted_pairs", "recall", "precision", "seconds", "cpu_s"),
    *("client_mb", "workers_mb"),
)
RESULT = ROOT / "benchmarks" / "results" / "duplicates.csv"
WIDTH, HEIGHT = 160, 120
COPIES = 0.05
CHANGES = ("recompressed", "brightened", "rescaled", "mirrored", "turned")
# Of an outline; -1 fills it.
WIDTHS = (-1, 1, 2)
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 88]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True)
    parser.add_argument("--work", type=Path, required=True, help="folder for photos and analyses")
    parser.add_argument(
        "--counts",
        type=cli.positive_int,
        nargs="+",
        default=[1_000, 3_000, 10_000, 30_000, 100_000],
        help="photos (default: 1000 3000 10000 30000 100000)",
    )
    parser.add_argument("--output", type=Path, default=RESULT, help="(default: %(default)s)")
    cli.add_jobs_flag(parser)
    return parser.parse_args(argv)


def measure(args: argparse.Namespace) -> None:
    """Make the photos, then time each part of them."""
    store = AnalysisStore(args.work / "analyses")
    sources = plan(max(args.counts), args.seed)
    make_all(args, sources, store)
    rows = []
    for count in sorted(args.counts):
        rows.append(timed(args, sources[:count], store))
        write_csv(args.output, COLUMNS, rows)
        print(*(f"{name} {value}" for name, value in rows[-1].items()), sep=", ", flush=True)


def plan(count: int, seed: int) -> list[int]:
    """Return for each photo the one that it shows: itself, or the one before that it copies."""
    rng = np.random.default_rng([seed, count > 0])
    sources = list(range(count))
    for photo in range(1, count):
        # Drawn alike for every photo, so that a smaller heap is the beginning of a larger one.
        is_copy, which = rng.random(2)
        if is_copy < COPIES:
            sources[photo] = sources[int(which * photo)]
    return sources


def make_all(args: argparse.Namespace, sources: list[int], store: AnalysisStore) -> None:
    """Make the photos that are not there yet, and what an analysis of them would hold."""
    crops = (
        crop
        for batch in simulate_crops(len(sources), args.seed, jobs=args.jobs)
        for crop in batch.images
    )
    todo = (
        (photo, crop)
        for photo, crop in zip(range(len(sources)), crops, strict=False)
        if sources[photo] == photo and not store.holds(name_of(photo))
    )
    copies = [photo for photo, source in enumerate(sources) if source != photo]
    originals = map_in_order(partial(make_original, args.seed), todo, jobs=args.jobs, per_task=16)
    for photo, analysis, data in originals:
        keep(args, photo, analysis, data, store)
    missing = [photo for photo in copies if not store.holds(name_of(photo))]
    tasks = (
        (photo, path_of(args, sources[photo]), store.read(name_of(sources[photo])))
        for photo in missing
    )
    for photo, analysis, data in map_in_order(
        partial(make_copy, args.seed), tasks, jobs=args.jobs, per_task=16
    ):
        keep(args, photo, analysis, data, store)


def name_of(photo: int) -> str:
    """Return what stands for the content hash of a photo."""
    return f"{photo:08x}"


def path_of(args: argparse.Namespace, photo: int) -> Path:
    """Return the file of a photo."""
    return args.work / "photos" / f"{photo // 1000:04d}" / f"{photo:07d}.jpg"


def keep(
    args: argparse.Namespace, photo: int, analysis: Analysis, data: bytes, store: AnalysisStore
) -> None:
    """Write a photo and its analysis."""
    write_bytes(path_of(args, photo), data)
    store.write(analysis)


def make_original(seed: int, task: tuple[int, np.ndarray]) -> tuple[int, Analysis, bytes]:
    """Lay a crop into a dark frame."""
    photo, crop = task
    rng = np.random.default_rng([seed, photo])
    size = (int(rng.integers(70, 150)), int(rng.integers(6, 60)))
    strip = cv2.resize(crop, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    # Slits are not lit evenly.
    strip *= 1 - rng.uniform(0, 0.6) * np.linspace(0, 1, size[1])[:, None, None] ** 2
    # Nor do they end as a box does: the outline of one box fits that of any other.
    strip *= faded(size[1], rng.uniform(1, 4))[:, None, None] * faded(size[0], 6.0)[:, None]
    angle = float(rng.normal(0, 4)) + (90.0 if rng.random() < 0.2 else 0.0)
    turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), angle, 1)
    turn[:, 2] += np.array([WIDTH, HEIGHT]) / 2 - np.array(size) / 2 + rng.normal(0, 10, 2)
    frame = cv2.warpAffine(strip, turn, (WIDTH, HEIGHT)) + surroundings(rng)
    image = np.clip(frame, 0, 255).astype(np.uint8)
    return photo, *analysed(photo, image, crop, JPEG)


def faded(length: int, width_px: float) -> np.ndarray:
    """Return the light along a slit or a spectrum, which fades out at both ends, 0 to 1."""
    inside = np.arange(length) + 0.5
    return erf(inside / width_px) * erf((length - inside) / width_px)


def surroundings(rng: np.random.Generator) -> np.ndarray:
    """Return the haze, the noise and the dim things that a frame shows beside its spectrum."""
    frame = np.full((HEIGHT, WIDTH, 3), rng.uniform(0, 15), np.float32)
    for _ in range(rng.integers(1, 8)):
        centre = rng.integers((0, 0), (WIDTH, HEIGHT)).tolist()
        axes = rng.integers(2, 40, 2).tolist()
        colour = (rng.uniform(5, 60) * rng.uniform(0.3, 1, 3)).tolist()
        width = WIDTHS[rng.integers(len(WIDTHS))]
        cv2.ellipse(frame, centre, axes, rng.uniform(0, 180), 0, 360, colour, width)
    grain = rng.integers(0, 256, frame.shape, np.uint8)
    frame += (grain.astype(np.float32) - 128) * rng.uniform(0.005, 0.05)
    return cv2.blur(frame, (3, 3))


def make_copy(seed: int, task: tuple[int, Path, Analysis]) -> tuple[int, Analysis, bytes]:
    """Change a photo in one of the ways of `CHANGES`."""
    photo, source, analysis = task
    rng = np.random.default_rng([seed, photo])
    image, crop = read_image(source), analysis.crop_pixels()
    change = CHANGES[rng.integers(len(CHANGES))]
    quality = JPEG
    if change == "recompressed":
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 60))]
    elif change == "brightened":
        image = cv2.convertScaleAbs(image, alpha=rng.uniform(1.1, 1.5), beta=rng.uniform(0, 12))
    elif change == "rescaled":
        factor = rng.uniform(0.5, 1.6)
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    elif change == "mirrored":
        image, crop = image[:, ::-1], crop[:, ::-1]
    else:
        image = turned(image, rng.uniform(1.5, 10) * rng.choice([-1, 1]))
    return photo, *analysed(photo, np.ascontiguousarray(image), crop, quality)


def analysed(
    photo: int, image: np.ndarray, crop: np.ndarray, jpeg: list[int]
) -> tuple[Analysis, bytes]:
    """Return what an analysis of a picture holds for the search, and its file."""
    data = cv2.imencode(".jpg", image[:, :, ::-1], jpeg)[1].tobytes()
    image = read_image(data)
    mark = fingerprint(image)
    height, width = image.shape[:2]
    analysis = Analysis(
        name_of(photo),
        "ok",
        width=width,
        height=height,
        crop=cv2.imencode(".png", crop[:, :, ::-1])[1].tobytes(),
        canvas=cv2.imencode(".png", mark.canvas[:, :, ::-1])[1].tobytes(),
        frame_waves=mark.frame_waves.astype("<f2").tobytes(),
        axis_waves=mark.axis_waves.astype("<f2").tobytes(),
    )
    return analysis, data


def timed(args: argparse.Namespace, sources: list[int], store: AnalysisStore) -> dict:
    """Group the duplicates of a heap; return a row of `COLUMNS`."""
    contents = {name_of(photo): path_of(args, photo) for photo in range(len(sources))}
    with watched() as cost:
        groups = near_duplicates(contents, store, jobs=args.jobs)
    # By their source, copies of one photo are one another's copies.
    group_of = {member: number for number, group in enumerate(groups) for member in group}
    planted, found = 0, 0
    for pair in pairs_of(sources):
        planted += 1
        ours, theirs = (group_of.get(name_of(photo)) for photo in pair)
        found += ours is not None and ours == theirs
    grouped = sum(len(group) * (len(group) - 1) // 2 for group in groups)
    values = (
        len(sources),
        planted,
        round(found / planted, 4),
        round(found / max(grouped, 1), 4),
        *(round(cost.seconds, 1), round(cost.cpu_s, 1)),
        *(round(size / 1e6) for size in (cost.client_bytes, cost.workers_bytes)),
    )
    return dict(zip(COLUMNS, values, strict=True))


def pairs_of(sources: list[int]) -> Iterator[tuple[int, int]]:
    """Yield each two photos that show the same."""
    members: dict[int, list[int]] = {}
    for photo, source in enumerate(sources):
        members.setdefault(source, []).append(photo)
    for same in members.values():
        for place, first in enumerate(same):
            for second in islice(same, place + 1, None):
                yield first, second


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: measure(arguments), verbose=arguments.verbose))
