"""Train a network on TFRecords of crops, calibrate it on validation and test it once.

Reads:  InputData/{train,validation,test}.tfrecord, or the files given
Writes: models/<arch>/ model.keras (best validation loss), last.keras, history.csv, run.json,
        curves.png, confusion.png and .csv, reliability.png, coverage.png, logs/ for TensorBoard;
        with --overwrite in models/.<arch>-new until finished, so that the older run lives on

Example: python s4_train.py --train InputData/train.tfrecord InputData/simulated.tfrecord
"""

import argparse
import sys
from dataclasses import fields
from pathlib import Path

import cli
from lib.paths import INPUT_DATA, MODELS
from lib.quiet import quiet_stderr
from lib.training.config import TrainConfig


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line; the defaults of the hyper-parameters are TrainConfig's."""
    parser = cli.make_parser(__doc__, seed=True, overwrite=True)
    default = TrainConfig()
    file = {"type": Path, "metavar": "FILE"}
    parser.add_argument(
        "--input", type=Path, default=INPUT_DATA, help="folder of the files (default: %(default)s)"
    )
    parser.add_argument(
        "--train", nargs="+", **file, help="training files (default: INPUT/train.tfrecord)"
    )
    parser.add_argument(
        "--outliers",
        nargs="+",
        default=[],
        **file,
        help="training files of unknown lamps (default: none)",
    )
    parser.add_argument(
        "--validation",
        **file,
        help="crops to stop, pick and calibrate by (default: INPUT/validation.tfrecord)",
    )
    parser.add_argument("--test", **file, help="crops to test on (default: INPUT/test.tfrecord)")
    parser.add_argument("--output", type=Path, help=f"run folder (default: {MODELS}/<arch>)")
    parser.add_argument("--resume", action="store_true", help="go on after an interruption")
    parser.add_argument(
        "--arch", help=f"a network of lib/training/architectures.py (default: {default.arch})"
    )
    parser.add_argument(
        "--init",
        metavar="DIR",
        help="run or frozen model whose weights are the start (default: random weights)",
    )
    parser.add_argument(
        "--teachers",
        nargs="+",
        metavar="DIR",
        help="runs or frozen models whose mean opinion is taught in place of the labels",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--epochs",
        type=cli.positive_int,
        help=f"passes over the training crops (default: {default.epochs})",
    )
    length.add_argument(
        "--steps", type=cli.positive_int, help="batches in all (default: as --epochs says)"
    )
    for flag, kind, text in (
        ("batch-size", cli.positive_int, "crops a step"),
        ("learning-rate", float, "its peak"),
        ("weight-decay", float, "decoupled weight decay"),
        ("patience", cli.positive_int, "epochs without a better validation loss before stopping"),
        ("outlier-weight", float, "weight of a crop of an unknown lamp"),
    ):
        value = getattr(default, flag.replace("-", "_"))
        parser.add_argument(f"--{flag}", type=kind, help=f"{text} (default: {value})")
    parser.add_argument(
        "--no-flip",
        dest="flip",
        action="store_false",
        default=None,
        help="leave crops upright (default: turn half of them)",
    )
    args = parser.parse_args(argv)
    args.train = args.train or [args.input / "train.tfrecord"]
    args.validation = args.validation or args.input / "validation.tfrecord"
    args.test = args.test or args.input / "test.tfrecord"
    args.output = args.output or MODELS / (args.arch or default.arch)
    return args


def train(args: argparse.Namespace) -> None:
    """Train, test, record and print the report."""
    # TensorFlow takes seconds to import: not for --help or a wrong flag.
    with quiet_stderr():
        from lib.training import metrics
        from lib.training.run import run

    given = {field.name: getattr(args, field.name, None) for field in fields(TrainConfig)}
    record = run(
        TrainConfig(**{name: value for name, value in given.items() if value is not None}),
        train=args.train,
        outliers=args.outliers,
        validation=args.validation,
        test=args.test,
        run_dir=args.output,
        resume=args.resume,
        overwrite=args.overwrite,
        on_epoch=print_epoch,
    )
    print(metrics.report_text(record["test"]))


def print_epoch(row: dict) -> None:
    """Print a row of history.csv as the epoch ends."""
    print(
        f"epoch {row['epoch']}, {row['seconds']:.0f} s: "
        f"loss {row['loss']:.4f}, accuracy {row['accuracy']:.4f}; "
        f"validation loss {row['val_loss']:.4f}, accuracy {row['val_accuracy']:.4f}",
        flush=True,
    )


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: command(args), verbose=args.verbose)


def command(args: argparse.Namespace) -> None:
    """Train, and say what comes next."""
    train(args)
    cli.print_next("s5_freeze_pb.py", "--input", args.output)


if __name__ == "__main__":
    sys.exit(main())
