"""How fast crops are simulated, and how much memory streaming them to TFRecord shards takes.

Reads:  nothing
Writes: benchmarks/results/simulation_speed.csv and simulation_memory.csv; shards in a temporary
        folder, which is removed

Example: python benchmarks/simulation_speed.py --count 200000
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.files import write_csv
from lib.paths import ROOT
from lib.simulation.crops.crops import simulate_crops

SPEED_COLUMNS = ("processes", "crops", "seconds", "crops_per_s")
MEMORY_COLUMNS = ("crops", "seconds", "resident_mb")
RESULTS = ROOT / "benchmarks" / "results"
PER_SHARD = 50_000


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True)
    parser.add_argument(
        "--count", type=cli.positive_int, default=200_000, help="crops to stream (%(default)s)"
    )
    parser.add_argument(
        "--timed", type=cli.positive_int, default=30_000, help="crops to time (%(default)s)"
    )
    cli.add_jobs_flag(parser)
    return parser.parse_args(argv)


def measure(args: argparse.Namespace) -> None:
    """Measure both and write the tables."""
    # Not above: the processes that simulate import this module, and have no use for TensorFlow.
    from lib.training.crops.writing import write_shards

    speeds = [_speed(args, jobs) for jobs in sorted({1, args.jobs})]
    write_csv(RESULTS / "simulation_speed.csv", SPEED_COLUMNS, speeds)
    rows: list[dict] = []
    with tempfile.TemporaryDirectory() as folder:
        records = _watched(args, rows)
        shards = write_shards(Path(folder) / "crops.tfrecord", records, per_shard=PER_SHARD)
        megabytes = sum(path.stat().st_size for path in shards) / 1e6
    write_csv(RESULTS / "simulation_memory.csv", MEMORY_COLUMNS, rows)
    for row in speeds:
        print(*row.values(), sep="\t")
    # The first row is of the start, before TensorFlow has settled.
    crops, resident = (np.array([row[name] for row in rows[1:]]) for name in MEMORY_COLUMNS[::2])
    slope = np.polyfit(crops / 1e6, resident, 1)[0]
    print(f"{args.count} crops streamed to {len(shards)} shards of {megabytes:.0f} MB in all")
    print(f"at most {resident.max():.0f} MB resident; {slope:+.0f} MB per million crops")


def _speed(args: argparse.Namespace, jobs: int) -> dict:
    batches = simulate_crops(args.timed, args.seed, jobs=jobs)
    next(batches)  # pays for starting the processes
    start = time.monotonic()
    counted = sum(len(batch) for batch in batches)
    seconds = time.monotonic() - start
    values = (jobs, counted, round(seconds, 1), round(counted / seconds))
    return dict(zip(SPEED_COLUMNS, values, strict=True))


def _watched(args: argparse.Namespace, rows: list[dict]) -> Iterator[tuple[np.ndarray, int, str]]:
    """Yield crops to write; note the memory of this process and its children now and then."""
    start, number = time.monotonic(), 0
    for batch in simulate_crops(args.count, args.seed, jobs=args.jobs):
        for image, label in zip(batch.images, batch.labels, strict=True):
            yield image, int(label), f"{number}.png"
            number += 1
        if number // 10_000 > len(rows) - 1:
            values = (number, round(time.monotonic() - start), round(_resident_mb()))
            rows.append(dict(zip(MEMORY_COLUMNS, values, strict=True)))


def _resident_mb() -> float:
    process = psutil.Process(os.getpid())
    family = [process, *process.children(recursive=True)]
    return sum(member.memory_info().rss for member in family) / 1e6


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: measure(arguments), verbose=arguments.verbose))
