"""The network that marks spectra in a photo: a small encoder-decoder on a 160 px canvas.

For each cell of a 40 x 40 grid it says how surely a usable spectrum covers the cell and along which
axis it disperses. Which end is blue is no task for it: the colours along the found band tell.
"""

import keras
import numpy as np
from keras import layers, ops

from lib.recognition.find.canvas import CANVAS_PX, network_input
from lib.training.examples.band_views import turn
from lib.training.examples.store import Arrays
from lib.training.networks.trainable import Batch, Trainable

CHANNELS = 6
# The mask; cos and sin of twice the axis' angle.
OUTPUTS = 3

# Brings the losses of mask and axis to similar size.
_MASK_WEIGHT = 10.0


def build_band_network(width: int = 16) -> keras.Model:
    """Return the untrained network.

    Input float32 (n, 160, 160, 6) in [0, 1]; output float32 (n, 40, 40, 3): the mask's logit and
    the axis (cos 2a, sin 2a), a clockwise from +x.
    """
    inputs = keras.Input((CANVAS_PX, CANVAS_PX, CHANNELS), name="canvas")
    half = _conv(inputs, width // 2, 5, strides=2)
    quarter = _conv(half, width, 3, strides=2)
    quarter = _block(quarter, width)
    eighth = _block(_conv(quarter, 2 * width, 3, strides=2), 2 * width)
    sixteenth = _block(_conv(eighth, 3 * width, 3, strides=2), 3 * width)
    deepest = _conv(sixteenth, 4 * width, 3, strides=2)
    deepest = _block(_block(deepest, 4 * width), 4 * width)
    # The whole frame in every cell: a rainbow in a room is no spectrum, one in a dark box is.
    context = layers.GlobalAveragePooling2D(keepdims=True)(deepest)
    context = layers.Conv2D(4 * width, 1, activation="relu")(context)
    x = layers.Add()([deepest, context])
    for skip, filters in ((sixteenth, 3 * width), (eighth, 2 * width), (quarter, width)):
        x = layers.UpSampling2D(2, interpolation="bilinear")(_conv(x, filters, 1))
        x = layers.Add()([x, _conv(skip, filters, 1)])
        x = _block(x, filters)
    outputs = layers.Conv2D(OUTPUTS, 1, name="cells")(x)
    return keras.Model(inputs, outputs, name="band")


def _conv(x: keras.KerasTensor, filters: int, size: int, strides: int = 1) -> keras.KerasTensor:
    x = layers.Conv2D(filters, size, strides, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))


def _block(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    """Residual block of two convolutions."""
    y = _conv(x, filters, 3)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization(momentum=0.95)(y)
    return layers.ReLU()(layers.Add()([x, y]))


def band_loss(truth: keras.KerasTensor, output: keras.KerasTensor) -> keras.KerasTensor:
    """Cross-entropy of the mask, plus the squared error of the axis inside it.

    `truth` has the layout of `lib.training.examples.band_views`, (n, 40, 40, 3): the covered part
    of the cell and its axis.
    """
    mask, axis = truth[..., 0], truth[..., 1:]
    entropy = ops.binary_crossentropy(mask, output[..., 0], from_logits=True)
    inside = mask / (ops.sum(mask, axis=(1, 2), keepdims=True) + 4.0)
    error = ops.sum((axis - output[..., 1:]) ** 2, -1)
    return _MASK_WEIGHT * ops.mean(entropy, axis=(1, 2)) + ops.sum(inside * error, axis=(1, 2))


def draw(rng: np.random.Generator | None, views: Arrays) -> Batch:
    """Return canvases float32 (n, 160, 160, 6) and targets float32 (n, 40, 40, 3).

    A band may lie any way up: views are turned anew each time, a batch alike.
    """
    pixels, cells = views["views"], views["targets"]
    if rng is not None:
        # Rows and columns first, as of a single view.
        turned = turn(rng, np.moveaxis(pixels, 0, 2), np.moveaxis(cells, 0, 2))
        pixels, cells = (np.moveaxis(part, 2, 0) for part in turned)
    return network_input(pixels), cells.astype(np.float32)


def measure(output: np.ndarray, views: Arrays) -> dict[str, float]:
    """Return the mask's overlap and the share of axes right within 22 deg."""
    truth = views["targets"].astype(np.float32)
    marked, covered = output[..., 0] > 0, truth[..., 0] > 0.5
    weight = truth[..., :1]
    mean = (weight * output[..., 1:]).sum(axis=(1, 2))
    wanted = (weight * truth[..., 1:]).sum(axis=(1, 2))
    sizes = np.hypot(*mean.T) * np.hypot(*wanted.T)
    axis = (mean * wanted).sum(axis=1) / np.maximum(sizes, 1e-9)
    shown = weight.sum(axis=(1, 2, 3)) > 0
    # 22 deg of the axis are 45 of its doubled angle.
    right = int((axis[shown] > np.cos(np.pi / 4)).sum())
    return {
        "cell_overlap": round((marked & covered).sum() / max((marked | covered).sum(), 1), 4),
        "axis": round(right / max(shown.sum(), 1), 4),
        "views": int(shown.sum()),
    }


NETWORK = Trainable(build_band_network, band_loss, draw, measure, batch=32)
