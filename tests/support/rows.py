"""Photos of several lights one above the other, by one simulated instrument."""

import numpy as np

from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.photos.bench import Bench, Row, draw_bench

# Its spectrum is level, blue at the left, on 640 x 480 px.
BENCH = draw_bench(np.random.default_rng(341))
# Another one, in whose photos a continuum above a lamp is told apart from it.
BRIGHT_BENCH = draw_bench(np.random.default_rng(5))


def photo_of_rows(*rows: tuple[str, float, float], bench: Bench = BENCH) -> np.ndarray:
    """Return a photo of (lamp, from, to), pixels from the middle of the frame."""
    off = (bench.setting.height - 1) / 2 - bench.layout.projection.anchor_y
    rows = [
        Row(LAMPS[name].draw(np.random.default_rng(3)), low + off, high + off)
        for name, low, high in rows
    ]
    return bench.photograph_rows(np.random.default_rng(1), rows)
