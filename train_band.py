"""Train the network that finds spectra in photos, on simulated photos alone.

Views of simulated photos and scenes are made once and kept under --cache; with the cache there,
training starts at once. The frozen network is checked against the trained one before it is
written. An hour on two cores, and a quarter of that for a second round. models/band/band.json says
how the shipped weights came about: the first round of the two below with the simulator of 0.2.0,
the second with that of 0.3.0.

Reads:  nothing
Writes: InputData/band_views/*.npy; models/band/band.tflite, band.keras, band.json

    python train_band.py --photos 15000 --epochs 12
    python train_band.py --start models/band --photos 10000 --seed 1 --epochs 6 --rate 1.5e-3 \\
        --overwrite
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

import cli
from lib.paths import INPUT_DATA, MODELS
from lib.quiet import quiet_stderr
from lib.simulation.photos import SimulatedPhoto, simulate_photo, simulate_scene

VIEWS_A_PHOTO = 4
# One scene without a spectrum for two photos with one: scenes vary more than boxes do.
SCENE_SHARE = 0.3
# Part of the photos with one of the difficulties that a finder learns slowest, beyond its natural
# rate.
HARD_SHARE = 0.4
HARD = (
    "small",
    "thin",
    "zero_order",
    "mirrored",
    "light_leak",
    "oblique",
    "cluttered",
    "dark",
    "monochrome",
    "pedestal",
    "scattered",
)
# Held back for validation.
VALIDATION_SHARE = 0.04
SHARD_PHOTOS = 50


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True, overwrite=True)
    parser.add_argument("--photos", type=int, default=15000, help="default: %(default)s")
    parser.add_argument("--epochs", type=int, default=12, help="default: %(default)s")
    parser.add_argument(
        "--start", type=Path, help="folder of an earlier round to go on from (default: none)"
    )
    parser.add_argument(
        "--rate", type=float, default=3e-3, help="highest learning rate (default: %(default)s)"
    )
    parser.add_argument(
        "--cache", type=Path, default=INPUT_DATA / "band_views", help="default: %(default)s"
    )
    parser.add_argument("--output", type=Path, default=MODELS / "band", help="default: %(default)s")
    cli.add_jobs_flag(parser)
    return parser.parse_args(argv)


def draw_photo(rng: np.random.Generator, scene_share: float, hard: Sequence[str]) -> SimulatedPhoto:
    """Return a scene without a spectrum, or a photo, at times with a `hard` difficulty forced."""
    if rng.random() < scene_share:
        return simulate_scene(rng)
    forced = rng.random() < HARD_SHARE
    return simulate_photo(rng, **({str(rng.choice(hard)): True} if forced else {}))


def make_shards(args: argparse.Namespace, make_shard: Callable[..., None], what: str) -> int:
    """Make the shards that are not in the cache yet; return how many there are."""
    shards = -(-args.photos // SHARD_PHOTOS)
    tasks = (delayed(make_shard)(args.seed, n, args.cache) for n in range(shards))
    results = Parallel(n_jobs=args.jobs, return_as="generator")(tasks)
    for _ in tqdm(results, total=shards, desc=what, unit="shard", disable=None):
        pass
    return shards


def make_shard(seed: int, number: int, folder: Path) -> None:
    """Simulate `SHARD_PHOTOS` photos and write their views and targets, unless they are there."""
    from lib.training.band_views import training_views

    path = folder / f"targets-{seed}-{number:04d}.npy"
    if path.exists():
        return
    rng = np.random.default_rng([seed, number])
    pixels, targets = [], []
    for _ in range(SHARD_PHOTOS):
        photo = draw_photo(rng, SCENE_SHARE, HARD)
        whole = [box for box in photo.truth.boxes if box.part == "whole"]
        views = training_views(rng, photo.image, whole, VIEWS_A_PHOTO)
        pixels.append(views[0])
        targets.append(views[1])
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"views-{seed}-{number:04d}.npy", np.concatenate(pixels))
    np.save(path, np.concatenate(targets))


def train(args: argparse.Namespace) -> None:
    """Make the views, train, freeze."""
    cli.require("tensorflow")
    shards = make_shards(args, make_shard, "views")
    with quiet_stderr():
        from lib.training.band_fit import fit_band_network

    held = max(1, round(VALIDATION_SHARE * shards))
    card = fit_band_network(
        args.cache,
        args.output,
        seed=args.seed,
        shards=(shards - held, held),
        epochs=args.epochs,
        start=args.start,
        rate=args.rate,
        overwrite=args.overwrite,
    )
    print(f"{args.output}: {card['validation']}")


def main(argv: list[str] | None = None) -> int:
    """Run the training; return its exit code."""
    args = parse_args(argv)
    return cli.run(lambda: train(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
