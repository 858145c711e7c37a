"""How far the default network's answers depend on the seed of its training.

The recipe of train_default.py, on its files, with one seed after the other: accuracy, likelihood
and calibration on the real crops and on fresh simulated ones, temperature from validation.

Reads:  {train,unknown,validation,test}.tfrecord of train_default.py (--data), real crops (--real)
Writes: benchmarks/results/seeds.csv

Example: python benchmarks/compare_seeds.py --data InputData/default --seeds 1 2 3
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from benchmarks import profiles as pf
from lib.files import write_csv
from lib.paths import INPUT_DATA, ROOT

COLUMNS = (
    "seed",
    "crops",
    "unknown_crops",
    "epochs",
    "seconds",
    "temperature",
    "real_right",
    "real_nll",
    "real_ece",
    "simulated_accuracy",
    "simulated_nll",
    "simulated_ece",
)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument(
        "--data", type=Path, default=INPUT_DATA / "default", help="(default: %(default)s)"
    )
    parser.add_argument("--real", type=Path, default=pf.REAL_CROPS, help="TFRecord of real crops")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="(default: 1 2 3)")
    parser.add_argument("--epochs", type=cli.positive_int, default=6, help="(default: 6)")
    parser.add_argument(
        "--share", type=float, default=1.0, help="part of the training crops (default: all)"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/seeds.csv")
    return parser.parse_args(argv)


def compare(args: argparse.Namespace) -> None:
    """Train and test seed after seed."""
    real = pf.read_profiles(args.real)
    train, unknown, validation, test = (
        pf.read_profiles(args.data / f"{name}.tfrecord")
        for name in ("train", "unknown", "validation", "test")
    )
    train, unknown = (some.take(slice(int(args.share * len(some)))) for some in (train, unknown))
    everything = pf.Profiles(
        np.concatenate([train.rgb, unknown.rgb]), np.concatenate([train.labels, unknown.labels])
    )
    rows = []
    for seed in args.seeds:
        start = time.monotonic()
        network = pf.train_network(everything, seed=seed, epochs=args.epochs)
        seconds = round(time.monotonic() - start)
        temperature = pf.calibrated_temperature(network, validation)
        on_real = pf.score(network, real, temperature=temperature)
        on_test = pf.score(network, test, temperature=temperature)
        values = (seed, len(train), len(unknown), args.epochs, seconds, round(temperature, 3))
        values += (f"{on_real['right']}/{on_real['n']}", on_real["nll"], on_real["ece"])
        values += (on_test["accuracy"], on_test["nll"], on_test["ece"])
        rows.append(dict(zip(COLUMNS, values, strict=True)))
        print(*values, sep="\t", flush=True)
        write_csv(args.output, COLUMNS, rows)


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: compare(arguments), verbose=arguments.verbose))
