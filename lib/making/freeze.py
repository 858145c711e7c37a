"""Freeze a small network to LiteRT beside its card, checked against the one that was trained."""

import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from lib.errors import DataError
from lib.files import sha256, write_bytes, write_json
from lib.quiet import quiet_stderr

# Largest difference of any output between Keras and LiteRT: float32 sums in another order, or
# weights of half precision.
_TOLERANCE, _HALF_TOLERANCE = 2e-3, 2e-2


def freeze(
    network: keras.Model, output: Path, examples: np.ndarray, card: dict, *, half: bool = False
) -> dict:
    """Write NAME.tflite and NAME.json of a network into the folder NAME, once they agree.

    Parameters
    ----------
    network : keras.Model
        Of one input and one output.
    output : Path
    examples : float32 array of shape (n, ...)
        Inputs on which both must say the same.
    card : dict
        What made it; the file's hash and the versions are added.
    half : bool
        Whether weights are kept in half precision, in a file of half the size.

    Returns
    -------
    dict
        What the card says.

    Raises
    ------
    DataError
        If the frozen network says something else than the trained one.
    """
    model = _convert(network, half)
    _check(network, model, examples, output.name, _HALF_TOLERANCE if half else _TOLERANCE)
    path = output / f"{output.name}.tflite"
    write_bytes(path, model)
    versions = {"tensorflow": tf.__version__, "keras": keras.__version__}
    card = {"sha256": sha256(path), **card, "versions": versions}
    write_json(output / f"{output.name}.json", card)
    return card


def _convert(network: keras.Model, half: bool) -> bytes:
    """Return the network as a LiteRT file."""
    with tempfile.TemporaryDirectory() as folder:
        network.export(folder, format="tf_saved_model", verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if half:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        return converter.convert()


def _check(
    network: keras.Model, model: bytes, examples: np.ndarray, name: str, tolerance: float
) -> None:
    """Refuse a frozen network that differs from the trained one."""
    with quiet_stderr():
        interpreter = Interpreter(model_content=model, num_threads=1)
        interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    target = interpreter.get_output_details()[0]["index"]
    for example, wanted in zip(examples, network.predict_on_batch(examples), strict=True):
        interpreter.set_tensor(source, example[None])
        interpreter.invoke()
        difference = float(np.abs(interpreter.get_tensor(target)[0] - wanted).max())
        if not difference <= tolerance:
            raise DataError(
                f"{name}.tflite: differs from the trained network by {difference:.2g}; "
                f"expected at most {tolerance}"
            )
