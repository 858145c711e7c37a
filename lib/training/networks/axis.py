"""The network that reads the wavelength at each place of a band, and its training.

A one-dimensional encoder-decoder with the whole band in every place's view. It stays on
`keras.layers` and `keras.ops`, so that it also trains under Keras' JAX backend.
"""

import keras
import numpy as np
from keras import layers, ops

from lib.recognition.axis.reading import CHANNELS, COLUMNS, COLUMNS_PER_PLACE, NM_UNIT
from lib.training.examples.store import Arrays
from lib.training.networks.line_blocks import block, conv, decode, encode
from lib.training.networks.trainable import Batch, Trainable

# Wavelength and the logarithm of its error's scale, in the units of the targets.
OUTPUTS = 2
# Scales from 0.05 nm to 300 nm, in units of 100 nm.
_LOG_SCALE = (-7.6, 1.1)
_WIDTHS = (48, 64, 96, 128, 160)
# Share of the bands in a batch whose blue end is said to be known; the others are turned round
# as often as not.
_TOLD_SHARE = 0.6


def build_axis_network(columns: int, channels: int, columns_per_place: int) -> keras.Model:
    """Return the untrained network: float32 (n, columns, channels) to (n, places, 2)."""
    inputs = keras.Input((columns, channels), name="band")
    places = columns // columns_per_place
    x = layers.Reshape((places, channels * columns_per_place))(inputs)
    x = conv(x, _WIDTHS[0], 7)
    x, skips = encode(x, _WIDTHS)
    x = block(block(x, _WIDTHS[-1]), _WIDTHS[-1], dilation=2)
    # The whole band in every place: which lamp it is shows only there.
    context = layers.GlobalAveragePooling1D(keepdims=True)(x)
    context = layers.Conv1D(_WIDTHS[-1], 1, activation="relu")(context)
    x = layers.Add()([x, layers.Conv1D(_WIDTHS[-1], 1)(context)])
    x = block(x, _WIDTHS[-1], dilation=2)
    x = decode(x, skips, _WIDTHS)
    outputs = layers.Conv1D(OUTPUTS, 1, name="places")(x)
    return keras.Model(inputs, outputs, name="axis")


def axis_loss(truth: keras.KerasTensor, output: keras.KerasTensor) -> keras.KerasTensor:
    """Return the negative logarithm of Laplace's density, of places whose wavelength is known.

    `truth` holds wavelengths, shape (n, places), nan where a place shows none.
    """
    known = ops.isfinite(truth)
    off = ops.abs(ops.where(known, truth, 0.0) - output[..., 0])
    log_scale = ops.clip(output[..., 1], *_LOG_SCALE)
    loss = off * ops.exp(-log_scale) + log_scale
    return ops.sum(ops.where(known, loss, 0.0), -1) / (ops.sum(ops.cast(known, loss.dtype), -1) + 1)


def turned(
    views: np.ndarray, nm: np.ndarray, told: np.ndarray, back: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return bands with the channel that says whether blue is first, some of them turned round.

    Parameters
    ----------
    views : array of shape (n, columns, channels - 1)
    nm : array of shape (n, places)
    told, back : bool arrays of shape (n,)
        Which bands' direction the network is told, and which are turned round.
    """
    flag = np.broadcast_to(told[:, None, None], (*views.shape[:2], 1))
    views = np.concatenate([views, flag], axis=2, dtype=np.float32)
    nm = nm.astype(np.float32)
    views[back], nm[back] = views[back, ::-1], nm[back, ::-1]
    return views, nm


def draw(rng: np.random.Generator | None, bands: Arrays) -> Batch:
    """Return bands as the network sees them, and their wavelengths, as of `turned`."""
    told = np.ones(len(bands["nm"]), bool)
    back = ~told
    if rng is not None:
        told = rng.random(len(told)) < _TOLD_SHARE
        back = ~told & (rng.random(len(told)) < 0.5)
    return turned(bands["views"], bands["nm"], told, back)


def measure(output: np.ndarray, bands: Arrays) -> dict:
    """Return how well wavelengths are read: median errors of each lamp, and how errors are stated.

    Parameters
    ----------
    output : float32 array of shape (n, places, 2)
    bands : dict
        With ``nm`` and ``lamps``.
    """
    lamps = bands["lamps"]
    off = NM_UNIT * np.abs(output[..., 0] - bands["nm"])
    scale = NM_UNIT * np.exp(output[..., 1])
    medians = {
        str(name): round(float(np.nanmedian(off[lamps == name])), 3) for name in np.unique(lamps)
    }
    known = np.isfinite(off)
    # Of Laplace's law 63 % lie within its scale.
    return {
        "bands": len(lamps),
        "median_error_nm": medians,
        "within_scale": round(float((off < scale)[known].mean()), 4),
    }


NETWORK = Trainable(
    lambda: build_axis_network(COLUMNS, CHANNELS, COLUMNS_PER_PLACE),
    axis_loss,
    draw,
    measure,
    batch=256,
    half=True,
)
