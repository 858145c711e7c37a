"""How far the default network's answers depend on the seed of its training.

The recipe of train_shipped.py classifier, on its files, with one seed after the other, for each
teacher and for the network that they teach: accuracy, likelihood and calibration on the real crops
and on fresh simulated ones, temperature from validation; how well the largest logit tells unknown
lamps.

Reads:  the TFRecords of train_shipped.py classifier (--data), real crops (--real)
Writes: benchmarks/results/seeds.csv; rows of seeds not named stay as they are

Example: python benchmarks/compare_seeds.py --data InputData/default --seeds 1 2 3
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from benchmarks import profiles as pf
from lib.files import read_csv, write_csv
from lib.paths import INPUT_DATA, ROOT
from lib.taxonomy import CLASSES
from lib.training.recipes.classifier import EPOCHS, TEACHER_EPOCHS, TEACHER_SEEDS

COLUMNS = (
    "seed",
    "network",
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
    "unknown_auroc",
)
# Files of train_shipped.py classifier that are trained on.
TRAINED_ON = ("train", "cuts", "unknown", "unknown_cuts")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument(
        "--data", type=Path, default=INPUT_DATA / "default", help="(default: %(default)s)"
    )
    parser.add_argument("--real", type=Path, default=pf.REAL_CROPS, help="TFRecord of real crops")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="(default: 1 2 3)")
    parser.add_argument("--epochs", type=cli.positive_int, default=EPOCHS, help="(%(default)s)")
    parser.add_argument(
        "--teachers",
        type=cli.positive_int,
        nargs="+",
        default=TEACHER_EPOCHS,
        help="epochs of each (%(default)s)",
    )
    parser.add_argument(
        "--share", type=float, default=1.0, help="part of the training crops (default: all)"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/seeds.csv")
    return parser.parse_args(argv)


def compare(args: argparse.Namespace) -> None:
    """Train and test seed after seed."""
    real = pf.read_profiles(args.real)
    validation, test, strange = (
        pf.read_profiles(args.data / f"{name}.tfrecord")
        for name in ("validation", "test", "unknown_check")
    )
    parts = [pf.read_profiles(args.data / f"{name}.tfrecord") for name in TRAINED_ON]
    parts = [part.take(slice(int(args.share * len(part)))) for part in parts]
    crops = pf.Profiles(
        np.concatenate([part.rgb for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )
    unknown = int((crops.labels < 0).sum())
    kept = read_csv(args.output, COLUMNS) if args.output.exists() else []
    rows: list[dict] = [row for row in kept if int(row["seed"]) not in args.seeds]
    for seed in args.seeds:
        start = time.monotonic()
        for name, epochs, network in _networks(crops, seed, args.teachers, args.epochs):
            seconds, start = round(time.monotonic() - start), time.monotonic()
            temperature = pf.calibrated_temperature(network, validation)
            on_real = pf.score(network, real, temperature=temperature)
            on_test = pf.score(network, test, temperature=temperature)
            values = (seed, name, len(crops) - unknown, unknown, epochs, seconds)
            values += (round(temperature, 3), f"{on_real['right']}/{on_real['n']}")
            values += (on_real["nll"], on_real["ece"])
            values += (on_test["accuracy"], on_test["nll"], on_test["ece"])
            values += (round(_auroc(network, test, strange), 4),)
            rows.append(dict(zip(COLUMNS, values, strict=True)))
            print(*values, sep="\t", flush=True)
            write_csv(args.output, COLUMNS, rows)


def _networks(
    crops: pf.Profiles, seed: int, teachers: list[int], epochs: int
) -> Iterator[tuple[str, int, keras.Model]]:
    """Train and yield the teachers, then the network that they teach, with names and epochs."""
    logits = np.zeros((len(crops), len(CLASSES)))
    for number, passes in enumerate(teachers):
        network = pf.train_network(crops, seed=TEACHER_SEEDS * (seed + 1) + number, epochs=passes)
        logits += pf.predict_logits(network, crops) / len(teachers)
        yield "teacher", passes, network
    targets = softmax(logits, axis=1).astype(np.float32)
    yield "taught", epochs, pf.train_network(crops, seed=seed, epochs=epochs, targets=targets)


def _auroc(network: keras.Model, known: pf.Profiles, strange: pf.Profiles) -> float:
    """Return how well the largest logit tells crops of the classes from unknown lamps."""
    largest = [pf.predict_logits(network, some).max(axis=1) for some in (known, strange)]
    is_known = np.repeat([True, False], [len(known), len(strange)])
    return float(roc_auc_score(is_known, np.concatenate(largest)))


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: compare(arguments), verbose=arguments.verbose))
