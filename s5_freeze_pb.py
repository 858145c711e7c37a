"""Freeze a trained network into the files that ship, and check them against it.

Reads:  models/<run>/ model.keras, run.json; a TFRecord of crops (the run's test file, or --check)
Writes: model.pb (one frozen GraphDef), model.tflite, model.json

Example: python s5_freeze_pb.py --input models/compact
"""

import argparse
import sys
from pathlib import Path

import cli
from lib.paths import MODELS
from lib.quiet import quiet_stderr


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, overwrite=True)
    parser.add_argument(
        "--input",
        type=Path,
        default=MODELS / "compact",
        help="run folder of s4_train.py (default: %(default)s)",
    )
    parser.add_argument(
        "--output", type=Path, help="folder of the frozen model (default: the run folder)"
    )
    parser.add_argument(
        "--check",
        type=Path,
        metavar="FILE",
        help="TFRecord of crops to compare the formats on (default: the run's test file)",
    )
    parser.add_argument(
        "--unknowns",
        type=Path,
        metavar="FILE",
        help="TFRecord of unknown lamps, not trained on, to set the threshold for refusing by "
        "(default: by the known lamps alone)",
    )
    parser.add_argument(
        "--inspect",
        type=Path,
        metavar="FILE",
        help="only list the inputs, outputs and operations of this model.pb",
    )
    args = parser.parse_args(argv)
    args.output = args.output or args.input
    return args


def freeze(args: argparse.Namespace) -> None:
    """Freeze, check, write and print the test report of the frozen model."""
    # TensorFlow takes seconds to import: not for --help or a wrong flag.
    with quiet_stderr():
        from lib.training.freezing.frozen import freeze_run
        from lib.training.scores import metrics

    card, report = freeze_run(
        args.input,
        args.output,
        check=args.check,
        unknowns=args.unknowns,
        overwrite=args.overwrite,
    )
    for name, file in card["files"].items():
        cli.say(f"{args.output / name}: {file['bytes'] / 1e6:.2f} MB")
    print(f"largest difference in probability: {card['checked']['max_difference']:.1e}")
    print(metrics.report_text(report))


def inspect(path: Path) -> None:
    """Print what a frozen GraphDef holds."""
    with quiet_stderr():
        from lib.training.freezing.formats import describe_graph

    print(describe_graph(path))


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    work = (lambda: inspect(args.inspect)) if args.inspect else (lambda: command(args))
    return cli.run(work, verbose=args.verbose)


def command(args: argparse.Namespace) -> None:
    """Freeze, and say what comes next."""
    freeze(args)
    cli.print_next("identify.py", "PHOTO", "--model", args.output)


if __name__ == "__main__":
    sys.exit(main())
