"""Whether a change keeps what the program can: the table of acceptance, and what fell beyond noise.

Each photo is run through the chain once, and every figure is read from that answer: bands, ends,
names and axes of simulated photos and of real ones; names of simulated and real crops; how well
lamps of no class stand out; the cost. Answers are compared, photo by photo, with
those that were kept; a figure that fell beyond noise (benchmarks/acceptance/figures.py has the
tests) ends in an error. --keep keeps this version's answers instead.

--dump writes everything that the chain finds in simulated photos, and in real ones. Two dumps, of
two checkouts, are compared by --compare, which ends in an error where an answer differs.

Reads:  the model; real photos (--real, or $SPECTRA_REAL_DATA); benchmarks/results/accept*.csv
Writes: the table on stdout; with --keep accept.csv and accept_answers.csv in benchmarks/results

    python benchmarks/accept.py --quick
    python benchmarks/accept.py --real DIR --keep
    python benchmarks/accept.py --dump before.jsonl
    python benchmarks/accept.py --compare before.jsonl after.jsonl
"""

import argparse
import logging
import os
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from benchmarks.acceptance import figures
from benchmarks.acceptance.answers import SEED, crop_answers, photo_answers
from benchmarks.acceptance.whole_answers import differences, facts, read_dump, write_dump
from benchmarks.axis_rows import classifier_of
from benchmarks.cases import real_cases, simulated_case
from lib.errors import DataError
from lib.paths import ROOT
from lib.recognition.recognise import recognise
from lib.training.examples.store import in_order

RESULTS = ROOT / "benchmarks" / "results"
# Simulated photos, and crops of either kind in whole batches: the quick ones are the first.
PHOTOS, CROPS = 2500, 2560
QUICK_PHOTOS, QUICK_CROPS = 1000, 640
DUMPED_PHOTOS = 500


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    default = os.environ.get("SPECTRA_REAL_DATA")
    parser.add_argument(
        "--real", type=Path, default=default, help="folder with photos.csv (default: none)"
    )
    parser.add_argument("--quick", action="store_true", help="fewer photos (default: off)")
    parser.add_argument(
        "--photos",
        type=cli.positive_int,
        help=f"simulated photos (default: {PHOTOS}; quick {QUICK_PHOTOS}, dump {DUMPED_PHOTOS})",
    )
    parser.add_argument(
        "--crops",
        type=cli.positive_int,
        help=f"simulated crops of either kind (default: {CROPS}; quick {QUICK_CROPS})",
    )
    parser.add_argument("--keep", action="store_true", help="keep these answers (default: compare)")
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help="of what is kept (default: %(default)s)"
    )
    parser.add_argument(
        "--dump", type=Path, metavar="FILE", help="write whole answers instead (default: off)"
    )
    parser.add_argument(
        "--compare",
        type=Path,
        nargs=2,
        metavar="FILE",
        help="compare two dumps instead (default: off)",
    )
    cli.add_model_flag(parser)
    cli.add_jobs_flag(parser)
    return parser.parse_args(argv)


def accept(args: argparse.Namespace) -> None:
    """Print the table; keep it, or raise DataError where a figure fell."""
    photos = args.photos or (QUICK_PHOTOS if args.quick else PHOTOS)
    crops = args.crops or (QUICK_CROPS if args.quick else CROPS)
    answers = [
        *photo_answers(args.model, photos, args.real, args.jobs),
        *crop_answers(args.model, crops, args.real, args.jobs),
    ]
    now = figures.values_of(answers)
    path = args.results / "accept_answers.csv"
    kept = figures.values_of(figures.read_answers(path)) if path.is_file() else {}
    changed = figures.changes(kept, now)
    print("\n".join(figures.table(now, changed)))
    fell = [change for change in changed.values() if change.fell]
    for change in fell:
        title = figures.FIGURES[change.name].title
        print(f"lost of {change.part}, {title}: {', '.join(change.lost[:20])}")
    if args.keep:
        figures.write_answers(path, answers)
        figures.write_figures(args.results / "accept.csv", now, _version(args.model), _command())
    elif fell:
        names = (f"{change.part}: {figures.FIGURES[change.name].title}" for change in fell)
        raise DataError(f"fell beyond noise: {'; '.join(names)}")


def _version(model: Path) -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return f"{project['version']} {classifier_of(model).card['version']}"


def _command() -> str:
    """Return the command line, without the folders of whoever ran it."""
    return shlex.join(
        ["python", "benchmarks/accept.py", *(w for w in sys.argv[1:] if "/" not in w)]
    )


def dump(args: argparse.Namespace) -> None:
    """Write all that is found in simulated photos, and in real ones where they are given."""
    tasks = [(args.model, number) for number in range(args.photos or DUMPED_PHOTOS)]

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

    def work() -> None:
        logging.disable(logging.NOTSET if args.verbose else logging.WARNING)
        try:
            if args.compare:
                compare(*args.compare)
            elif args.dump:
                dump(args)
            else:
                accept(args)
        finally:
            logging.disable(logging.NOTSET)

    return cli.run(work, verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
