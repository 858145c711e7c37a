"""What README's recipe for one's own photos does to the network that ships, on real crops.

Own photos are simulated here: for each seed 100 labelled ones, of every class but nitrogen, which
s2 and s3 turn into training files. Three networks name the real crops: the one that ships, one
that goes on from it on these photos alone at a full learning rate, which was README's recipe up to
0.6.0, and one that s4_train.py --init makes of them as README says now. Nothing is trained on the
real crops.

Reads:  a frozen model or run (--init), the real crops (--real)
Writes: benchmarks/results/own_photos.csv; rows of seeds not named stay as they are

Example: python benchmarks/own_photos.py --work DIR --seeds 1 2 3
"""

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
import s4_train
from benchmarks import profiles as pf
from lib.errors import DataError
from lib.files import read_csv, write_csv
from lib.images.folders import list_images
from lib.model_card import KERAS_NAME
from lib.paths import DEFAULT_MODEL, ROOT
from lib.simulation.crawl.crawl import FAULT_RATES
from lib.taxonomy import CLASSES, class_of_raw_id
from lib.training.freezing.frozen import load_network
from lib.training.networks.config import TrainConfig
from lib.training.runs.classifier import predict_logits
from lib.training.scores import metrics

SHIPPED, ALONE, MIXED = "the network that ships", "own photos alone", "as README says"
PHOTOS = 100
# Rows of a crawl among which there are as many of the six classes.
ROWS = 150
ABSENT = "nitrogen"

# ended: the exit code of s4_train.py, 1 where it found its network worse than the start.
COLUMNS = ("seed", "recipe", "ended", "n", "right", "accuracy", "low95", "high95", *CLASSES)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for photos and networks")
    parser.add_argument("--real", type=Path, default=pf.REAL_CROPS, help="TFRecord of real crops")
    parser.add_argument("--init", type=Path, default=DEFAULT_MODEL, help="(default: %(default)s)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="(default: 1 2 3)")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/own_photos.csv")
    cli.add_jobs_flag(parser)
    return parser.parse_args(argv)


def measure(args: argparse.Namespace) -> None:
    """Train and test seed after seed; each row is written as soon as it is there."""
    kept = read_csv(args.output, COLUMNS) if args.output.exists() else []
    named = {"", *map(str, args.seeds)}
    rows: list[dict] = [row for row in kept if row["seed"] not in named]
    for row in _measured(args):
        rows.append(row)
        print(*row.values(), sep="\t", flush=True)
        write_csv(args.output, COLUMNS, sorted(rows, key=lambda row: str(row["seed"])))


def _measured(args: argparse.Namespace) -> Iterator[dict]:
    yield _row("", SHIPPED, "", args.init, args.real)
    for seed in args.seeds:
        data = args.work / f"seed-{seed}"
        _make_own_photos(data, seed, args.jobs)
        # The simulated crops are the same for every seed; making them takes as long as training.
        made = [args.work / name for name, *_ in (s4_train.CHECKED, s4_train.MIXED)]
        for path in filter(Path.exists, made):
            shutil.copy(path, data / path.name)
        alone = ("--train", data / "train.tfrecord", "--learning-rate", TrainConfig.learning_rate)
        for recipe, flags in ((ALONE, alone), (MIXED, ())):
            run = data / recipe.replace(" ", "-").lower()
            words = ("--input", data, "--init", args.init, "--output", run, "--overwrite")
            code = s4_train.main([*map(str, (*words, "--seed", seed, *flags))])
            yield _row(seed, recipe, code, run, args.real)
        for path in made:
            shutil.copy(data / path.name, path)


def _make_own_photos(data: Path, seed: int, jobs: int) -> None:
    """Make the training files of `PHOTOS` labelled photos, none of them of `ABSENT`."""
    shutil.rmtree(data, ignore_errors=True)
    raw, labelled = data / "RawData", data / "RawData" / "Image_Labeled"
    faultless = [f"{name}=0" for name in FAULT_RATES]
    words = ("--count", ROWS, "--seed", seed, "--output", raw, "--jobs", jobs)
    cli.stage("s0_simulate.py", "photos", *words, "--fault", *faultless)
    cli.stage("s1_label_images.py", "--input", raw, "--exact-only")
    for folder in labelled.iterdir():
        if folder.is_dir() and class_of_raw_id(int(folder.name)) == ABSENT:
            shutil.rmtree(folder)
    photos = list_images(labelled, recursive=True)
    if len(photos) < PHOTOS:
        raise DataError(f"{labelled}: {len(photos)} photos; expected {PHOTOS} of {ROWS} rows")
    for number in np.random.default_rng(seed).permutation(len(photos))[PHOTOS:]:
        photos[number].unlink()
    cli.stage("s2_preprocess.py", "--input", labelled, "--output", data, "--jobs", jobs)
    cli.stage("s3_to_tfrecord.py", "--input", data, "--partial", "--seed", seed)


def _row(seed: int | str, recipe: str, ended: int | str, model: Path, real: Path) -> dict:
    labels, logits = predict_logits(load_network(model / KERAS_NAME), real)
    right = logits.argmax(axis=1) == labels
    low, high = metrics.wilson_interval(int(right.sum()), len(right))
    shares = (round(float(share), 4) for share in (right.mean(), low, high))
    of_class = (
        f"{right[labels == number].sum()}/{(labels == number).sum()}"
        for number in range(len(CLASSES))
    )
    values = (seed, recipe, ended, len(right), int(right.sum()), *shares, *of_class)
    return dict(zip(COLUMNS, values, strict=True))


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: measure(arguments), verbose=arguments.verbose))
