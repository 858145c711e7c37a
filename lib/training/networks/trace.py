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
from keras import layers, ops

from lib.litert import LiteNetwork
from lib.recognition.find.trace_view import CHANNELS, PLACES
from lib.training.examples.store import Arrays
from lib.training.examples.trace_lines import NM_UNIT, mirror
from lib.training.networks.line_blocks import block, conv, decode, encode
from lib.training.networks.trainable import Batch, Trainable

# Covered, blue towards the start (logits); the wavelength and the logarithm of its standard error,
# in the units of `lib.training.examples.trace_lines`.
OUTPUTS = 4
# Standard errors from 1 nm to 270 nm.
_LOG_ERROR = (-4.6, 1.0)
_SHARE_OF_WAVELENGTH = 0.2
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


def trace_loss(truth: keras.KerasTensor, output: keras.KerasTensor) -> keras.KerasTensor:
    """Cross-entropy of the cover, its overlap; inside it that of the direction and the wavelength.

    `truth` has the layout of `lib.training.examples.trace_lines.trace_targets`.
    """
    cover = truth[..., 0]
    entropy = ops.binary_crossentropy(cover, output[..., 0], from_logits=True)
    said = ops.sigmoid(output[..., 0])
    both = ops.sum(said * cover, -1)
    either = ops.sum(said + cover - said * cover, -1)
    overlap = (both + 1) / (either + 1)
    wrong = ops.binary_crossentropy(truth[..., 1], output[..., 1], from_logits=True)
    log_error = ops.clip(output[..., 3], *_LOG_ERROR)
    # Negative logarithm of a normal density.
    off = 0.5 * ((truth[..., 2] - output[..., 2]) * ops.exp(-log_error)) ** 2 + log_error
    inside = cover / (ops.sum(cover, -1, keepdims=True) + 1)
    return (
        ops.mean(entropy, -1)
        + (1 - overlap)
        + ops.sum(inside * (_SHARE_OF_DIRECTION * wrong + _SHARE_OF_WAVELENGTH * off), -1)
    )


def draw(rng: np.random.Generator | None, lines: Arrays) -> Batch:
    """Return light float32 (n, places, channels) and targets float32 (n, places, 3)."""
    light, targets = lines["light"], lines["targets"]
    if rng is not None:
        light, targets = mirror(rng, light, targets)
    return light.astype(np.float32), targets.astype(np.float32)


def taught(teachers: Sequence[LiteNetwork], lines: Arrays) -> np.ndarray:
    """Return targets with the teachers' opinions of cover and direction in place of the truth.

    Sigmoids of the mean of their logits, over both ways to read a line. Wavelengths stay those of
    the truth where it covers a place; elsewhere they are the teachers' mean.

    Parameters
    ----------
    teachers : sequence of LiteNetwork
        Trace networks.
    lines : dict
        ``light`` and ``targets``, float16 (n, places, channels) and (n, places, 3).

    Returns
    -------
    float16 array of shape (n, places, 3)
    """

    light, targets = lines["light"], lines["targets"]

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


def measure(output: np.ndarray, lines: Arrays) -> dict[str, float | None]:
    """Return how well covered places, directions and wavelengths are told; None of none."""
    truth = lines["targets"].astype(np.float32)
    marked, covered = output[..., 0] > 0, truth[..., 0] > 0.5
    shown = covered.any(axis=1)
    overlap = (marked & covered).sum(axis=1) / np.maximum((marked | covered).sum(axis=1), 1)
    way = (truth[..., 0] * np.tanh(output[..., 1] / 2)).sum(axis=1) > 0
    wanted = (truth[..., 0] * (truth[..., 1] - 0.5)).sum(axis=1) > 0
    off_nm = NM_UNIT * np.abs(truth[..., 2] - output[..., 2])[covered]
    return {
        "lines": len(truth),
        "overlap": _rounded(np.mean, overlap[shown]),
        "empty_left_empty": _rounded(np.mean, (~marked[~shown]).all(axis=1)),
        "direction": _rounded(np.mean, (way == wanted)[shown]),
        "median_error_nm": _rounded(np.median, off_nm),
    }


def _rounded(figure: Callable[[np.ndarray], float], values: np.ndarray) -> float | None:
    return round(float(figure(values)), 4) if len(values) else None


NETWORK = Trainable(
    lambda: build_trace_network(PLACES, CHANNELS),
    trace_loss,
    draw,
    measure,
    batch=64,
    soft_targets=taught,
)
