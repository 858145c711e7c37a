"""Processor time of the whole chain, from a JPEG's bytes to its answer, on one core.

Photos of fluorescent lamps of four sizes, and how often networks run and the photo is sampled for
one; then a cold `identify.py` of one photo, by the clock.

Reads:  a frozen model
Writes: the report on stdout

    python benchmarks/chain_cost.py
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.images.reading import read_image
from lib.litert import LiteNetwork
from lib.paths import DEFAULT_MODEL, ROOT
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
from lib.simulation.photos.photos import simulate_photo

SIZES = ((640, 480), (1152, 864), (2304, 1728), (4000, 3000))
# Seeds of the photos, and what would make them hard.
SEEDS = range(8)
EASY = dict.fromkeys(
    ("small", "oversized", "strip", "thumbnail", "dark", "cluttered", "thin", "monochrome"), False
)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="(%(default)s)")
    parser.add_argument("--repeats", type=cli.positive_int, default=3, help="(%(default)s)")
    return parser.parse_args(argv)


def measure(args: argparse.Namespace) -> None:
    """Measure and print."""
    cv2.setNumThreads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    classifier = Classifier(args.model)
    photos = [
        simulate_photo(np.random.default_rng(seed), "triphosphor", **EASY).image for seed in SEEDS
    ]
    for size in SIZES:
        files = [jpeg(photo, size) for photo in photos]
        recognise(read_image(files[0]), classifier)
        times = []
        for data in files * args.repeats:
            begin = time.process_time()
            recognise(read_image(data), classifier)
            times.append(1000 * (time.process_time() - begin))
        print(
            f"{size[0]} x {size[1]}: median {statistics.median(times):.0f} ms, "
            f"most {max(times):.0f} ms of one core"
        )
    counts = [counted(partial(recognise, photo, classifier)) for photo in photos]
    runs, samplings = map(statistics.median, zip(*counts, strict=True))
    print(
        f"medians: networks run {runs:.0f} times for a photo, it is sampled {samplings:.0f} times"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        path.write_bytes(jpeg(photos[0], SIZES[1]))
        command = [sys.executable, "identify.py", str(path), "--jobs", "1"]
        times = []
        for _ in range(2 + args.repeats):
            begin = time.perf_counter()
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
            times.append(time.perf_counter() - begin)
    print(f"cold identify.py of one photo: median {statistics.median(times):.2f} s by the clock")


def counted(work: Callable[[], object]) -> tuple[int, int]:
    """Return how often some work runs a network, and how often it samples a photo."""
    with (
        patch.object(LiteNetwork, "predict", autospec=True, side_effect=LiteNetwork.predict) as run,
        patch.object(cv2, "remap", side_effect=cv2.remap) as sampled,
    ):
        work()
    return run.call_count, sampled.call_count


def jpeg(photo: np.ndarray, size: tuple[int, int]) -> bytes:
    """Return a photo as a JPEG of another size in pixels (width, height)."""
    buffer = BytesIO()
    Image.fromarray(photo).resize(size, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: measure(arguments), verbose=arguments.verbose))
