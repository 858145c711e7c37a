"""Turn every labelled photo into an upright, blue-left crop of 15 x 480 pixels.

The folders are the truth: each folder of images under --input is one raw source, named by its raw
id (0 led, 1 cfl, ...). A photo that cannot be read, or that shows no spectrum, is recorded with
the reason and skipped. A second run takes up what is new, changed or gone, and leaves the rest;
--overwrite makes everything again.

Reads:  RawData/Image_Labeled/<raw id>/*, and labels.csv beside them for the duplicate groups
Writes: InputData/crops/<raw id>/<photo>.png, InputData/crops.csv; with --sheet InputData/sheets/

    python s2_preprocess.py --jobs 4 --sheet
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import cli
from lib.paths import INPUT_DATA, LABELED_IMAGES, RAW_DATA
from lib.recognition.cropping import crop_folders
from lib.taxonomy import folder_names, is_folder_name

# What a status of crops.csv means.
_WHY = {"no_band": "without a spectrum", "error": "unreadable"}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True, overwrite=True)
    parser.add_argument(
        "--input",
        type=Path,
        default=LABELED_IMAGES,
        help="folder of raw-id folders (default: %(default)s)",
    )
    parser.add_argument(
        "--output", type=Path, default=INPUT_DATA, help="where crops go (default: %(default)s)"
    )
    parser.add_argument(
        "--sheet",
        action="store_true",
        help="draw contact sheets of photo, found box and crop, per folder (default: off)",
    )
    cli.add_workers_flags(parser)
    return parser.parse_args(argv)


def preprocess(args: argparse.Namespace) -> None:
    """Crop everything under args.input and print what became of it."""
    raw_data = args.input.parent
    own = cli.unless_default("--input", raw_data, RAW_DATA)
    cli.require_made(args.input, "s1_label_images.py", *own)
    rows = crop_folders(args.input, args.output, overwrite=args.overwrite, **cli.workers_of(args))
    if args.sheet:
        from lib.plots.sheets import draw_sheets

        for path in draw_sheets(
            args.input, args.output, rows, jobs=args.jobs, overwrite=args.overwrite
        ):
            cli.say(f"sheet: {path}")
    print_summary(rows, listed=args.verbose)
    cli.print_next("s3_to_tfrecord.py", *cli.unless_default("--input", args.output, INPUT_DATA))


def print_summary(rows: list[dict[str, object]], *, listed: bool) -> None:
    """Print the count of photos and of crops for each folder, and why the others gave none.

    `listed`: whether each of the others is named; crops.csv has them all.
    """
    photos = Counter(row["raw_id"] for row in rows)
    cropped = Counter(row["raw_id"] for row in rows if row["status"] == "ok")
    print(f"{'folder':<34}{'photos':>8}{'crops':>8}")
    for folder, count in photos.items():
        cli.say(f"{folder:<34}{count:>8}{cropped[folder]:>8}")
    print(f"{'all':<34}{photos.total():>8}{cropped.total():>8}")
    for folder in photos:
        if not is_folder_name(folder):
            cli.say(f"unknown: folder {folder} trains nothing; expected {folder_names()}")
    skipped = [row for row in rows if row["status"] != "ok"]
    if listed:
        for row in skipped:
            cli.say(f"skipped: {row['photo']}: {row['reason']}")
    elif skipped:
        why = Counter(_WHY.get(row["status"], row["status"]) for row in skipped)
        words = ", ".join(f"{count} {name}" for name, count in why.most_common())
        print(f"skipped {len(skipped)}: {words} (-v lists them)")


def main(argv: list[str] | None = None) -> int:
    """Run the stage; return its exit code."""
    args = parse_args(argv)
    return cli.run(lambda: preprocess(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
