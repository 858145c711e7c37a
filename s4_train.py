"""Train a network on TFRecords of crops, calibrate it on validation and test it once.

With --init it goes on from a trained network: more slowly, and with simulated crops of all classes
mixed in, of which it learns what the start says (or the --teachers), so that what the photos at
hand do not show is not forgotten. At the end both networks are compared; one that has lost more of
a class than chance explains ends in an error.

The same seed gives the same crops in the same order, also after --resume; weights agree to about
four digits, as TensorFlow adds in parallel. Only dropout draws anew after an interruption.

With --distribute several devices or machines train one network, each on its own crops; of several
workers the first, the chief, alone writes and speaks (docs/scale.md).

Reads:  InputData/{train,validation,test}.tfrecord, or the files given
Writes: models/<arch>/ model.keras (best validation loss), last.keras, history.csv, run.json,
        report.html (all of it on one page), curves.png, confusion.png and .csv, reliability.png,
        coverage.png, logs/ for TensorBoard;
        with --overwrite in models/.<arch>-new until finished, so that the older run lives on;
        with --scratch there until finished: for an --output on Google Drive, whose bin would fill
        with the weights of every epoch;
        with --init InputData/simulated_mix.tfrecord and simulated_check.tfrecord

Examples: python s4_train.py --train InputData/train.tfrecord InputData/simulated.tfrecord
          python s4_train.py --init models/default --output models/mine
"""

import argparse
import logging
import os
import sys
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import cli
from lib.model_card import KERAS_NAME, REPORT_NAME
from lib.paths import INPUT_DATA, MODELS
from lib.quiet import quiet_stderr
from lib.taxonomy import CLASSES
from lib.training.crops.split import SPLITS
from lib.training.examples.records import crop_records
from lib.training.networks.config import TrainConfig
from lib.training.runs.run_folder import RunFolder

if TYPE_CHECKING:
    from lib.training.runs.distribute import Team

# Of going on from a trained network, which a full rate would undo.
INIT_LEARNING_RATE = 1e-4
# Simulated crops that --init mixes in, and others that it is judged by: file, number, seed. As many
# of a class as s3 makes of one's own, and enough to see that a twentieth is lost and none won.
MIXED = ("simulated_mix.tfrecord", 400 * len(CLASSES), 901)
CHECKED = ("simulated_check.tfrecord", 200 * len(CLASSES), 902)

log = logging.getLogger(__name__)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line; the defaults of the hyper-parameters are TrainConfig's."""
    parser = cli.make_parser(__doc__, seed=True, overwrite=True)
    _add_files(parser)
    _add_network(parser)
    _add_fit(parser)
    parser.add_argument(
        "--distribute",
        choices=("mirrored", "multiworker"),
        help="train on all GPUs of this machine, or on the workers that the variable TF_CONFIG "
        "names, each with this command (default: in this process alone)",
    )
    parser.add_argument(
        "--mixed-precision",
        action="store_true",
        help="compute in half precision; needs a GPU (default: single precision)",
    )
    args = parser.parse_args(argv)
    if args.distribute == "multiworker" and args.init is not None and not args.train:
        parser.error("--init with --distribute multiworker needs --train: nothing is mixed in")
    args.mixed = args.init is not None and not args.train
    args.train = args.train or [args.input / "train.tfrecord"]
    if args.init is not None and args.learning_rate is None:
        args.learning_rate = INIT_LEARNING_RATE
    args.validation = args.validation or args.input / "validation.tfrecord"
    args.test = args.test or args.input / "test.tfrecord"
    args.output = args.output or MODELS / (args.arch or TrainConfig.arch)
    return args


def _add_files(parser: argparse.ArgumentParser) -> None:
    """Add what is read, and where the run lies."""
    file = {"type": Path, "metavar": "FILE"}
    parser.add_argument(
        "--input", type=Path, default=INPUT_DATA, help="folder of the files (default: %(default)s)"
    )
    parser.add_argument(
        "--train",
        nargs="+",
        **file,
        help="training files (default: INPUT/train.tfrecord; with --init and simulated crops)",
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
    parser.add_argument(
        "--scratch",
        type=Path,
        metavar="DIR",
        help="train in this folder, and copy the finished run to its own once (default: beside it)",
    )
    parser.add_argument("--resume", action="store_true", help="go on after an interruption")


def _add_network(parser: argparse.ArgumentParser) -> None:
    """Add what is trained, and from what."""
    parser.add_argument(
        "--arch",
        help=f"a network of lib/training/networks/architectures.py (default: {TrainConfig.arch})",
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


def _add_fit(parser: argparse.ArgumentParser) -> None:
    """Add how it is trained."""
    default = TrainConfig()
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
        value = f"{value}; with --init {INIT_LEARNING_RATE}" if flag == "learning-rate" else value
        parser.add_argument(f"--{flag}", type=kind, help=f"{text} (default: {value})")
    parser.add_argument(
        "--no-flip",
        dest="flip",
        action="store_false",
        default=None,
        help="leave crops upright (default: turn half of them)",
    )


def require_ready(args: argparse.Namespace) -> None:
    """Refuse what is missing or in the way, before TensorFlow takes seconds to import."""
    own = cli.unless_default("--input", args.input, INPUT_DATA)
    for path in (*args.train, *args.outliers, args.validation, args.test):
        made_by = ("s3_to_tfrecord.py", *own)
        if path.parent != args.input or path.stem not in SPLITS:
            made_by = ("s0_simulate.py", "crops", "--output", path)
        cli.require_made(path, *made_by)
    networks = [args.init, *(args.teachers or [])] if args.init else args.teachers or []
    for folder in map(Path, networks):
        cli.require_made(folder / KERAS_NAME, "s4_train.py", "--output", folder)
    folder = RunFolder(args.output, args.scratch)
    # What another process is about to write looks like an interrupted run.
    with folder.held():
        folder.require_free(resume=args.resume, overwrite=args.overwrite)


def train(args: argparse.Namespace, team: "Team | None") -> None:
    """Train, test, record and print the report."""
    # TensorFlow takes seconds to import: not for --help or a wrong flag.
    with quiet_stderr():
        from lib.training.runs.run import run
        from lib.training.scores import metrics

    record = run(
        config_of(args),
        train=args.train,
        outliers=args.outliers,
        validation=args.validation,
        test=args.test,
        run_dir=args.output,
        scratch=args.scratch,
        resume=args.resume,
        overwrite=args.overwrite,
        on_epoch=print_epoch,
        team=team,
    )
    if record is not None:
        print(metrics.report_text(record["test"]))
        cli.say(f"report with curves and doubtful crops: {args.output / REPORT_NAME}")


def assemble(args: argparse.Namespace) -> "Team":
    """Return the workers or devices that train together."""
    with quiet_stderr():
        from lib.training.runs import distribute

    return distribute.assemble(args.distribute, mixed=args.mixed_precision)


def config_of(args: argparse.Namespace) -> TrainConfig:
    """Return the hyper-parameters that were given, the others by default."""
    given = {field.name: getattr(args, field.name, None) for field in fields(TrainConfig)}
    return TrainConfig(**{name: value for name, value in given.items() if value is not None})


def prepare_start(args: argparse.Namespace) -> None:
    """Say which classes the training files lack; mix simulated crops in unless told otherwise."""
    with quiet_stderr():
        from lib.training.crops.tfrecord import count_labels
        from lib.training.runs.run import require_start

    # Before crops are simulated, which takes long.
    data = [*args.train, *args.outliers, args.validation, args.test]
    replace = args.overwrite or args.resume
    require_start(config_of(args), args.output, data, replace=replace)
    counts = sum((count_labels(path) for path in args.train), Counter())
    absent = [name for number, name in enumerate(CLASSES) if not counts[number]]
    if absent:
        log.warning(
            "%s: no crop of %s: %s",
            ", ".join(map(str, args.train)),
            ", ".join(absent),
            "simulated ones stand in" if args.mixed else "the network may forget them",
        )
    if args.mixed:
        args.train.append(simulated(args.input, MIXED))
        # Teachers know these crops themselves.
        args.rehearsed = [] if args.teachers else [str(args.train[-1])]


def simulated(folder: Path, recipe: tuple[str, int, int]) -> Path:
    """Return a file of simulated crops, all classes in equal shares, made if it is not there."""
    from lib.training.crops.writing import write_tfrecord

    name, count, seed = recipe
    path = folder / name
    if not path.exists():
        write_tfrecord(path, crop_records(count, seed, jobs=os.cpu_count() or 1))
    return path


def judge(args: argparse.Namespace) -> None:
    """Compare the network with its start, crop by crop; raise DataError if a class got worse."""
    from lib.training.runs import comparison, report_page

    files = {"test": args.test, "simulated": simulated(args.input, CHECKED)}
    changes = comparison.compare_with_start(Path(args.init), args.output, files)
    cli.say(f"compared with {args.init}, crops named rightly:")
    print(comparison.comparison_text(changes))
    report_page.write_report(args.output, args.test, title=f"{args.output.name}: {args.test.stem}")
    comparison.require_no_loss(changes, Path(args.init), args.output)


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
    """Train, hold the network against its start, and say what comes next."""
    if args.distribute != "multiworker":
        require_ready(args)
    # Workers find one another before TensorFlow does anything else.
    team = assemble(args) if args.distribute or args.mixed_precision else None
    if team is not None and not team.is_chief:
        train(args, team)
        return
    if args.init is not None:
        prepare_start(args)
    train(args, team)
    if args.init is not None:
        judge(args)
    cli.print_next("s5_freeze_pb.py", "--input", args.output)


if __name__ == "__main__":
    sys.exit(main())
