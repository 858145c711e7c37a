"""Sort a heap of downloaded photos into one folder a light source, by the keywords of its tables.

Photos whose title and keywords name exactly one source are copied; all others are recorded with
the reason. Then people move and delete files in the folders: the folders are the truth, and a
second run puts nothing back. Tables and originals are never changed.

Reads:  RawData/DataTable/<folder>-<yyyymmddHHMM>.csv, RawData/Image/<folder>/*
Writes: RawData/Image_Labeled/<raw id>/*, RawData/Image_Labeled/labels.csv

    python s1_label_images.py --input RawData
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import cli
from lib.curation import labelling
from lib.paths import LABELED_IMAGES, RAW_DATA
from lib.taxonomy import RAW_SOURCES, sources_of_words

# Enough to see a pattern; labels.csv has them all.
_SHOWN = 10


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument(
        "--input",
        type=Path,
        default=RAW_DATA,
        help="folder with Image/ and DataTable/ (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        help=f"where labelled photos go (default: INPUT/{LABELED_IMAGES.name})",
    )
    return parser.parse_args(argv)


def label(args: argparse.Namespace) -> None:
    """Label the photos of args.input and print what became of them."""
    output = args.output or args.input / LABELED_IMAGES.name
    done = labelling.label_images(args.input, output)
    print_keywords(done.keyword_counts)
    print_sources(done.rows)
    print_statuses(done)
    print(f"copied {done.copied} photos; wrote {output / labelling.LABELS_TABLE}")


def print_keywords(counts: Counter[str]) -> None:
    """Print how often each source's keywords occur, and the commonest that name none."""
    print("keyword      rows  raw id")
    for word, count in counts.most_common():
        for source in sources_of_words([word]):
            print(f"{word:12} {count:4}  {source.raw_id}")
    others = [(word, count) for word, count in counts.most_common() if not sources_of_words([word])]
    if others:
        shown = ", ".join(f"{word} {count}" for word, count in others[:_SHOWN])
        print(f"{len(others)} other keywords: {shown}")


def print_sources(rows: list[dict[str, str]]) -> None:
    """Print how many photos lie in each raw folder."""
    placed = Counter(
        row["raw_id"] for row in rows if row["status"] in (labelling.LABELLED, labelling.MOVED)
    )
    print("raw id  source        class       photos")
    for source in RAW_SOURCES:
        count = placed.pop(str(source.raw_id), 0)
        print(
            f"{source.raw_id:6}  {source.keywords[0]:12}  {source.class_name or '-':10}  {count:6}"
        )
    for folder, count in sorted(placed.items()):
        print(f"{folder:>6}  (by hand)     -           {count:6}")


def print_statuses(done: labelling.Labelling) -> None:
    """Print what became of all rows, with the missing images and the exact duplicates."""
    for status, count in Counter(row["status"] for row in done.rows).most_common():
        print(f"{status:10} {count:6}")
    reasons = Counter(
        row["reason"].split(":")[0] for row in done.rows if row["status"] == labelling.LEFT_OUT
    )
    for reason, count in reasons.most_common():
        print(f"  left out: {reason}: {count}")
    missing = [row["image_path"] for row in done.rows if row["status"] == labelling.MISSING]
    print_some("missing image", missing)
    groups = [" = ".join(paths) for paths in done.duplicate_groups]
    print_some("exact duplicates", groups)


def print_some(what: str, lines: list[str]) -> None:
    """Print the first few of `lines`, and how many there are."""
    for line in lines[:_SHOWN]:
        print(f"{what}: {line}")
    if len(lines) > _SHOWN:
        print(f"{what}: {len(lines)} in all, see labels.csv")


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    args = parse_args(argv)
    return cli.run(lambda: label(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
