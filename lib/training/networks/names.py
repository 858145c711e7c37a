"""The network of the second opinion on a lamp, and its training."""

import keras
import numpy as np
from keras import layers

from lib.recognition.name.opinion import BINS, CHANNELS
from lib.taxonomy import CLASSES
from lib.training.examples.store import Arrays
from lib.training.networks.line_blocks import block, conv
from lib.training.networks.trainable import Batch, Trainable

# Some labels are wrong in kind: a lamp too dark or too blurred to tell looks like any other.
_LABEL_SMOOTHING = 0.03


def build_name_network(bins: int, channels: int, outputs: int) -> keras.Model:
    """Return the network: light over wavelengths (bins, channels) to logits (outputs,)."""
    light = keras.Input((bins, channels))
    x = conv(light, 32, 7)
    for filters in (48, 64, 64, 64):
        x = block(conv(x, filters, 5, strides=2), filters)
    # Where along the wavelengths something lies is what counts, so no mean over places.
    x = layers.Flatten()(conv(x, 16, 1))
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(96, activation="relu")(x)
    return keras.Model(light, layers.Dense(outputs)(x), name="names")


def draw(_: np.random.Generator | None, crops: Arrays) -> Batch:
    """Return light float32 (n, bins, channels) and targets float32 (n, classes + 1)."""
    one_hot = np.eye(len(CLASSES) + 1, dtype=np.float32)
    return crops["light"].astype(np.float32), one_hot[crops["labels"]]


def measure(output: np.ndarray, crops: Arrays) -> dict[str, float]:
    """Return the share of the crops that are named rightly."""
    right = output.argmax(axis=1) == crops["labels"]
    return {"crops": len(right), "accuracy": round(float(right.mean()), 4)}


NETWORK = Trainable(
    lambda: build_name_network(BINS, CHANNELS, len(CLASSES) + 1),
    keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=_LABEL_SMOOTHING),
    draw,
    measure,
    batch=128,
    half=True,
    says={"classes": [*CLASSES, None]},
)
