"""What the program costs: start, chain, memory, batches, simulating, stages; two versions in turn.

Each figure is measured several times, this checkout and another one (--against) in turn, so that
both see the same machine; the table has their medians. Seconds and milliseconds are a processor's.

Reads:  the model that ships, here and in the other checkout
Writes: the table on stdout; with --keep benchmarks/results/costs.csv

    python benchmarks/costs.py
    git worktree add ../older v0.9.0 && python benchmarks/costs.py --against ../older --keep
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.errors import DataError
from lib.files import read_csv, write_csv
from lib.paths import ROOT
from lib.simulation.photos.photos import simulate_photo

RESULT = ROOT / "benchmarks" / "results" / "costs.csv"
COLUMNS = ("what", "unit", "now", "before", "ratio")
SIZES = {"0.3": (640, 480), "1": (1152, 864), "4": (2304, 1728), "12": (4000, 3000)}
LARGE = (9000, 8000)
NEON = ROOT / "web" / "static" / "web" / "examples" / "neon.jpg"
# Lamps of the photos, and what would make them hard.
LAMPS = ("triphosphor", "neon", "mercury", "white_led", "helium", "daylight")
EASY = dict.fromkeys(
    ("small", "oversized", "strip", "thumbnail", "dark", "cluttered", "thin", "monochrome"), False
)
# What a process of either checkout runs: it prints one figure.
CHAIN = """
import statistics, sys, time
from pathlib import Path
import cv2
cv2.setNumThreads(1)
from lib.images.reading import read_image
from lib.paths import DEFAULT_MODEL
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
classifier, times = Classifier(DEFAULT_MODEL), []
files = [path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())]
recognise(read_image(files[0]), classifier)
for data in files:
    begin = time.process_time()
    recognise(read_image(data), classifier)
    times.append(1000 * (time.process_time() - begin))
print(statistics.median(times))
"""
PEAK = (
    CHAIN.split("classifier, times")[0]
    + """
recognise(read_image(Path(sys.argv[1]).read_bytes()), Classifier(DEFAULT_MODEL))
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""
)
CROPS = """
import time
from lib.simulation.crops.crops import simulate_crops
begin = time.process_time()
crops = sum(len(batch) for batch in simulate_crops(1024, 0, jobs=1))
print(crops / (time.process_time() - begin))
"""
PHOTOS = """
import time
import numpy as np
from lib.simulation.photos.photos import simulate_photo
begin = time.process_time()
for seed in range(24):
    simulate_photo(np.random.default_rng(seed), "neon")
print(24 / (time.process_time() - begin))
"""
CRAWLED = 60
STAGES = ("s1_label_images.py", "s2_preprocess.py", "s3_to_tfrecord.py")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument(
        "--against", type=Path, metavar="DIR", help="another checkout (default: none)"
    )
    parser.add_argument("--repeats", type=cli.positive_int, default=3, help="(%(default)s)")
    parser.add_argument(
        "--photos", type=cli.positive_int, default=500, help="in a batch (%(default)s)"
    )
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD", help="rows to measure")
    parser.add_argument("--keep", action="store_true", help=f"write {RESULT.name} (default: off)")
    return parser.parse_args(argv)


def measure(args: argparse.Namespace) -> None:
    """Measure every figure of one or two checkouts, and print the table."""
    checkouts = [ROOT, *([args.against.resolve()] if args.against else [])]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for what, unit, figure in figures(Path(folder), args.photos):
            if not any(word in what for word in args.only):
                continue
            values = {checkout: [] for checkout in checkouts}
            for _ in range(args.repeats):
                for checkout in checkouts:
                    values[checkout].append(figure(checkout))
            medians = [statistics.median(found) for found in values.values()]
            rows.append(row_of(what, unit, *medians))
            print(", ".join(f"{value}" for value in rows[-1].values()), flush=True)
            if args.keep:
                keep(rows)


def keep(rows: list[dict[str, object]]) -> None:
    """Write rows into the table that is kept, in place of those of the same name."""
    kept = read_csv(RESULT, COLUMNS) if RESULT.is_file() else []
    table = {row["what"]: row for row in [*kept, *rows]}
    write_csv(RESULT, COLUMNS, list(table.values()))


def row_of(what: str, unit: str, now: float, before: float | None = None) -> dict[str, object]:
    """Return a row of the table; without another checkout its last two cells are empty."""
    ratio = "" if before is None else f"{now / before:.2f}"
    then = "" if before is None else f"{before:.4g}"
    return dict(zip(COLUMNS, (what, unit, f"{now:.4g}", then, ratio), strict=True))


def figures(folder: Path, count: int) -> list[tuple[str, str, Callable[[Path], float]]]:
    """Return what is measured: its name, its unit, and what measures it in a checkout."""
    photos = [
        simulate_photo(np.random.default_rng(seed), LAMPS[seed % len(LAMPS)], **EASY).image
        for seed in range(12)
    ]
    for name, size in SIZES.items():
        write_photos(folder / name, photos, size)
    write_photos(folder / "large", photos[:1], LARGE)
    write_photos(folder / "batch", photos, SIZES["1"], count)
    found = [
        (f"start, {name}", "s", lambda at, w=words: cpu_s(at, *w, NEON)[0])
        for name, words in (
            ("identify.py", ["identify.py"]),
            ("spectrum identify", ["spectrum.py", "identify"]),
        )
    ]
    found += [
        (f"chain, {name} megapixels", "ms", lambda at, n=name: printed(at, CHAIN, folder / n))
        for name in SIZES
    ]
    found += [
        (f"memory, {name} megapixels", "MiB", lambda at, p=path: printed(at, PEAK, p))
        for name, path in (
            ("1", folder / "1" / "00000.jpg"),
            ("72", folder / "large" / "00000.jpg"),
        )
    ]
    found += [
        (
            f"batch, {jobs} processes",
            "photos/s",
            lambda at, j=jobs: count / cpu_s(at, "identify.py", folder / "batch", "--jobs", j)[0],
        )
        for jobs in (1, 2)
    ]
    found += [
        ("simulated crops", "crops/s", lambda at: printed(at, CROPS)),
        ("simulated photos", "photos/s", lambda at: printed(at, PHOTOS)),
    ]
    return found + [
        (
            f"stage {script.partition('_')[0]}",
            "ms/photo",
            lambda at, k=k: stage_ms(at, folder / "raw", k),
        )
        for k, script in enumerate(STAGES)
    ]


def write_photos(
    folder: Path, photos: list[np.ndarray], size: tuple[int, int], count: int | None = None
) -> None:
    """Write photos as JPEGs of a size in pixels (width, height); several times up to a count."""
    folder.mkdir()
    files = []
    for photo in photos:
        buffer = BytesIO()
        scaled = Image.fromarray(photo).resize(size, Image.Resampling.BICUBIC)
        scaled.save(buffer, "JPEG", quality=90)
        files.append(buffer.getvalue())
    for number in range(count or len(files)):
        (folder / f"{number:05d}.jpg").write_bytes(files[number % len(files)])


def stage_ms(checkout: Path, raw: Path, number: int) -> float:
    """Return the processor time of one of the stages per photo of a small simulated crawl."""
    if not raw.exists():
        words = ("photos", "--count", CRAWLED, "--output", raw)
        cpu_s(ROOT, "s0_simulate.py", *words)
    with tempfile.TemporaryDirectory() as scratch:
        at = Path(scratch)
        flags = (
            ("--input", raw, "--output", at / "labelled"),
            ("--input", at / "labelled", "--output", at / "data"),
            ("--input", at / "data", "--partial"),
        )
        for script, words in list(zip(STAGES, flags, strict=True))[: number + 1]:
            used, _ = cpu_s(checkout, script, *words)
    return 1000 * used / CRAWLED


def printed(checkout: Path, code: str, *words: object) -> float:
    """Return the figure that a piece of code prints in a process of a checkout."""
    return float(cpu_s(checkout, "-c", code, *words)[1])


def cpu_s(checkout: Path, *words: object) -> tuple[float, str]:
    """Run Python in a checkout; return its processor time with its processes', and what it says.

    Compiled files are kept, as a user's second start finds them.
    """
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = os.times()
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=checkout,
        env=clean | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise DataError(f"{checkout}: {' '.join(map(str, words[:2]))}: {done.stderr[-500:]}")
    after = os.times()
    children = after.children_user + after.children_system
    return children - before.children_user - before.children_system, done.stdout


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: measure(arguments), verbose=arguments.verbose))
