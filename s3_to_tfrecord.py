"""Split the crops by duplicate group and class, balance the training part, write TFRecords.

Reads:  InputData/crops.csv and the crops that it lists
Writes: InputData/train.tfrecord, validation.tfrecord, test.tfrecord, splits.csv, dataset.json
        with --inspect only a sheet of that file's crops, <file>.png in the output folder

Examples: python s3_to_tfrecord.py --split 80/10/10
          python s3_to_tfrecord.py --inspect InputData/train.tfrecord
"""

import argparse
import sys
from pathlib import Path

import cli
from lib.errors import DataError
from lib.paths import DEFAULT_MODEL, INPUT_DATA, MODELS
from lib.quiet import quiet_stderr
from lib.taxonomy import folder_names, is_folder_name


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True, overwrite=True)
    parser.add_argument(
        "--input", type=Path, default=INPUT_DATA, help="folder of crops.csv (default: %(default)s)"
    )
    parser.add_argument(
        "--output", type=Path, help="folder of the TFRecords (default: the input folder)"
    )
    parser.add_argument(
        "--split",
        default="80/10/10",
        metavar="A/B/C",
        help="percent to train, validate and test (default: %(default)s)",
    )
    parser.add_argument(
        "--minimum",
        type=cli.whole_number,
        default=400,
        help="training crops of each class at least, by repeating (default: %(default)s)",
    )
    parser.add_argument(
        "--flip",
        action="store_true",
        help="turn half of the training crops upside down (default: s4 does so as it reads)",
    )
    parser.add_argument(
        "--partial",
        action="store_true",
        help="accept classes with few images or none, to fine-tune on (default: refuse)",
    )
    parser.add_argument(
        "--inspect", type=Path, metavar="FILE", help="only say what is in this TFRecord"
    )
    args = parser.parse_args(argv)
    # The parser reports a malformed split as what it is: wrong usage.
    from lib.training.crops.split import parse_shares

    try:
        args.shares = parse_shares(args.split)
    except ValueError as error:
        parser.error(f"--split: {error}")
    args.output = args.output or args.input
    return args


def convert(args: argparse.Namespace) -> None:
    """Write the dataset and print its class table."""
    own = cli.unless_default("--output", args.input, INPUT_DATA)
    cli.require_made(args.input / "crops.csv", "s2_preprocess.py", *own)
    # pandas takes a second to import: not for --help or a wrong flag.
    from lib.training.crops.dataset import CROPS_NAME, class_table, missing, write_dataset

    record = write_dataset(
        args.input / CROPS_NAME,
        args.output,
        shares=args.shares,
        minimum=args.minimum,
        flips=args.flip,
        partial=args.partial,
        seed=args.seed,
        overwrite=args.overwrite,
    )
    print(class_table(record["counts"]))
    for folder, count in record["left_out"].items():
        known = is_folder_name(folder)
        why = "none of the classes" if known else f"not a folder of {folder_names()}"
        cli.say(f"left out: {count} crops of raw folder {folder}, {why}")
    for line in missing(record["counts"]):
        print(f"missing: {line}")
    words = cli.unless_default("--input", args.output, INPUT_DATA)
    if args.partial:
        words = (*words, "--init", DEFAULT_MODEL, "--output", MODELS / "mine")
    cli.print_next("s4_train.py", *words)


def inspect(args: argparse.Namespace) -> None:
    """Print what is in a TFRecord and draw its first crops."""
    if not args.inspect.is_file():
        raise DataError(f"{args.inspect}: no such file; expected a TFRecord file")
    with quiet_stderr():
        from lib.training.crops.inspection import describe, draw_sheet

    print(describe(args.inspect))
    sheet = args.output / f"{args.inspect.stem}.png"
    count = draw_sheet(args.inspect, sheet, overwrite=args.overwrite)
    cli.say(f"sheet of the first {count}: {sheet}")


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    work = inspect if args.inspect else convert
    return cli.run(lambda: work(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
