"""Train the network that reads a line through a photo, on simulated photos alone.

It follows `train_band.py`: lines are those along which the shipped band network sees spectra, and
others drawn near the truth. The examples are made once and kept under --cache. With --teachers the
network learns what earlier ones say of the lines, on average.
The shipped one was taught by that of 0.4.1, made by the first command below, and by the second.

Reads:  models/band/; the teachers' folders
Writes: InputData/trace_views/*.npz; models/trace/trace.tflite, trace.json

    python train_trace.py --photos 16000 --epochs 20
    python train_trace.py --photos 36000 --epochs 8 --output InputData/larger/trace
    python train_trace.py --photos 36000 --epochs 10 --overwrite \\
        --teachers models/trace InputData/larger/trace
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import cli
from lib.files import atomic_path
from lib.paths import INPUT_DATA, MODELS
from lib.quiet import quiet_stderr
from lib.recognition.lite_network import LiteNetwork
from lib.recognition.orders import first_window
from lib.recognition.search import find_candidates
from lib.recognition.straighten import Geometry
from lib.recognition.trace_view import PLACES, look_along
from lib.simulation.truth import BandTruth
from lib.training.trace_views import belongs, draw_window, ends_of, half_height, trace_targets
from train_band import HARD as HARD_TO_FIND
from train_band import SHARD_PHOTOS, draw_photo, make_shards

# Part of the photos that show no spectrum: of these only false candidates are learned from.
SCENE_SHARE = 0.35
# Held back for validation.
VALIDATION_SHARE = 0.048
HARD = (*HARD_TO_FIND, "overlay", "saturated")
# Beside the lines that the finder sees, windows drawn about the bands.
WINDOWS_A_PHOTO = 4


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True, overwrite=True)
    parser.add_argument("--photos", type=int, default=16000, help="default: %(default)s")
    parser.add_argument("--epochs", type=int, default=20, help="default: %(default)s")
    parser.add_argument(
        "--cache", type=Path, default=INPUT_DATA / "trace_views", help="default: %(default)s"
    )
    parser.add_argument(
        "--output", type=Path, default=MODELS / "trace", help="default: %(default)s"
    )
    parser.add_argument(
        "--teachers",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="trace networks, as --output makes them, whose opinions are learned; default: none",
    )
    cli.add_jobs_flag(parser)
    return parser.parse_args(argv)


def make_shard(seed: int, number: int, folder: Path) -> None:
    """Make the examples of `SHARD_PHOTOS` simulated photos, unless they are there."""
    path = folder / f"lines-{seed}-{number:04d}.npz"
    if path.exists():
        return
    rng = np.random.default_rng([7_000_000 + seed, number])
    examples = []
    for _ in range(SHARD_PHOTOS):
        photo = draw_photo(rng, SCENE_SHARE, HARD)
        found = [candidate.geometry for candidate in find_candidates(photo.image)]
        examples += lines_of(rng, photo.image, photo.truth.boxes, found)
    light, targets = (np.stack(part).astype(np.float16) for part in zip(*examples, strict=True))
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, light=light, targets=targets)


def lines_of(
    rng: np.random.Generator,
    image: np.ndarray,
    boxes: Sequence[BandTruth],
    found: Sequence[Geometry],
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return pairs of light and targets along the lines found in a photo and near its bands."""
    whole = [box for box in boxes if box.part == "whole"]
    windows = [(line, first_window(line)) for line in found]
    if whole:
        for _ in range(WINDOWS_A_PHOTO):
            box = whole[rng.integers(len(whole))]
            lines = [line for line in found if belongs(line, box)] or [jittered(rng, box)]
            windows.append((lines[rng.integers(len(lines))], draw_window(rng, *ends_of(box))))
    examples = []
    for line, window in windows:
        view = look_along(image, line, *window)
        edges = view.to_photo(np.arange(PLACES + 1))
        examples.append((view.light, trace_targets(edges, line, whole)))
    return examples


def jittered(rng: np.random.Generator, box: BandTruth) -> Geometry:
    """Return a line near a band, as the finder might have seen it."""
    first, last = ends_of(box)
    half = half_height(box)
    shift, slope = rng.normal(0, 0.25 * half), rng.normal(0, 0.2 * half / max(last - first, 2))
    middle = (first + last) / 2
    line = np.polynomial.Polynomial(box.centre_line)
    line = line + shift + np.polynomial.Polynomial([-slope * middle, slope])
    tall = max(half * np.exp(rng.normal(0, 0.2)), 0.5)
    return Geometry(box.axis, float(first), float(last - 1), tuple(map(float, line.coef)), tall)


def train(args: argparse.Namespace) -> None:
    """Make the examples, train, freeze."""
    cli.require("tensorflow")
    teachers = [LiteNetwork(folder) for folder in args.teachers]
    shards = make_shards(args, make_shard, "lines")
    with quiet_stderr():
        from lib.training.trace_fit import fit_trace_network

    paths = [args.cache / f"lines-{args.seed}-{number:04d}.npz" for number in range(shards)]
    held = max(1, round(VALIDATION_SHARE * shards))
    card = fit_trace_network(
        paths[:-held],
        paths[-held:],
        args.output,
        seed=args.seed,
        epochs=args.epochs,
        teachers=teachers,
        overwrite=args.overwrite,
    )
    print(f"{args.output}: {card['validation']}")


def main(argv: list[str] | None = None) -> int:
    """Run the training; return its exit code."""
    args = parse_args(argv)
    return cli.run(lambda: train(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
