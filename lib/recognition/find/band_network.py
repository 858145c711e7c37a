"""The network that marks spectra in a photo, over LiteRT; trained by train_shipped.py band."""

from collections.abc import Sequence

import numpy as np

from lib.litert import shipped_network
from lib.recognition.find.canvas import CANVAS_PX, network_input

CELL_PX = 4
GRID = CANVAS_PX // CELL_PX
# Steps along rows and columns of the images of a canvas that the network looks at.
ONE_IMAGE = ((1, 1),)
TWO_IMAGES = ((1, 1), (1, -1))


def mark(pixels: np.ndarray, images: Sequence[tuple[int, int]] = ONE_IMAGE) -> np.ndarray:
    """Mark spectra on canvases: the mean of what the network says of their mirror images.

    Parameters
    ----------
    pixels : uint8 array of shape (n, 160, 160, 6)
        As of `lib.recognition.find.canvas.View`.
    images : sequence of pairs of 1 or -1
        Which way up, and round, each canvas is looked at.

    Returns
    -------
    float32 array of shape (n, 40, 40, 3)
        For each cell the probability that a usable spectrum covers it, and its axis: cos and sin
        of the doubled angle, clockwise from +x on the canvas.
    """
    network = shipped_network("band")
    cells = np.zeros((len(pixels), GRID, GRID, 3), np.float32)
    for canvas, result in zip(network_input(pixels), cells, strict=True):
        for upwards, sideways in images:
            marked = network.run(canvas[::upwards, ::sideways])
            marked[..., 0] = 1 / (1 + np.exp(-np.clip(marked[..., 0], -30, 30)))
            # A mirror turns the sign of the angle, so of its sine.
            marked[..., 2] *= upwards * sideways
            result += marked[::upwards, ::sideways] / len(images)
    return cells
