"""The reader: the network that reads the wavelength at each place of a band and which lamp it is.

A one-dimensional encoder-decoder with the whole band in every place's view. It stays on
`keras.layers` and `keras.ops`, so that it also trains under Keras' JAX backend.
"""

import keras
import numpy as np
from keras import layers, ops

from lib.recognition.reading import CHANNELS, COLUMNS, COLUMNS_PER_PLACE, NM_UNIT
from lib.training.examples.reader_bands import KINDS, class_of_kind
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
# Some lamps cannot be told from others: too dark, too blurred, too little in view.
_LABEL_SMOOTHING = 0.02


def build_reader(columns: int, channels: int, columns_per_place: int, kinds: int) -> keras.Model:
    """Return the untrained network: float32 (n, columns, channels) to two outputs by name.

    ``places`` (n, places, 2); ``lamp`` (n, kinds), logits.
    """
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
    middle = block(x, _WIDTHS[-1], dilation=2)
    decoded = decode(middle, skips, _WIDTHS)
    said = layers.Conv1D(OUTPUTS, 1, name="places")(decoded)
    # Which lamp: from the middle, and from what each place shows at its wavelength.
    shrink = places // middle.shape[1]
    seen = layers.AveragePooling1D(shrink)(layers.Concatenate()([decoded, said]))
    x = layers.Concatenate()([middle, seen])
    for name in ("lamp_wide", "lamp_deep"):
        x = layers.Conv1D(_WIDTHS[-1], 3, padding="same", activation="relu", name=name)(x)
    x = layers.Concatenate()([layers.GlobalAveragePooling1D()(x), layers.GlobalMaxPooling1D()(x)])
    lamp = layers.Dense(kinds, name="lamp")(layers.Dropout(0.2)(x))
    return keras.Model(inputs, {"places": said, "lamp": lamp}, name="reader")


def wavelength_loss(truth: keras.KerasTensor, output: keras.KerasTensor) -> keras.KerasTensor:
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
    """Return bands as the network sees them, and what it is to say of them, by output."""
    told = np.ones(len(bands["nm"]), bool)
    back = ~told
    if rng is not None:
        told = rng.random(len(told)) < _TOLD_SHARE
        back = ~told & (rng.random(len(told)) < 0.5)
    views, nm = turned(bands["views"], bands["nm"], told, back)
    return views, {"places": nm, "lamp": np.eye(len(KINDS), dtype=np.float32)[bands["kinds"]]}


def measure(output: dict[str, np.ndarray], bands: Arrays) -> dict:
    """Return how well wavelengths and lamps are read: median errors and right guesses, by kind.

    Parameters
    ----------
    output : dict
        ``places`` float32 (n, places, 2), ``lamp`` float32 (n, kinds).
    bands : dict
        With ``nm`` and ``kinds``.
    """
    kinds = bands["kinds"]
    off = NM_UNIT * np.abs(output["places"][..., 0] - bands["nm"])
    scale = NM_UNIT * np.exp(output["places"][..., 1])
    right = output["lamp"].argmax(axis=1) == kinds
    shown = {KINDS[kind]: kinds == kind for kind in np.unique(kinds)}
    known = np.isfinite(off)
    return {
        "bands": len(kinds),
        "median_error_nm": {
            name: round(float(np.median(off[rows][known[rows]])), 3)
            for name, rows in shown.items()
            if known[rows].any()
        },
        # Of Laplace's law 63 % lie within its scale.
        "within_scale": round(float((off < scale)[known].mean()), 4),
        "lamps_right": round(float(right.mean()), 4),
        "lamps_right_of": {
            name: round(float(right[rows].mean()), 3) for name, rows in shown.items()
        },
    }


NETWORK = Trainable(
    lambda: build_reader(COLUMNS, CHANNELS, COLUMNS_PER_PLACE, len(KINDS)),
    {
        "places": wavelength_loss,
        "lamp": keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=_LABEL_SMOOTHING
        ),
    },
    draw,
    measure,
    batch=256,
    half=True,
    says={"kinds": {kind: class_of_kind(kind) for kind in KINDS}},
)
