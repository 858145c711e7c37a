"""The loss of one training by one process and by several workers: same seed, same batches' size.

Each worker is a process of this machine that `s4_train.py --distribute multiworker` finds through
TF_CONFIG; it reads its own shards. The order of the crops is another one, as each worker shuffles
its own: a second seed of one process tells how much that is worth.

Reads:  nothing
Writes: --work (shards of simulated crops, runs); benchmarks/results/distribute.csv

Example: python benchmarks/distribute.py --work /tmp/distribute
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.errors import DataError
from lib.files import read_json, write_csv
from lib.model_card import RECORD_NAME
from lib.paths import ROOT
from lib.training.crops.writing import write_shards, write_tfrecord
from lib.training.examples.records import crop_records
from lib.training.runs.fitting import HISTORY_NAME, read_history
from tests.support.training_workers import QUIET, start_workers

COLUMNS = (
    *("network", "parameters", "workers", "seed", "crops", "batch_size", "epochs", "seconds"),
    *("loss", "accuracy", "validation_loss", "validation_accuracy"),
)
SHARDS = 4


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for crops and runs")
    parser.add_argument(
        "--networks", nargs="+", default=["compact", "nnsic_m4"], help="(%(default)s)"
    )
    for flag, default in (("crops", 256), ("epochs", 2), ("batch-size", 32), ("workers", 2)):
        parser.add_argument(
            f"--{flag}", type=cli.positive_int, default=default, help="(%(default)s)"
        )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1], help="(%(default)s)")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/distribute.csv")
    return parser.parse_args(argv)


def measure(args: argparse.Namespace) -> None:
    """Train each network by one process and by the workers; then by one with other seeds."""
    shards = write_crops(args.work, args.crops)
    rows = []
    first, *others = args.seeds
    tries = [(name, workers, first) for name in args.networks for workers in (1, args.workers)]
    tries += [(name, 1, seed) for seed in others for name in args.networks]
    for network, workers, seed in tries:
        run_dir = args.work / f"{network}-{workers}-{seed}"
        flags = ["--input", args.work, "--train", *shards, "--arch", network]
        flags += ["--epochs", args.epochs, "--batch-size", args.batch_size, "--seed", seed]
        flags += ["--output", run_dir, "--overwrite"]
        start = time.monotonic()
        if workers == 1:
            command = [sys.executable, "s4_train.py", *map(str, flags)]
            finish([subprocess.Popen(command, **QUIET)])
        else:
            finish(start_workers(flags, workers))
        rows.append(row_of(run_dir, workers, args, time.monotonic() - start))
        write_csv(args.output, COLUMNS, rows)
        print(*rows[-1].values(), sep="\t", flush=True)


def write_crops(folder: Path, crops: int) -> list[Path]:
    """Write shards of simulated crops to train on, and files to validate and test on."""
    for seed, name in enumerate(("validation", "test"), start=1):
        write_tfrecord(folder / f"{name}.tfrecord", crop_records(crops // 4, seed))
    records = crop_records(crops, 0)
    return write_shards(folder / "train.tfrecord", records, per_shard=-(-crops // SHARDS))


def finish(started: Sequence[subprocess.Popen]) -> None:
    """Wait for all processes; raise DataError if one failed."""
    said = [process.communicate() for process in started]
    for process, (_, errors) in zip(started, said, strict=True):
        if process.returncode:
            raise DataError(f"{process.args[1]} ended with {process.returncode}: {errors.strip()}")


def row_of(run_dir: Path, workers: int, args: argparse.Namespace, seconds: float) -> dict:
    """Return the row of a finished run."""
    record, last = read_json(run_dir / RECORD_NAME), read_history(run_dir / HISTORY_NAME)[-1]
    values = (
        *(record["architecture"], record["parameters"], workers, record["config"]["seed"]),
        *(args.crops, args.batch_size, args.epochs, round(seconds)),
        *(round(last[name], 4) for name in ("loss", "accuracy", "val_loss", "val_accuracy")),
    )
    return dict(zip(COLUMNS, values, strict=True))


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: measure(arguments), verbose=arguments.verbose))
