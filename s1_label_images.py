"""Sort a heap of downloaded photos into one folder a light source, and review the result.

label   (the default) copies each photo whose title and keywords name exactly one source, records
        all others with the reason, and groups exact and near duplicates
review  measures every labelled photo and writes pages to look through, the doubtful labels first
apply   carries out the decisions that a page has saved
undo    takes the last applied decisions back

The folders are the truth: people move and delete files there, and nothing is put back. Tables and
originals are never changed, no file is ever deleted, and a killed run goes on where it stopped.

Reads:  RawData/DataTable/<folder>-<yyyymmddHHMM>.csv, RawData/Image/<folder>/*
Writes: RawData/Image_Labeled/<raw id>/*, RawData/Image_Labeled/labels.csv
        review: RawData/Image_Review/*.html, suspects.csv, triage.csv
        apply: RawData/Image_Rejected/<reason>/*, RawData/Image_Rejected/rejected.csv
        what was measured of each photo is kept in RawData/Image_Analysis/

    python s1_label_images.py --input RawData
    python s1_label_images.py review
    python s1_label_images.py apply ~/Downloads/decisions-5-neon.csv
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import cli
from lib.curation import labelling, summary
from lib.curation.decisions import Applied, apply_decisions, recover, undo_decisions
from lib.curation.places import LABELS_TABLE
from lib.paths import LABELED_IMAGES, RAW_DATA


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True)
    parser.add_argument(
        "command",
        nargs="?",
        choices=tuple(COMMANDS),
        default="label",
        help="what to do (default: %(default)s)",
    )
    parser.add_argument(
        "decisions",
        nargs="?",
        type=cli.existing_path,
        help="apply: the CSV that a review page saved (default: none)",
    )
    parser.add_argument(
        "--input",
        type=Path,
        default=RAW_DATA,
        help="folder with Image/ and DataTable/ (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        help=f"folder of the labelled photos (default: INPUT/{LABELED_IMAGES.name})",
    )
    parser.add_argument(
        "--exact-only",
        action="store_true",
        help="label: group exact duplicates only, without reading a picture (default: off)",
    )
    cli.add_overwrite_flag(parser)
    cli.add_model_flag(parser, "review: folder of the frozen model")
    cli.add_workers_flags(parser)
    args = parser.parse_args(argv)
    if (args.command == "apply") != (args.decisions is not None):
        parser.error("apply, and no other command, takes a file of decisions")
    args.output = args.output or args.input / LABELED_IMAGES.name
    return args


def label(args: argparse.Namespace) -> None:
    """Label the photos of args.input and group their duplicates."""
    # A crawl of one's own serves as well as a simulated one.
    photos = cli.unless_default("--output", args.input, RAW_DATA)
    cli.require_made(args.input / "DataTable", "s0_simulate.py", "photos", *photos)
    recover(args.output)
    done = labelling.label_images(args.input, args.output)
    print_lines(summary.labelling_summary(done, listed=args.verbose))
    if done.placed and not args.exact_only:
        found = survey(args)
        near = summary.duplicates_summary(found.near_groups, found.photos, listed=args.verbose)
        print_lines(near)
    cli.say(f"wrote {args.output / LABELS_TABLE}")
    print_crop(args)


def print_crop(args: argparse.Namespace) -> None:
    """Print the command that crops the labelled photos."""
    cli.print_next("s2_preprocess.py", *cli.unless_default("--input", args.output, LABELED_IMAGES))


def review(args: argparse.Namespace) -> None:
    """Write the review pages, suspects.csv and triage.csv."""
    from lib.curation.review import write_review

    cli.require_made(args.output, "s1_label_images.py", *own_input(args))
    recover(args.output)
    done = write_review(
        args.input,
        args.output,
        survey(args),
        model=args.model,
        seed=args.seed,
        overwrite=args.overwrite,
    )
    print_lines(summary.suspects_summary(done.opinions))
    print_lines(summary.triage_summary(done.counts))
    print_lines(f"open {page}" for page in done.pages)
    cli.print_next("s1_label_images.py", "apply", "DECISIONS.csv", *own_input(args))


def own_input(args: argparse.Namespace) -> tuple[object, ...]:
    """Return --input as it was given, or nothing."""
    return cli.unless_default("--input", args.input, RAW_DATA)


def survey(args: argparse.Namespace):
    """Analyse the labelled photos, on the machines that args name, and group their duplicates."""
    from lib.curation.survey import survey_photos

    return survey_photos(args.output, **cli.workers_of(args))


def apply(args: argparse.Namespace) -> None:
    """Carry out args.decisions."""
    why = "no longer the photo that the page showed"
    print_applied("applied", apply_decisions(args.decisions, args.output), args, why)
    print_crop(args)


def undo(args: argparse.Namespace) -> None:
    """Take back what was applied last."""
    why = "gone, or its old place is taken"
    print_applied("took back", undo_decisions(args.output), args, why)


def print_applied(done: str, applied: Applied, args: argparse.Namespace, why: str) -> None:
    """Bring labels.csv up to date and print what moved."""
    if (args.input / "DataTable").is_dir():
        labelling.label_images(args.input, args.output)
    for row in applied.moves:
        if row["source"] != row["target"]:
            cli.say(f"{row['decision']:6} {row['source']} -> {row['target']}")
    for photo in applied.skipped:
        cli.say(f"skipped {photo}: {why}")
    print(f"{done} {len(applied.moves)} decisions, skipped {len(applied.skipped)}")


def print_lines(lines: Iterable[str]) -> None:
    """Print each line."""
    for line in lines:
        cli.say(line)


COMMANDS = {"label": label, "review": review, "apply": apply, "undo": undo}


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    args = parse_args(argv)
    return cli.run(lambda: COMMANDS[args.command](args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
