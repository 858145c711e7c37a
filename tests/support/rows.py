"""Photos of several lights one above the other, by one simulated instrument."""

import numpy as np

from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.photos.bench import Row, draw_bench

# Its spectrum is level, blue at the left, on 640 x 480 px.
BENCH = draw_bench(np.random.default_rng(5))


def photo_of_rows(*rows: tuple[str, float, float]) -> np.ndarray:
    """Return a photo of (lamp, from, to), pixels from the middle of the frame."""
    off = (BENCH.setting.height - 1) / 2 - BENCH.layout.projection.anchor_y
    rows = [
        Row(LAMPS[name].draw(np.random.default_rng(3)), low + off, high + off)
        for name, low, high in rows
    ]
    return BENCH.photograph_rows(np.random.default_rng(1), rows)
