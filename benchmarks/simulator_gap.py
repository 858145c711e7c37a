"""Where real crops stand among simulated ones: levels, colours and edges, kind of lamp by kind.

A real crop's rank is the share of simulated crops of its kind whose figure is smaller. Ranks that
spread evenly, 10 % of them below 0.1 and 10 % over 0.9, mean that the simulator covers what cameras
do; medians near 0 or 1 mean that it is off. The last figure of a kind is how far a real crop's
profile is from the nearest simulated one, ranked among the distances of simulated ones from theirs.
With --figure, real crops are drawn over their nearest simulated ones.

Reads:  the real crops (--real)
Writes: benchmarks/results/simulator_gap.csv; the figure

Example: python benchmarks/simulator_gap.py --count 4000 --seed 9 --figure gap.png
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import cdist

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from benchmarks import profiles as pf
from lib.files import write_csv
from lib.images.png import write_png
from lib.paths import ROOT
from lib.taxonomy import CLASSES

COLUMNS = ("lamps", "figure", "n", "real_median", "simulated_median", "rank10", "rank50", "rank90")
RESULT = ROOT / "benchmarks" / "results" / "simulator_gap.csv"
KINDS = {
    "led": ("led",),
    "continuum": ("continuum",),
    "fluorescent": ("cfl_hg",),
    "gas tubes": ("neon", "helium", "hydrogen"),
    "nitrogen": ("nitrogen",),
}
# A column is lit above this part of the brightest, and a channel black below this level.
_LIT_PART, _BLACK = 0.15, 3 / 255
_CLIPPED = 250 / 255
# Places at which profiles are compared; strips drawn of each kind, their height and their distance.
_COMPARED, _SHOWN, _STRIP_PX, _GAP_PX = 120, 4, 12, 5
# Profiles are smoothed by this (standard deviation, px) before their edges are measured.
_SMOOTH_PX = 1.5


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True)
    parser.add_argument("--real", type=Path, default=pf.REAL_CROPS, help="TFRecord of real crops")
    parser.add_argument("--count", type=cli.positive_int, default=4000, help="(%(default)s)")
    parser.add_argument("--output", type=Path, default=RESULT, help="(default: %(default)s)")
    parser.add_argument("--figure", type=Path, help="draw real and simulated crops here")
    return parser.parse_args(argv)


def measure(args: argparse.Namespace) -> None:
    """Measure both and write the table."""
    real, simulated = pf.read_profiles(args.real), pf.simulate_profiles(args.count, args.seed)
    on_real, on_simulated = figures(real.rgb), figures(simulated.rgb)
    rows, pairs = [], []
    for kind, names in KINDS.items():
        wanted = [CLASSES.index(name) for name in names]
        ours, theirs = (np.isin(some.labels, wanted) for some in (real, simulated))
        nearest, far = _nearest(real.rgb[ours], simulated.rgb[theirs])
        _, usually_far = _nearest(simulated.rgb[theirs], simulated.rgb[theirs], itself=True)
        pairs += list(zip(real.rgb[ours], simulated.rgb[theirs][nearest], strict=True))[:_SHOWN]
        compared = {name: (on_real[name][ours], on_simulated[name][theirs]) for name in on_real}
        compared["distance to the nearest"] = far, usually_far
        for figure, (found, usual) in compared.items():
            usual = np.sort(usual)
            # Equal figures, zeros above all, count half.
            rank = np.searchsorted(usual, found) + np.searchsorted(usual, found, side="right")
            ranks = np.quantile(rank / 2 / len(usual), (0.1, 0.5, 0.9))
            values = [np.median(found), np.median(usual), *ranks]
            row = (kind, figure, len(found), *(round(float(value), 3) for value in values))
            rows.append(dict(zip(COLUMNS, row, strict=True)))
            print(*row, sep="\t")
    write_csv(args.output, COLUMNS, rows)
    if args.figure:
        write_png(args.figure, np.concatenate([_over(*pair) for pair in pairs]))


def _nearest(
    rgb: np.ndarray, among: np.ndarray, *, itself: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return which of other profiles is nearest to each, shape (n,), and how far it is."""
    coarse, others = (
        part.reshape(len(part), _COMPARED, -1, 3).mean(axis=2).reshape(len(part), -1)
        for part in (rgb, among)
    )
    distance = cdist(coarse, others)
    if itself:
        np.fill_diagonal(distance, np.inf)
    return distance.argmin(axis=1), distance.min(axis=1)


def _over(real: np.ndarray, simulated: np.ndarray) -> np.ndarray:
    """Return a picture of one profile over another, uint8 (h, 480, 3)."""
    strips = [np.repeat(np.round(255 * rgb)[None], _STRIP_PX, axis=0) for rgb in (real, simulated)]
    gap = np.full((_GAP_PX, *strips[0].shape[1:]), 128)
    return np.concatenate([*strips, gap]).astype(np.uint8)


def figures(rgb: np.ndarray) -> dict[str, np.ndarray]:
    """Return figures of profiles of shape (n, 480, 3), each of shape (n,)."""
    darkest, brightest = rgb.min(axis=2), rgb.max(axis=2)
    purity = 1 - darkest / np.maximum(brightest, _BLACK)
    peak = brightest.max(axis=1, keepdims=True)
    lit = brightest > _LIT_PART * peak
    slope = np.abs(np.diff(gaussian_filter1d(rgb, _SMOOTH_PX, axis=1), axis=1)).max(axis=(1, 2))
    relative = rgb / np.maximum(rgb.max(axis=1, keepdims=True), _BLACK)
    red, green, blue = np.moveaxis(relative, 2, 0)
    return {
        "peak": peak[:, 0],
        "lit part": lit.mean(axis=1),
        "darkest twentieth": np.quantile(brightest, 0.05, axis=1),
        "purity": _mean_of(purity, lit),
        "part with a black channel": _mean_of(darkest < _BLACK, lit),
        "part with a clipped channel": _mean_of(brightest > _CLIPPED, lit),
        "overlap of red and green": _overlap(red, green),
        "overlap of green and blue": _overlap(green, blue),
        "steepest edge": slope / np.maximum(peak[:, 0], _BLACK),
    }


def _mean_of(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    return (values * where).sum(axis=1) / np.maximum(where.sum(axis=1), 1)


def _overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    # Two channels without any light have nothing in common.
    return np.minimum(one, other).sum(axis=1) / np.maximum(
        np.maximum(one, other).sum(axis=1), _BLACK
    )


if __name__ == "__main__":
    arguments = parse_args()
    sys.exit(cli.run(lambda: measure(arguments), verbose=arguments.verbose))
