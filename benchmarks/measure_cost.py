"""What networks cost: parameters, file sizes, milliseconds a crop, training crops a second.

Networks are measured with random weights, one after the other on the same machine; cost does not
depend on what they have learned.

Reads:  nothing
Writes: benchmarks/results/cost.csv

Example: python benchmarks/measure_cost.py --arch compact nnsic_m4
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.files import write_csv
from lib.model_card import GRAPH_NAME, LITERT_NAME
from lib.paths import ROOT
from lib.tables import CROP_SHAPE
from lib.taxonomy import CLASSES
from lib.training.freezing.formats import litert_predictor
from lib.training.freezing.freezer import freeze_formats
from lib.training.freezing.frozen import serving_model
from lib.training.networks.architectures import ARCHITECTURES
from lib.training.networks.config import TrainConfig
from lib.training.runs.classifier import compiled_network

COLUMNS = (
    "network",
    "parameters",
    "tflite_mb",
    "pb_mb",
    "litert_ms_one_crop",
    "litert_ms_batch_64",
    "training_crops_per_s",
)
RESULT = ROOT / "benchmarks" / "results" / "cost.csv"
BATCH = 64


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True)
    parser.add_argument(
        "--arch", nargs="+", choices=ARCHITECTURES, default=["compact", "nnsic_m4"], help="networks"
    )
    parser.add_argument(
        "--seconds", type=float, default=8.0, help="time for each figure (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, default=RESULT, help="(default: %(default)s)")
    return parser.parse_args(argv)


def measure(args: argparse.Namespace) -> None:
    """Measure each network and write the table."""
    rng = np.random.default_rng(args.seed)
    rows = [_row(args, arch, rng) for arch in args.arch]
    write_csv(args.output, COLUMNS, rows)
    for row in rows:
        print(*row.values(), sep="\t")


def _row(args: argparse.Namespace, arch: str, rng: np.random.Generator) -> dict:
    config = TrainConfig(arch=arch, seed=args.seed)
    network = compiled_network(config, 1000)
    images = rng.random((config.batch_size, *CROP_SHAPE), np.float32)
    targets = np.eye(len(CLASSES), dtype=np.float32)[rng.integers(0, 7, config.batch_size)]
    step_s = _median_s(lambda: network.train_on_batch(images, targets), args.seconds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        freeze_formats(serving_model(network, 1.0), folder)
        predict = litert_predictor(folder / LITERT_NAME)
        one = _median_s(lambda: predict(images[:1]), args.seconds)
        many = _median_s(lambda: predict(images[:BATCH]), args.seconds) / BATCH
        sizes = [(folder / file).stat().st_size / 1e6 for file in (LITERT_NAME, GRAPH_NAME)]
    values = (arch, network.count_params(), *np.round(sizes, 2).tolist())
    values += (round(1000 * one, 3), round(1000 * many, 3), round(config.batch_size / step_s))
    return dict(zip(COLUMNS, values, strict=True))


def _median_s(work, seconds: float) -> float:
    """Return the median time of one call, the first one not counted."""
    work()
    times: list[float] = []
    while sum(times) < seconds or len(times) < 3:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: measure(arguments), verbose=arguments.verbose))
