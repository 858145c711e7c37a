"""The network that marks spectra in a photo, over LiteRT; trained by train_shipped.py band."""

import numpy as np

from lib.litert import shipped_network
from lib.recognition.find.canvas import CANVAS_PX, network_input

CELL_PX = 4
GRID = CANVAS_PX // CELL_PX


def mark(pixels: np.ndarray) -> np.ndarray:
    """Mark spectra on canvases.

    Parameters
    ----------
    pixels : uint8 array of shape (n, 160, 160, 6)
        As of `lib.recognition.find.canvas.View`.

    Returns
    -------
    float32 array of shape (n, 40, 40, 3)
        For each cell the probability that a usable spectrum covers it, and its axis: cos and sin
        of the doubled angle, clockwise from +x on the canvas.
    """
    network = shipped_network("band")
    cells = np.stack([network.run(canvas) for canvas in network_input(pixels)])
    cells[..., 0] = 1 / (1 + np.exp(-np.clip(cells[..., 0], -30, 30)))
    return cells
