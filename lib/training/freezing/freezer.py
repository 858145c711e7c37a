"""The one freezer: a trained network to LiteRT and to a frozen graph, held against Keras."""

import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from lib.files import sha256, write_bytes, write_json
from lib.litert import LiteNetwork
from lib.model_card import GRAPH_NAME, INPUT_NAME, LITERT_NAME, OUTPUT_NAMES, SCALING
from lib.tables import CROP_SHAPE
from lib.training.freezing.agreement import (
    HALF_TOLERANCE,
    TOLERANCE,
    outputs_of,
    require_same,
)


def freeze_network(
    network: keras.Model, output: Path, examples: np.ndarray, card: dict, *, half: bool = False
) -> dict:
    """Write NAME.tflite and NAME.json of a network into the folder NAME, once they agree.

    Parameters
    ----------
    network : keras.Model
        Of one input.
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
    path = output / f"{output.name}.tflite"
    model = to_litert(network, half=half)
    frozen = LiteNetwork(model, path)
    expected = outputs_of(network)(examples, training=False)
    tolerance = HALF_TOLERANCE if half else TOLERANCE
    require_same(expected, frozen.predict(examples), path.name, tolerance)
    write_bytes(path, model)
    versions = {"tensorflow": tf.__version__, "keras": keras.__version__}
    card = {"sha256": sha256(path), **card, "versions": versions}
    write_json(output / f"{output.name}.json", card)
    return card


def freeze_formats(model: keras.Model, folder: Path) -> dict:
    """Write model.pb and model.tflite of a serving model.

    Returns
    -------
    dict
        ``input`` and ``outputs`` of model.json: names of tensors, shapes, scaling.
    """
    specification = tf.TensorSpec((None, *CROP_SHAPE), tf.float32, name=INPUT_NAME)

    @tf.function(input_signature=[specification])
    def serve(x_img):
        return model(x_img, training=False)

    graph = convert_variables_to_constants_v2(serve.get_concrete_function())
    (folder / GRAPH_NAME).write_bytes(_same_bytes(graph.graph.as_graph_def()))
    (folder / LITERT_NAME).write_bytes(to_litert(model))
    # A frozen function forgets its outputs' names; they come out sorted, as tf.nest flattens.
    tensors = dict(zip(sorted(OUTPUT_NAMES), graph.outputs, strict=True))
    return {
        "input": {
            "name": INPUT_NAME,
            "pb_tensor": graph.inputs[0].name,
            "shape": list(CROP_SHAPE),
            "dtype": "float32",
            "scaling": SCALING,
        },
        "outputs": {
            name: {"pb_tensor": tensors[name].name, "shape": list(tensors[name].shape[1:])}
            for name in OUTPUT_NAMES
        },
    }


def _same_bytes(graph: tf.compat.v1.GraphDef) -> bytes:
    """Return a frozen graph as bytes that are the same for the same network.

    TensorFlow puts the weights in an order that differs from process to process.
    """
    nodes = sorted(graph.node, key=lambda node: (node.op != "Const", node.name))
    ordered = tf.compat.v1.GraphDef(node=nodes, versions=graph.versions, library=graph.library)
    return ordered.SerializeToString(deterministic=True)


def to_litert(network: keras.Model, *, half: bool = False) -> bytes:
    """Return a network as a file of LiteRT; its signature names inputs and outputs as Keras does.

    Parameters
    ----------
    half : bool
        Whether weights are kept in half precision.
    """
    with tempfile.TemporaryDirectory() as folder:
        network.export(folder, format="tf_saved_model", verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if half:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        return converter.convert()
