"""The network of the second opinion on a lamp, and its training."""

import keras
import numpy as np
from keras import layers

from lib.training.networks.fitting import Batch, Batches, fit
from lib.training.networks.line_blocks import block, conv

_BATCH = 128
_RATE = 2e-3
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


def train_name_network(
    light: np.ndarray,
    labels: np.ndarray,
    held: Batch,
    *,
    outputs: int,
    seed: int,
    epochs: int,
) -> tuple[keras.Model, dict[str, float]]:
    """Train the network; return it and its figures on held-back crops.

    Parameters
    ----------
    light, labels : float16 array of shape (n, bins, channels), int array of shape (n,)
        As of `lib.training.examples.name_light.simulate_light`; labels from 0 to `outputs` - 1.
    held : tuple of such arrays
        For validation.
    """
    keras.utils.set_random_seed(seed)
    network = build_name_network(*light.shape[1:], outputs)
    one_hot = np.eye(outputs, dtype=np.float32)

    def draw(_: np.random.Generator, rows: np.ndarray) -> Batch:
        return light[rows].astype(np.float32), one_hot[labels[rows]]

    figures = fit(
        network,
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=_LABEL_SMOOTHING),
        Batches(len(light), _BATCH, draw, seed),
        (held[0].astype(np.float32), one_hot[held[1]]),
        epochs=epochs,
        rate=_RATE,
        warmup=0.05,
        metrics=["accuracy"],
    )
    return network, {
        "crops": len(held[1]),
        "loss": round(figures["loss"], 4),
        "accuracy": round(figures["accuracy"], 4),
    }
