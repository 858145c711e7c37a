"""What fine-tuning the shipped network on a handful of labelled real crops is worth.

Stratified cross-validation on the real crops: `s4_train.py --init` on each fold's training part,
its test part classified before and after. The trainings are those of the command, with its files.

Reads:  a frozen model or run (--init), the real crops (--real)
Writes: benchmarks/results/finetune.csv

Example: python benchmarks/finetune.py --folds 5 --seeds 0 1
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.special import softmax
from sklearn.model_selection import StratifiedKFold

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
import s4_train
from benchmarks import profiles as pf
from lib.files import read_json, write_csv
from lib.model_card import KERAS_NAME, RECORD_NAME
from lib.paths import DEFAULT_MODEL, ROOT
from lib.training.crops.tfrecord import Crops, read_tfrecord
from lib.training.crops.writing import write_tfrecord
from lib.training.freezing.frozen import load_network
from lib.training.scores import metrics

COLUMNS = ("seed", "trained_on", "n", "right", "accuracy", "low95", "high95", "nll")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument("--real", type=Path, default=pf.REAL_CROPS, help="TFRecord of real crops")
    parser.add_argument("--init", type=Path, default=DEFAULT_MODEL, help="(default: %(default)s)")
    parser.add_argument(
        "--simulated", type=Path, help="TFRecord of simulated crops to train on beside (none)"
    )
    parser.add_argument("--folds", type=cli.positive_int, default=5, help="(default: 5)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1], help="(default: 0 1)")
    parser.add_argument("--steps", type=cli.positive_int, default=60, help="(default: 60)")
    parser.add_argument("--learning-rate", type=float, default=2e-4, help="(default: 2e-4)")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/finetune.csv")
    return parser.parse_args(argv)


def measure(args: argparse.Namespace) -> None:
    """Cross-validate and write the table."""
    crops = read_tfrecord(args.real)
    # One temperature throughout: a fold's own crops, all learned by heart, would fit a wrong one.
    temperature = read_json(args.init / RECORD_NAME)["temperature"]
    before = _probabilities(args.init, crops, temperature)
    rows = [_row("", "0 real crops", crops.labels, before)]
    for seed in args.seeds:
        after = np.zeros_like(before)
        splitter = StratifiedKFold(args.folds, shuffle=True, random_state=seed)
        for train, test in splitter.split(crops.images, crops.labels):
            with tempfile.TemporaryDirectory() as folder:
                run = _finetune(args, Path(folder), crops, train, seed)
                after[test] = _probabilities(run, _take(crops, test), temperature)
        trained_on = f"{len(crops) * (args.folds - 1) // args.folds} real crops"
        rows.append(_row(seed, trained_on, crops.labels, after))
    write_csv(args.output, COLUMNS, rows)
    for row in rows:
        print(*row.values(), sep="\t")


def _finetune(
    args: argparse.Namespace, folder: Path, crops: Crops, train: np.ndarray, seed: int
) -> Path:
    """Train as s4_train.py does; the fold's own crops validate, as there is nothing to choose."""
    part = _take(crops, train)
    path = folder / "mine.tfrecord"
    write_tfrecord(path, zip(part.images, part.labels, part.names, strict=True))
    files = [str(path)] + ([str(args.simulated)] if args.simulated else [])
    argv = ["--train", *files, "--validation", str(path), "--test", str(path)]
    argv += ["--init", str(args.init), "--output", str(folder / "run"), "--seed", str(seed)]
    argv += ["--steps", str(args.steps), "--learning-rate", str(args.learning_rate)]
    argv += ["--batch-size", "32"]
    s4_train.train(s4_train.parse_args(argv))
    return folder / "run"


def _take(crops: Crops, index: np.ndarray) -> Crops:
    names = tuple(crops.names[i] for i in index)
    return Crops(crops.images[index], crops.labels[index], names)


def _probabilities(model: Path, crops: Crops, temperature: float) -> np.ndarray:
    network = load_network(model / KERAS_NAME)
    logits = network.predict(crops.images / np.float32(255), verbose=0)
    return softmax(logits / temperature, axis=1)


def _row(seed: int | str, trained_on: str, labels: np.ndarray, probabilities: np.ndarray) -> dict:
    right = int((probabilities.argmax(axis=1) == labels).sum())
    low, high = metrics.wilson_interval(right, len(labels))
    nll = metrics.negative_log_likelihood(labels, probabilities)
    values = (seed, trained_on, len(labels), right, right / len(labels), low, high, nll)
    values = [round(value, 4) if isinstance(value, float) else value for value in values]
    return dict(zip(COLUMNS, values, strict=True))


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: measure(arguments), verbose=arguments.verbose))
