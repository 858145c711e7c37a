"""Draw what the simulator makes: crops by class, and every lamp's spectrum with its lines named.

Reads:  nothing
Writes: docs/simulated_crops.png, docs/lamps.png

Example: python benchmarks/draw_simulator.py
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.lines import available_line_lists, line_list
from lib.paths import ROOT
from lib.plots.lamps import class_rows, lamp_page
from lib.plots.training import save_figure
from lib.simulation.crops import simulate_crops
from lib.simulation.lamps import LAMPS, WAVELENGTHS_NM
from lib.taxonomy import CLASSES

# Line list that names the peaks of a lamp of another name.
LISTS = {
    "triphosphor": "cfl",
    "halophosphate": "mercury",
    "daylight": "fraunhofer",
    "sodium_high": "sodium",
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True)
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs", help="folder (default: %(default)s)"
    )
    parser.add_argument(
        "--columns", type=cli.positive_int, default=5, help="crops a class (default: %(default)s)"
    )
    return parser.parse_args(argv)


def draw(args: argparse.Namespace) -> None:
    """Write both figures."""
    save_figure(class_rows(_crops_by_class(args)), args.output / "simulated_crops.png")
    rng = np.random.default_rng(args.seed)
    spectra = {name: lamp.draw(rng) for name, lamp in LAMPS.items()}
    lines = {}
    for name in spectra:
        listed = LISTS.get(name, name)
        if listed in available_line_lists():
            found = line_list(listed)
            lines[name] = (found.nm, found.intensity, found.names)
    page = lamp_page(WAVELENGTHS_NM, spectra, lines, columns=4)
    save_figure(page, args.output / "lamps.png")
    print(f"{args.output / 'simulated_crops.png'}\n{args.output / 'lamps.png'}")


def _crops_by_class(args: argparse.Namespace) -> dict[str, np.ndarray]:
    batches = list(simulate_crops(60 * args.columns, args.seed))
    images = np.concatenate([batch.images for batch in batches])
    labels = np.concatenate([batch.labels for batch in batches])
    return {name: images[labels == i][: args.columns] for i, name in enumerate(CLASSES)}


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: draw(arguments), verbose=arguments.verbose))
