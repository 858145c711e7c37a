"""What the effects of the simulator are worth, and how accuracy grows with the number of crops.

Trains the default network on crops simulated without one group of effects at a time, and tests it
on the 87 real crops and on fresh crops with every effect. One seed is worth +-2 points: read the
table for what leaves the noise.

Reads:  the real crops (--real)
Writes: benchmarks/results/ablation.csv or amount.csv; appended as each row is measured

Example: python benchmarks/ablate_simulator.py effects --count 15000 --epochs 6 --seeds 0
         python benchmarks/ablate_simulator.py amount --counts 1000 5000 20000 60000 --steps 3000
"""

import argparse
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from benchmarks import profiles as pf
from lib.files import write_csv
from lib.paths import ROOT
from lib.simulation.instrument.camera import EFFECT_NAMES, Effects
from lib.training.networks.config import TrainConfig

COLUMNS = (
    "without",
    "seed",
    "crops",
    "epochs",
    "seconds",
    "simulated_accuracy",
    "real_right",
    "real_accuracy",
    "real_nll",
)
# Effects that stand in for one another are left out together.
GROUPS = {
    "nothing": (),
    "everything": EFFECT_NAMES,
    "crop limits": ("limits",),
    "sensor, white balance, colour matrix": ("sensor", "white_balance", "colour_matrix"),
    "exposure and blooming": ("exposure", "blooming"),
    "point spread": ("point_spread",),
    "slant, smile, band shape": ("slant", "band_shape"),
    "noise and JPEG": ("noise", "jpeg"),
    "haze and black level": ("haze",),
    "tone curve": ("gamma",),
    "second and zero order": ("second_order", "zero_order"),
    "curved dispersion": ("curved_dispersion",),
}
RESULTS = ROOT / "benchmarks" / "results"
TEST_SEED, TEST_COUNT = 90_001, 3000


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument("what", choices=("effects", "amount"), help="which table to measure")
    parser.add_argument("--real", type=Path, default=pf.REAL_CROPS, help="TFRecord of real crops")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="(default: 0)")
    parser.add_argument(
        "--count", type=cli.positive_int, default=15000, help="effects: crops (%(default)s)"
    )
    parser.add_argument(
        "--epochs", type=cli.positive_int, default=6, help="effects: epochs (%(default)s)"
    )
    parser.add_argument(
        "--counts",
        type=cli.positive_int,
        nargs="+",
        default=[1000, 5000, 20000, 60000],
        help="amount: numbers of crops",
    )
    parser.add_argument(
        "--steps", type=cli.positive_int, default=3000, help="amount: steps of each (%(default)s)"
    )
    parser.add_argument(
        "--without", nargs="+", choices=GROUPS, default=list(GROUPS), help="effects: rows (all)"
    )
    parser.add_argument("--output", type=Path, help="CSV (default: results/<what>.csv)")
    return parser.parse_args(argv)


def measure(args: argparse.Namespace) -> None:
    """Measure row after row, so that an interrupted run keeps what it has."""
    output = args.output or RESULTS / {"effects": "ablation.csv", "amount": "amount.csv"}[args.what]
    real = pf.read_profiles(args.real)
    test = pf.simulate_profiles(TEST_COUNT, TEST_SEED)
    rows = []
    for without, count, epochs, seed in _plan(args):
        off = GROUPS[without]
        start = time.monotonic()
        train = pf.simulate_profiles(
            count, 1000 + seed, effects=Effects(**dict.fromkeys(off, False))
        )
        network = pf.train_network(train, seed=seed, epochs=epochs)
        on_real, on_test = pf.score(network, real), pf.score(network, test)
        values = (
            without,
            seed,
            count,
            epochs,
            round(time.monotonic() - start),
            on_test["accuracy"],
            on_real["right"],
            on_real["accuracy"],
            on_real["nll"],
        )
        rows.append(dict(zip(COLUMNS, values, strict=True)))
        print(*values, sep="\t", flush=True)
        write_csv(output, COLUMNS, rows)


def _plan(args: argparse.Namespace) -> Iterator[tuple[str, int, int, int]]:
    """Yield what to leave out, number of crops, epochs and seed."""
    for seed in args.seeds:
        if args.what == "effects":
            for without in args.without:
                yield without, args.count, args.epochs, seed
        else:
            for count in args.counts:
                per_epoch = math.ceil(count / TrainConfig().batch_size)
                yield "nothing", count, max(1, round(args.steps / per_epoch)), seed


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: measure(arguments), verbose=arguments.verbose))
