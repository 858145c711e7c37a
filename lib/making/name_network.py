"""The network of the second opinion on a lamp, and its training."""

import keras
import numpy as np
from keras import layers

from lib.making.line_blocks import block, conv

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


def fit_name_network(
    light: np.ndarray,
    labels: np.ndarray,
    held: tuple[np.ndarray, np.ndarray],
    *,
    outputs: int,
    seed: int,
    epochs: int,
) -> tuple[keras.Model, dict[str, float]]:
    """Train the network; return it and its figures on held-back crops.

    Parameters
    ----------
    light : float16 array of shape (n, bins, channels)
        As of `lib.recognition.name.opinion.light_over_wavelengths`.
    labels : int array of shape (n,)
        0 to `outputs` - 1.
    held : tuple of such arrays
        For validation.
    """
    keras.utils.set_random_seed(seed)
    network = build_name_network(*light.shape[1:], outputs)
    steps = epochs * (len(light) // _BATCH)
    schedule = keras.optimizers.schedules.CosineDecay(
        _RATE / 20, steps, warmup_target=_RATE, warmup_steps=steps // 20, alpha=0.01
    )
    network.compile(
        keras.optimizers.AdamW(schedule, weight_decay=1e-3, clipnorm=1.0),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=_LABEL_SMOOTHING),
        metrics=["accuracy"],
    )
    one_hot = np.eye(outputs, dtype=np.float32)
    network.fit(
        light,
        one_hot[labels],
        batch_size=_BATCH,
        epochs=epochs,
        validation_data=(held[0], one_hot[held[1]]),
        verbose=2,
    )
    loss, accuracy = network.evaluate(held[0], one_hot[held[1]], verbose=0)
    return network, {"crops": len(held[1]), "loss": round(loss, 4), "accuracy": round(accuracy, 4)}
