"""A small frozen network over LiteRT, verified against its card; may be shared between threads."""

import threading
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from lib.errors import DataError
from lib.files import read_json, sha256
from lib.quiet import quiet_stderr


class LiteNetwork:
    """A network of one input and one output.

    Parameters
    ----------
    model_dir : Path
        Folder NAME with NAME.json and NAME.tflite.

    Raises
    ------
    DataError
        If a file is missing or is not the one that was frozen.
    """

    def __init__(self, model_dir: Path):
        name = model_dir.name
        self.card = read_json(model_dir / f"{name}.json")
        path = model_dir / f"{name}.tflite"
        if not path.is_file():
            raise DataError(f"{path}: no such file, but {name}.json beside it needs it")
        if sha256(path) != self.card.get("sha256"):
            raise DataError(f"{path}: its SHA-256 is not the one in {name}.json beside it")
        self._model = path.read_bytes()
        self._of_thread = threading.local()

    def run(self, values: np.ndarray) -> np.ndarray:
        """Return the network's output for one input without its leading axis."""
        interpreter = self._interpreter()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values[None])
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]

    def _interpreter(self) -> Interpreter:
        """Return this thread's interpreter: they are not thread-safe."""
        if not hasattr(self._of_thread, "interpreter"):
            with quiet_stderr():
                interpreter = Interpreter(model_content=self._model, num_threads=1)
                interpreter.allocate_tensors()
            self._of_thread.interpreter = interpreter
        return self._of_thread.interpreter
