"""Draw what the simulator makes: crops by class, lamps with their lines, and crops two ways.

A crop simulated directly and one that the band finder cuts out of a simulated photo must look
alike: the last figure shows them side by side.

Reads:  nothing
Writes: docs/simulated_crops.png, docs/lamps.png, docs/crops_two_ways.png

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
from lib.plots.simulator import class_rows, lamp_page
from lib.plots.training import save_figure
from lib.recognition.band import cut_crop
from lib.recognition.find.finder import BandNotFound, find_band
from lib.simulation.crops.crops import simulate_crops
from lib.simulation.lamps.catalogue import LAMPS, WAVELENGTHS_NM
from lib.simulation.photos.photos import simulate_photo
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
    """Write the figures."""
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
    both = {
        name: np.concatenate([direct[:2], _cut_crops(rng, name, 2)])
        for name, direct in _crops_by_class(args).items()
    }
    headings = ["simulated as a crop"] * 2 + ["cut from a simulated photo"] * 2
    save_figure(class_rows(both, headings=headings), args.output / "crops_two_ways.png")


def _crops_by_class(args: argparse.Namespace) -> dict[str, np.ndarray]:
    batches = list(simulate_crops(60 * args.columns, args.seed))
    images = np.concatenate([batch.images for batch in batches])
    labels = np.concatenate([batch.labels for batch in batches])
    return {name: images[labels == i][: args.columns] for i, name in enumerate(CLASSES)}


def _cut_crops(rng: np.random.Generator, class_name: str, count: int) -> np.ndarray:
    """Simulate photos until the band finder has cut `count` crops, (count, 15, 480, 3)."""
    crops = []
    while len(crops) < count:
        image = simulate_photo(rng, class_name).image
        try:
            crops.append(cut_crop(find_band(image)))
        except BandNotFound:
            continue
    return np.stack(crops)


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: draw(arguments), verbose=arguments.verbose))
