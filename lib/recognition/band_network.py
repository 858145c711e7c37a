"""The network that marks spectra in a photo, over LiteRT; trained by train_band.py."""

import threading
from functools import cache
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from lib.errors import DataError
from lib.files import read_json, sha256
from lib.paths import MODELS
from lib.views import CANVAS_PX, network_input

BAND_MODEL = MODELS / "band"
LITERT_NAME = "band.tflite"
CARD_NAME = "band.json"
CELL_PX = 4
GRID = CANVAS_PX // CELL_PX


class BandNetwork:
    """A frozen band network, verified against its band.json; may be shared between threads.

    Parameters
    ----------
    model_dir : Path
        Folder with band.json and band.tflite.

    Raises
    ------
    DataError
        If a file is missing or is not the one that was frozen.
    """

    def __init__(self, model_dir: Path = BAND_MODEL):
        self.card = read_json(model_dir / CARD_NAME)
        path = model_dir / LITERT_NAME
        if not path.is_file():
            raise DataError(f"{path}: no such file, but {CARD_NAME} beside it needs it")
        if sha256(path) != self.card.get("sha256"):
            raise DataError(f"{path}: its SHA-256 is not the one in {CARD_NAME} beside it")
        self._model = path.read_bytes()
        self._of_thread = threading.local()

    def mark(self, pixels: np.ndarray) -> np.ndarray:
        """Mark spectra on canvases: the mean of what the network says of four mirror images.

        Parameters
        ----------
        pixels : uint8 array of shape (n, 160, 160, 6)
            As of `lib.views.View`.

        Returns
        -------
        float32 array of shape (n, 40, 40, 3)
            For each cell the probability that a usable spectrum covers it, and its axis: cos and
            sin of the doubled angle, clockwise from +x on the canvas.
        """
        cells = np.zeros((len(pixels), GRID, GRID, 3), np.float32)
        for canvas, result in zip(network_input(pixels), cells, strict=True):
            for upwards in (1, -1):
                for sideways in (1, -1):
                    marked = self._run(canvas[::upwards, ::sideways])
                    # A mirror turns the sign of the angle, so of its sine.
                    marked[..., 2] *= upwards * sideways
                    result += marked[::upwards, ::sideways] / 4
        return cells

    def _run(self, canvas: np.ndarray) -> np.ndarray:
        """Run the network on one input; float32 (40, 40, 3), the mask as probability."""
        interpreter = self._interpreter()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], canvas[None])
        interpreter.invoke()
        cells = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
        cells[..., 0] = 1 / (1 + np.exp(-np.clip(cells[..., 0], -30, 30)))
        return cells

    def _interpreter(self) -> Interpreter:
        """Return this thread's interpreter: they are not thread-safe."""
        if not hasattr(self._of_thread, "interpreter"):
            interpreter = Interpreter(model_content=self._model, num_threads=1)
            interpreter.allocate_tensors()
            self._of_thread.interpreter = interpreter
        return self._of_thread.interpreter


@cache
def shipped_network() -> BandNetwork:
    """Return the network in models/band, loaded once a process."""
    return BandNetwork()
