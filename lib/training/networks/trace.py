"""The network that reads the light along a line: which stretch is a first order, and its colours.

A one-dimensional encoder-decoder. For each place along the line it says how surely a usable first
order covers it, how surely blue lies towards the line's start, and roughly which wavelength falls
there.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from lib.litert import LiteNetwork
from lib.training.examples.trace_lines import NM_UNIT, mirror
from lib.training.networks.fitting import Batch, Batches, fit
from lib.training.networks.line_blocks import block, conv, decode, encode

# Covered, blue towards the start (logits); the wavelength and the logarithm of its standard error,
# in the units of `lib.training.examples.trace_lines`.
OUTPUTS = 4
# Standard errors from 1 nm to 270 nm.
_LOG_ERROR = (-4.6, 1.0)
_SHARE_OF_WAVELENGTH = 0.2
_BATCH = 64
_WIDTHS = (24, 32, 48, 64, 80)
_SHARE_OF_DIRECTION = 0.3


def build_trace_network(places: int, channels: int) -> keras.Model:
    """Return the untrained network: float32 (n, places, channels) to float32 (n, places, 4)."""
    inputs = keras.Input((places, channels), name="light")
    x = conv(inputs, _WIDTHS[0], 7)
    x, skips = encode(x, _WIDTHS)
    x = block(block(x, _WIDTHS[-1], dilation=2), _WIDTHS[-1], dilation=4)
    # The whole line in every place: which of several stretches is the spectrum shows only there.
    context = layers.GlobalAveragePooling1D(keepdims=True)(x)
    x = layers.Add()([x, layers.Conv1D(_WIDTHS[-1], 1, activation="relu")(context)])
    x = decode(x, skips, _WIDTHS)
    outputs = layers.Conv1D(OUTPUTS, 1, name="places")(x)
    return keras.Model(inputs, outputs, name="trace")


def trace_loss(truth: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of the cover, its overlap; inside it that of the direction and the wavelength.

    `truth` has the layout of `lib.training.examples.trace_lines.trace_targets`.
    """
    cover = truth[..., 0]
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=cover, logits=output[..., 0])
    said = tf.sigmoid(output[..., 0])
    both = tf.reduce_sum(said * cover, -1)
    either = tf.reduce_sum(said + cover - said * cover, -1)
    overlap = (both + 1) / (either + 1)
    wrong = tf.nn.sigmoid_cross_entropy_with_logits(labels=truth[..., 1], logits=output[..., 1])
    log_error = tf.clip_by_value(output[..., 3], *_LOG_ERROR)
    # Negative logarithm of a normal density.
    off = 0.5 * ((truth[..., 2] - output[..., 2]) * tf.exp(-log_error)) ** 2 + log_error
    inside = cover / (tf.reduce_sum(cover, -1, keepdims=True) + 1)
    return (
        tf.reduce_mean(entropy, -1)
        + (1 - overlap)
        + tf.reduce_sum(inside * (_SHARE_OF_DIRECTION * wrong + _SHARE_OF_WAVELENGTH * off), -1)
    )


def train_trace_network(
    network: keras.Model,
    light: np.ndarray,
    targets: np.ndarray,
    held: Batch,
    *,
    seed: int,
    epochs: int,
    rate: float,
) -> dict[str, float | None]:
    """Train the network; return its figures on held-back lines.

    Parameters
    ----------
    network : keras.Model
        New, or trained before.
    light, targets : float16 arrays of shape (n, places, channels) and (n, places, 3)
        As of `lib.training.examples.trace_lines.simulate_lines`.
    held : tuple of such arrays
        For validation.
    rate : float
        Highest learning rate.
    """

    def draw(rng: np.random.Generator, rows: np.ndarray) -> Batch:
        rows = np.sort(rows)
        turned = mirror(rng, light[rows], targets[rows])
        return tuple(part.astype(np.float32) for part in turned)

    held_light, held_targets = (part.astype(np.float32) for part in held)
    figures = fit(
        network,
        trace_loss,
        Batches(len(light), _BATCH, draw, seed),
        (held_light, held_targets),
        epochs=epochs,
        rate=rate,
    )
    return {
        "lines": len(held_light),
        "loss": round(figures["loss"], 5),
        **measure(network.predict(held_light, verbose=0), held_targets),
    }


def taught(teachers: Sequence[LiteNetwork], light: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return targets with the teachers' opinions of cover and direction in place of the truth.

    Sigmoids of the mean of their logits, over both ways to read a line. Wavelengths stay those of
    the truth where it covers a place; elsewhere they are the teachers' mean.

    Parameters
    ----------
    light, targets : float16 arrays of shape (n, places, channels) and (n, places, 3)

    Returns
    -------
    float16 array of shape (n, places, 3)
    """

    def opinion(line: np.ndarray) -> np.ndarray:
        line = line.astype(np.float32)
        forth = np.mean([teacher.run(line) for teacher in teachers], axis=0)
        turned = np.ascontiguousarray(line[::-1])
        back = np.mean([teacher.run(turned) for teacher in teachers], axis=0)[::-1]
        back[:, 1] *= -1
        said = ((forth + back) / 2)[:, : targets.shape[2]]
        said[:, :2] = 1 / (1 + np.exp(-np.clip(said[:, :2], -30, 30)))
        return said.astype(np.float16)

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        said = np.stack(list(threads.map(opinion, light)))
    covered = targets[..., 0] > 0
    said[..., 2][covered] = targets[..., 2][covered]
    return said


def measure(output: np.ndarray, truth: np.ndarray) -> dict[str, float | None]:
    """Return how well covered places, directions and wavelengths are told; None of none."""
    marked, covered = output[..., 0] > 0, truth[..., 0] > 0.5
    shown = covered.any(axis=1)
    overlap = (marked & covered).sum(axis=1) / np.maximum((marked | covered).sum(axis=1), 1)
    way = (truth[..., 0] * np.tanh(output[..., 1] / 2)).sum(axis=1) > 0
    wanted = (truth[..., 0] * (truth[..., 1] - 0.5)).sum(axis=1) > 0
    off_nm = NM_UNIT * np.abs(truth[..., 2] - output[..., 2])[covered]
    return {
        "overlap": _rounded(np.mean, overlap[shown]),
        "empty_left_empty": _rounded(np.mean, (~marked[~shown]).all(axis=1)),
        "direction": _rounded(np.mean, (way == wanted)[shown]),
        "median_error_nm": _rounded(np.median, off_nm),
    }


def _rounded(figure: Callable[[np.ndarray], float], values: np.ndarray) -> float | None:
    return round(float(figure(values)), 4) if len(values) else None
