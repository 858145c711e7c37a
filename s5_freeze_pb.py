"""Freeze a trained network into the files that ship, and check them against it.

Reads:  models/<run>/ model.keras, run.json; a TFRecord of crops (the run's test file, or --check)
Writes: model.pb (one frozen GraphDef), model.tflite, model.json

Example: python s5_freeze_pb.py --input models/compact
"""

import argparse
import logging
import sys
from pathlib import Path

import cli
from lib.errors import DataError
from lib.files import read_json
from lib.model_card import RECORD_NAME, REPORT_NAME
from lib.paths import MODELS
from lib.quiet import quiet_stderr

# The model that ships is right on 94 % of its test crops, which are harder than most photos. A
# model that is wrong more often than this gives wrong wavelengths too often to be used.
USABLE_ACCURACY = 0.85

log = logging.getLogger(__name__)


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
    """Freeze, check, write, and print how good the frozen model is."""
    require_trained(args)
    # TensorFlow takes seconds to import: not for --help or a wrong flag.
    with quiet_stderr():
        from lib.training.freezing.frozen import freeze_run

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
    print(
        f"right on {report['accuracy']:.1%} of {report['n']} test crops"
        f"; the table is in {REPORT_NAME} of the training"
    )
    if report["accuracy"] < USABLE_ACCURACY:
        log.warning(
            "%s: right on %.0f %% of its test crops only; expected %.0f %% of a model for use. "
            "Train on more crops, or for more epochs",
            args.output,
            100 * report["accuracy"],
            100 * USABLE_ACCURACY,
        )


def require_trained(args: argparse.Namespace) -> None:
    """Refuse a run that is not there or not finished, before TensorFlow is imported."""
    cli.require_made(args.input / RECORD_NAME, "s4_train.py", "--output", args.input)
    if not read_json(args.input / RECORD_NAME).get("finished"):
        words = cli.command_line("s4_train.py", "--resume", "--output", args.input)
        raise DataError(
            f"{args.input / RECORD_NAME}: expected a finished run; go on with the command that "
            f"began it and --resume, such as: {words}"
        )


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
