"""The three formats of a network as one kind of function, to hold them against each other."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from lib.errors import DataError
from lib.litert import LiteNetwork
from lib.model_card import OUTPUT_NAMES

# float32 images (n, 15, 480, 3) in [0, 1] to an array for each of OUTPUT_NAMES.
Predictor = Callable[[np.ndarray], dict[str, np.ndarray]]

BATCH_CROPS = 64


def keras_predictor(model: keras.Model) -> Predictor:
    """Return a serving model as a predictor."""
    return lambda images: {
        name: np.asarray(value) for name, value in model(images, training=False).items()
    }


def graph_predictor(path: Path, interface: dict) -> Predictor:
    """Return a frozen GraphDef as a predictor, by the tensor names of model.json."""
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(read_graph(path), name="")
    names = [interface["outputs"][name]["pb_tensor"] for name in OUTPUT_NAMES]

    def predict(images: np.ndarray) -> dict[str, np.ndarray]:
        with tf.compat.v1.Session(graph=graph) as session:
            values = session.run(names, {interface["input"]["pb_tensor"]: images})
        return dict(zip(OUTPUT_NAMES, values, strict=True))

    return predict


def litert_predictor(path: Path) -> Predictor:
    """Return a LiteRT model as a predictor."""
    return LiteNetwork(path.read_bytes(), path).predict


def predict_all(predictor: Predictor, images: np.ndarray) -> dict[str, np.ndarray]:
    """Return a predictor's outputs for uint8 crops of shape (n, 15, 480, 3)."""
    batches = [
        predictor(images[start : start + BATCH_CROPS].astype(np.float32) / 255)
        for start in range(0, len(images), BATCH_CROPS)
    ]
    return {name: np.concatenate([batch[name] for batch in batches]) for name in OUTPUT_NAMES}


def read_graph(path: Path) -> tf.compat.v1.GraphDef:
    """Read a frozen GraphDef.

    Raises
    ------
    DataError
        If the file is missing or is not a frozen graph.
    """
    graph = tf.compat.v1.GraphDef()
    try:
        graph.ParseFromString(path.read_bytes())
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; expected a frozen GraphDef") from error
    except (OSError, DecodeError) as error:
        raise DataError(f"{path}: not readable as a frozen GraphDef ({error})") from error
    if not graph.node:
        raise DataError(f"{path}: an empty file; expected a frozen GraphDef")
    return graph


def describe_graph(path: Path) -> str:
    """Return the inputs, outputs and operations of a frozen GraphDef as text."""
    graph = read_graph(path)
    used = {name.lstrip("^").split(":")[0] for node in graph.node for name in node.input}
    lines = ["inputs"]
    for node in graph.node:
        if node.op == "Placeholder":
            sizes = [dim.size for dim in node.attr["shape"].shape.dim]
            shape = ", ".join("n" if size < 0 else str(size) for size in sizes)
            kind = tf.as_dtype(node.attr["dtype"].type).name
            lines.append(f"  {node.name}:0  {kind} ({shape})")
    lines.append("outputs")
    lines += [f"  {node.name}:0" for node in graph.node if node.name not in used]
    counts = Counter(node.op for node in graph.node)
    lines.append(f"operations ({len(graph.node)})")
    lines += [f"  {count:>4} {op}" for op, count in sorted(counts.items())]
    return "\n".join(lines)
