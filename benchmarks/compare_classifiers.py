"""Our network beside nnSIC's two, random convolutions and nearest neighbours, on the same crops.

Every method trains on simulated crops alone and is tested on fresh simulated crops and on real
ones. Budgets differ by what each can use and are written in the table: nnSIC's networks train for
--minutes and no longer. MiniRocket is aeon's, which has its own requirements:
benchmarks/requirements.txt.

Reads:  train.tfrecord and test.tfrecord of s0_simulate.py crops (--data), the real crops (--real)
Writes: benchmarks/results/classifiers.csv; rows of methods not named stay as they are

Example: python benchmarks/compare_classifiers.py --data InputData --methods nearest nnsic_m4
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeClassifierCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from benchmarks import profiles as pf
from lib.files import read_csv, write_csv
from lib.paths import ROOT
from lib.taxonomy import CLASSES
from lib.training.crops.tfrecord import Crops, iterate_tfrecords, read_tfrecord
from lib.training.scores import metrics

COLUMNS = (
    "method",
    "input",
    "parameters",
    "training_crops",
    "crops_seen",
    "training_s",
    "crops_per_s",
    "simulated_accuracy",
    "real_right",
    "real_accuracy",
    "real_weighted_precision",
    "budget",
)
RESULT = ROOT / "benchmarks" / "results" / "classifiers.csv"
# The transform holds all its features at once: 10,000 a crop as float32.
ROCKET_CROPS = 10_000
# Nearest neighbours compare profiles in this many principal components.
COMPONENTS = 64
# A network that sees whole crops holds this many in memory, 22 kB each.
WHOLE_CROPS = 20_000
INPUTS = {
    "compact": "RGB profile",
    "nnsic_m4": "grey profile",
    "nnsic_lenet": "colour image",
}

Predictor = Callable[[np.ndarray], np.ndarray]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True)
    parser.add_argument("--data", type=Path, default=ROOT / "InputData", help="(%(default)s)")
    parser.add_argument("--real", type=Path, default=pf.REAL_CROPS, help="TFRecord of real crops")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS), help="all")
    parser.add_argument(
        "--minutes", type=float, default=4.0, help="budget of each network (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, default=RESULT, help="(default: %(default)s)")
    return parser.parse_args(argv)


def compare(args: argparse.Namespace) -> None:
    """Train and test the methods one after the other."""
    test, real = read_tfrecord(args.data / "test.tfrecord"), read_tfrecord(args.real)
    for method in args.methods:
        start = time.monotonic()
        predict, facts = METHODS[method](args, method)
        facts |= {"method": method, "training_s": round(time.monotonic() - start)}
        facts.setdefault("crops_seen", facts["training_crops"])
        facts["crops_per_s"] = round(facts["crops_seen"] / max(facts["training_s"], 1))
        facts |= _scores(test, predict(test.images), "simulated")
        facts |= _scores(real, predict(real.images), "real")
        row = {name: facts.get(name, "") for name in COLUMNS}
        print(*row.values(), sep="\t", flush=True)
        _replace_row(args.output, row)


def _scores(crops: Crops, predicted: np.ndarray, name: str) -> dict:
    matrix = metrics.confusion(crops.labels, predicted, len(CLASSES))
    right, total = int(np.trace(matrix)), int(matrix.sum())
    named = np.maximum(matrix.sum(axis=0), 1)
    precision = float((np.diag(matrix) / named * matrix.sum(axis=1)).sum() / total)
    scores = {"right": f"{right}/{total}", "accuracy": round(right / total, 4)}
    scores["weighted_precision"] = round(precision, 4)
    return {f"{name}_{key}": value for key, value in scores.items()}


def _replace_row(path: Path, row: dict) -> None:
    rows = read_csv(path, COLUMNS) if path.is_file() else []
    rows = [old for old in rows if old["method"] != row["method"]]
    order = list(METHODS)
    write_csv(path, COLUMNS, sorted([*rows, row], key=lambda each: order.index(each["method"])))


def network(args: argparse.Namespace, arch: str) -> tuple[Predictor, dict]:
    """Train a Keras network of lib.training for at most --minutes."""
    import keras

    from lib.training.networks.architectures import ARCHITECTURES
    from lib.training.networks.config import TrainConfig

    whole = arch == "nnsic_lenet"
    path = args.data / "train.tfrecord"
    if whole:
        first = next(iterate_tfrecords(path, batch_size=WHOLE_CROPS))
        inputs, labels = first.images, first.labels
    else:
        # All other networks look at the mean of the rows and at nothing else.
        profiles = pf.read_profiles(path)
        inputs, labels = profiles.rgb[:, None], profiles.labels
    config = TrainConfig(arch=arch, seed=args.seed)
    keras.utils.set_random_seed(args.seed)
    model = ARCHITECTURES[arch](inputs.shape[1:], len(CLASSES))
    budget = Budget(args.minutes * 60, len(labels), config.batch_size, config.epochs)
    model.compile(
        keras.optimizers.AdamW(config.learning_rate, weight_decay=config.weight_decay),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    rng = np.random.default_rng(args.seed)
    for index, share in budget.batches(rng):
        # Cosine decay over the time there is, as the number of steps is not known.
        model.optimizer.learning_rate = config.learning_rate * np.cos(share * np.pi / 2) ** 2
        model.train_on_batch(_scaled(inputs[index]), labels[index])
    facts = {
        "input": INPUTS[arch],
        "training_crops": len(labels),
        "parameters": model.count_params(),
        "crops_seen": budget.crops_seen,
        "budget": f"{args.minutes:g} min or {config.epochs} epochs, two shared cores",
    }
    return (lambda images: _predict(model, images if whole else _profile(images)[:, None])), facts


def _scaled(images: np.ndarray) -> np.ndarray:
    return images / np.float32(255) if images.dtype == np.uint8 else images


class Budget:
    """Batches until the time or the epochs are over."""

    def __init__(self, seconds: float, crops: int, batch_size: int, epochs: int):
        self.seconds, self.crops, self.batch_size, self.epochs = seconds, crops, batch_size, epochs
        self.crops_seen = 0

    def batches(self, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, float]]:
        """Yield indices of each batch and the share of the budget that is used up."""
        start = time.monotonic()
        for _ in range(self.epochs):
            order = rng.permutation(self.crops)
            for first in range(0, self.crops, self.batch_size):
                used = (time.monotonic() - start) / self.seconds
                share = max(used, self.crops_seen / (self.crops * self.epochs))
                if share >= 1:
                    return
                index = order[first : first + self.batch_size]
                yield index, share
                self.crops_seen += len(index)


def _predict(model, inputs: np.ndarray) -> np.ndarray:
    parts = np.array_split(inputs, max(1, len(inputs) // 256))
    logits = [model.predict_on_batch(_scaled(part)) for part in parts]
    return np.concatenate(logits).argmax(axis=1)


def _profile(images: np.ndarray) -> np.ndarray:
    return images.mean(axis=1, dtype=np.float32) / 255


def nearest(args: argparse.Namespace, _: str) -> tuple[Predictor, dict]:
    """Nearest neighbour on profiles over their maximum, in principal components."""
    train = _training_crops(args)
    model = make_pipeline(PCA(COMPONENTS, random_state=args.seed), KNeighborsClassifier(5))
    model.fit(_flat(train.rgb), train.labels)
    facts = {"input": "RGB profile", "budget": f"all crops, {COMPONENTS} components, 5 neighbours"}
    facts["training_crops"] = len(train)
    return (lambda images: model.predict(_flat(_profile(images)))), facts


def _flat(rgb: np.ndarray) -> np.ndarray:
    return (rgb / np.maximum(rgb.max(axis=(1, 2), keepdims=True), 1 / 255)).reshape(len(rgb), -1)


def minirocket(args: argparse.Namespace, _: str) -> tuple[Predictor, dict]:
    """Random convolutions (Dempster et al. 2021) and a ridge classifier."""
    from aeon.transformations.collection.convolution_based import MiniRocket

    train = _training_crops(args).take(slice(ROCKET_CROPS))
    ridge = RidgeClassifierCV(alphas=np.logspace(-2, 4, 7))
    model = make_pipeline(MiniRocket(random_state=args.seed, n_jobs=2), StandardScaler(), ridge)
    model.fit(_channels_first(train.rgb), train.labels)
    facts = {"input": "RGB profile", "budget": f"{ROCKET_CROPS} crops (memory)"}
    facts["training_crops"] = len(train)
    return (lambda images: model.predict(_channels_first(_profile(images)))), facts


def _channels_first(rgb: np.ndarray) -> np.ndarray:
    relative = rgb / np.maximum(rgb.max(axis=(1, 2), keepdims=True), 1 / 255)
    return np.ascontiguousarray(relative.transpose(0, 2, 1))


def _training_crops(args: argparse.Namespace) -> pf.Profiles:
    return pf.read_profiles(args.data / "train.tfrecord")


METHODS = {
    "compact": network,
    "nnsic_m4": network,
    "nnsic_lenet": network,
    "nearest": nearest,
    "minirocket": minirocket,
}


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: compare(arguments), verbose=arguments.verbose))
