"""Whether a change keeps what the program can: one command before and after it.

--dump writes everything that the chain finds in simulated photos; two dumps, of two checkouts, are
compared by --compare, which ends in an error where an answer differs.

Reads:  the model; real photos (--real, or $SPECTRA_REAL_DATA)
Writes: with --dump the answers

    python benchmarks/accept.py --dump before.jsonl
    python benchmarks/accept.py --compare before.jsonl after.jsonl
"""

import argparse
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from benchmarks.axis_rows import classifier_of
from benchmarks.score_bands import real_cases, simulated_case
from benchmarks.whole_answers import differences, facts, read_dump, write_dump
from lib.errors import DataError
from lib.making.examples.shards import in_order
from lib.recognition.recognise import recognise

# Of the simulated photos; no other benchmark, and no training, has it.
SEED = 400


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    default = os.environ.get("SPECTRA_REAL_DATA")
    parser.add_argument(
        "--real", type=Path, default=default, help="folder with photos.csv (default: none)"
    )
    parser.add_argument(
        "--photos", type=cli.positive_int, default=500, help="simulated photos (%(default)s)"
    )
    parser.add_argument("--dump", type=Path, metavar="FILE", help="write whole answers here")
    parser.add_argument(
        "--compare", type=Path, nargs=2, metavar="FILE", help="compare two dumps, run nothing"
    )
    cli.add_model_flag(parser)
    cli.add_jobs_flag(parser)
    return parser.parse_args(argv)


def dump(args: argparse.Namespace) -> None:
    """Write all that is found in simulated photos, and in real ones where they are given."""
    tasks = [(args.model, number) for number in range(args.photos)]

    def answers() -> Iterator[tuple[str, dict[str, object]]]:
        yield from in_order(_facts, tasks, jobs=args.jobs, what="photos")
        if args.real:
            for case in real_cases(args.real):
                result = recognise(case.image, classifier_of(args.model))
                yield case.name, facts(case.image, result)

    write_dump(args.dump, answers())


def _facts(model: Path, number: int) -> tuple[str, dict[str, object]]:
    cv2.setNumThreads(1)
    case = simulated_case(SEED, number)
    return f"{number} {case.name}", facts(case.image, recognise(case.image, classifier_of(model)))


def compare(before: Path, after: Path) -> None:
    """Print how two dumps differ; DataError if they do."""
    one, other = read_dump(before), read_dump(after)
    changed, lines = differences(one, other)
    for line in lines:
        print(line)
    common = len(one.keys() & other.keys())
    print(f"{common - len(changed)} of {common} photos have the same answer, byte for byte")
    if changed or not common:
        raise DataError(f"{after}: {len(changed)} answers are not those of {before}")


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    logging.disable(logging.WARNING)

    def work() -> None:
        if args.compare:
            compare(*args.compare)
        elif args.dump:
            dump(args)

    return cli.run(work, verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
