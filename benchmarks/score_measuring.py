"""How well simulated instruments are calibrated and measure: lights, lamps, response, noise.

Reads:  nothing
Writes: a table on stdout, and on request as a CSV

Examples:
    python benchmarks/score_measuring.py lights --count 200
    python benchmarks/score_measuring.py lamps --count 100
    python benchmarks/score_measuring.py response --count 60
    python benchmarks/score_measuring.py frames --count 30
    python benchmarks/score_measuring.py elements --count 60
    python benchmarks/score_measuring.py contradictions --count 300
    python benchmarks/score_measuring.py names --count 40
    python benchmarks/score_measuring.py dips --count 60
    python benchmarks/score_measuring.py noise --count 240
"""

import argparse
import sys
from pathlib import Path

from joblib import Parallel, delayed

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.measuring import (
    contradictions,
    dips,
    elements,
    frames,
    lamps,
    lights,
    names,
    noise,
    response,
)
from lib.files import write_csv

COLUMNS = ("part", "what", "n", "figure", "value")
# Each has a `score` of one instrument, by its seed, and a `summarise` of the rows of all.
PARTS = {
    "lights": lights,
    "lamps": lamps,
    "response": response,
    "frames": frames,
    "elements": elements,
    "contradictions": contradictions,
    "dips": dips,
    "names": names,
    "noise": noise,
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=PARTS, help="what to measure")
    parser.add_argument("--count", type=int, default=40, help="instruments (default: 40)")
    parser.add_argument("--seed", type=int, default=0, help="of the first (default: 0)")
    parser.add_argument("--jobs", type=int, default=2, help="parallel processes (default: 2)")
    parser.add_argument("--output", type=Path, metavar="CSV", help="write the table")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    part = PARTS[args.part]
    seeds = range(args.seed, args.seed + args.count)
    scores = Parallel(n_jobs=args.jobs)(delayed(part.score)(seed) for seed in seeds)
    rows = part.summarise([row for score in scores for row in score])
    for what, count, figure, value in rows:
        print(f"{what:34} {count:5}  {figure:42} {value}")
    if args.output:
        table = [dict(zip(COLUMNS, (args.part, *row), strict=True)) for row in rows]
        write_csv(args.output, COLUMNS, table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
