"""Make the model that ships from nothing: simulate, train, freeze. No real photo takes part.

Crops of the seven classes, and crops of unknown lamps at which the network learns to shrug
(outlier exposure), are simulated with fixed seeds: most directly, some cut by the band finder
from simulated photos. Validation and test are simulated with other seeds, and so are the unknown
lamps that the threshold for refusing is set by.

Networks of the same recipe but other seeds disagree on what no simulated crop looks like, and the
longer they train, the surer they are of it. So one long training and some short ones are taught to
a single network, which is what ships (benchmarks/results/classifier.md has what each gives).

Reads:  models/band/, models/trace/
Writes: --work: TFRecords and the run folder; --output: model.pb, .tflite, .keras, .json

Example: python train_default.py --overwrite
"""

import argparse
import sys
from pathlib import Path

import cli
import s0_simulate
import s4_train
import s5_freeze_pb
from lib.files import require_absent
from lib.model_card import CARD_NAME
from lib.paths import DEFAULT_MODEL, INPUT_DATA

# Seeds of the simulated files; --seed is that of the training.
FILE_SEEDS = {
    "train": 101,
    "unknown": 102,
    "validation": 103,
    "test": 104,
    "unknown_check": 105,
    "cuts": 106,
    "unknown_cuts": 107,
}
# Passes over the crops: of the network that ships, and of each that teaches it.
EPOCHS = 3
TEACHER_EPOCHS = [5, 1, 1, 1]
# Seeds of the teachers that belong to one --seed.
TEACHER_SEEDS = 100
# Photos of unknown lamps for one of the classes.
UNKNOWN_CUTS_SHARE = 0.25


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True, overwrite=True)
    parser.add_argument(
        "--output", type=Path, default=DEFAULT_MODEL, help="model folder (default: %(default)s)"
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=INPUT_DATA / "default",
        help="folder of crops and run (default: %(default)s)",
    )
    for flag, default, text in (
        ("crops", 200_000, "training crops of the seven classes"),
        ("unknown", 50_000, "training crops of unknown lamps"),
        ("cuts", 8_000, "photos that training crops of the seven classes are cut from"),
        ("check", 8_000, "crops of validation, of test, and of unknown lamps to set the threshold"),
        ("epochs", EPOCHS, "passes over the training crops"),
    ):
        parser.add_argument(
            f"--{flag}", type=cli.positive_int, default=default, help=f"{text} ({default})"
        )
    parser.add_argument(
        "--teachers",
        type=cli.positive_int,
        nargs="+",
        metavar="EPOCHS",
        default=TEACHER_EPOCHS,
        help="passes of each network that teaches the one that ships (%(default)s)",
    )
    cli.add_jobs_flag(parser)
    return parser.parse_args(argv)


def make_model(args: argparse.Namespace) -> None:
    """Run the stages with their own commands."""
    require_absent(args.output / CARD_NAME, overwrite=args.overwrite)
    counts = {
        "train": args.crops,
        "unknown": args.unknown,
        "cuts": args.cuts,
        "unknown_cuts": max(1, round(UNKNOWN_CUTS_SHARE * args.cuts)),
    }
    files = {name: args.work / f"{name}.tfrecord" for name in FILE_SEEDS}
    for name, seed in FILE_SEEDS.items():
        argv = ["cuts" if name.endswith("cuts") else "crops", "--seed", str(seed)]
        argv += ["--count", str(counts.get(name, args.check)), "--jobs", str(args.jobs)]
        argv += ["--output", str(files[name]), "--per-shard", str(args.crops), "--overwrite"]
        argv += ["--lamps", "unknown"] if name.startswith("unknown") else []
        command = s0_simulate.parse_args(argv)
        command.work(command)
    crops = ["--input", str(args.work), "--train", str(files["train"]), str(files["cuts"])]
    crops += ["--outliers", str(files["unknown"]), str(files["unknown_cuts"]), "--overwrite"]
    teachers = []
    for number, epochs in enumerate(args.teachers):
        seed = TEACHER_SEEDS * (args.seed + 1) + number
        teachers.append(str(args.work / f"teacher-{seed}"))
        argv = ["--output", teachers[-1], "--epochs", str(epochs), "--seed", str(seed)]
        s4_train.train(s4_train.parse_args([*crops, *argv]))
    run = args.work / f"run-{args.seed}"
    argv = ["--output", str(run), "--epochs", str(args.epochs), "--seed", str(args.seed)]
    s4_train.train(s4_train.parse_args([*crops, *argv, "--teachers", *teachers]))
    argv = ["--input", str(run), "--output", str(args.output), "--overwrite"]
    argv += ["--unknowns", str(files["unknown_check"])]
    s5_freeze_pb.freeze(s5_freeze_pb.parse_args(argv))


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: make_model(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
