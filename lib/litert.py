"""The one reader of frozen networks: files of LiteRT, each verified against the card beside it."""

import re
import threading
from functools import cache
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType, SignatureRunner

from lib.errors import DataError
from lib.files import read_json
from lib.model_card import verified_bytes
from lib.paths import MODELS
from lib.quiet import quiet_stderr


class LiteNetwork:
    """A network of one input and one or several outputs; may be shared between threads.

    Parameters
    ----------
    model : bytes
        What its file holds. A file replaced after it was verified cannot slip in.
    path : Path
        Of this file, for messages.
    card : dict, optional
        What the card beside it says.

    Attributes
    ----------
    card : dict
    path : Path
    inputs, outputs : dict of str to list of int
        Shapes by name, without the leading axis of examples.

    Raises
    ------
    DataError
        If it is no LiteRT network.
    """

    def __init__(self, model: bytes, path: Path, card: dict | None = None):
        self.card = card or {}
        self._model, self.path = model, path
        self._of_thread = threading.local()
        runner = self._runner()
        self.inputs = _shapes(runner.get_input_details())
        self.outputs = _shapes(runner.get_output_details())
        if len(self.inputs) != 1:
            raise DataError(f"{path}: expected a network of one input; received {self.inputs}")

    def predict(self, examples: np.ndarray) -> dict[str, np.ndarray]:
        """Return each output, of shape (n, ...), for float32 examples of shape (n, ...)."""
        (name,) = self.inputs
        return self._runner()(**{name: examples})

    def run(self, example: np.ndarray) -> np.ndarray:
        """Return the only output for one example, both without the leading axis."""
        (output,) = self.predict(example[None]).values()
        return output[0]

    def weights(self) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Return what convolutions and dense layers weigh by, in the order in which they run.

        What scales and shifts a convolution's channels right behind it is folded in.

        Returns
        -------
        list of tuples
            The layer's name, its kernel (filters, height, width, channels) or (outputs, inputs),
            its bias (filters,).
        """
        interpreter = Interpreter(
            model_content=self._model,
            # Only without delegates are all constants still there to read.
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
        )
        interpreter.allocate_tensors()
        # Weights of half precision are there in single precision once the network has run.
        interpreter.invoke()
        names = {tensor["index"]: tensor["name"] for tensor in interpreter.get_tensor_details()}
        # The only way to the operations.
        operations = interpreter._get_ops_details()
        computed = {
            index
            for operation in operations
            if operation["op_name"] != "DEQUANTIZE"
            for index in operation["outputs"]
        }
        found = []
        for operation in operations:
            kind, inputs = operation["op_name"], operation["inputs"]
            if kind in ("CONV_2D", "FULLY_CONNECTED"):
                name = re.search(r"(\w+?)(_1)?/(convolution|MatMul)\d*$", names[inputs[1]])[1]
                kernel = interpreter.get_tensor(inputs[1])
                # A bias of nothing but zeros is left out.
                has_bias = len(inputs) > 2 and inputs[2] >= 0
                bias = interpreter.get_tensor(inputs[2]) if has_bias else np.zeros(len(kernel))
                found.append((name, kernel, bias))
            elif kind in ("MUL", "ADD") and found and inputs[1] not in computed:
                constant = interpreter.get_tensor(inputs[1])
                name, kernel, bias = found.pop()
                if kind == "MUL":
                    kernel, bias = kernel * constant[:, None, None, None], bias * constant
                else:
                    bias = bias + constant
                found.append((name, kernel, bias))
        return found

    def _runner(self) -> SignatureRunner:
        """Return this thread's interpreter by its signature: they are not thread-safe."""
        if not hasattr(self._of_thread, "runner"):
            try:
                with quiet_stderr():
                    interpreter = Interpreter(model_content=self._model, num_threads=1)
                    interpreter.allocate_tensors()
                self._of_thread.runner = interpreter.get_signature_runner()
            except (ValueError, RuntimeError) as error:
                raise DataError(f"{self.path}: no LiteRT model ({error})") from error
        return self._of_thread.runner


def open_network(folder: Path) -> LiteNetwork:
    """Return the network of a folder NAME with NAME.tflite and its card NAME.json.

    Raises
    ------
    DataError
        If a file is missing or is not the one that was frozen.
    """
    card_path = folder / f"{folder.name}.json"
    card, path = read_json(card_path), folder / f"{folder.name}.tflite"
    return LiteNetwork(verified_bytes(path, card, card_path), path, card)


@cache
def shipped_network(name: str) -> LiteNetwork:
    """Return the network in the folder `name` of models/, loaded once a process."""
    return open_network(MODELS / name)


def _shapes(details: dict[str, dict]) -> dict[str, list[int]]:
    return {name: detail["shape_signature"][1:].tolist() for name, detail in details.items()}
