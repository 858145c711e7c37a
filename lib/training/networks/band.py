"""The network that marks spectra in a photo: a small encoder-decoder on a 160 px canvas.

For each cell of a 40 x 40 grid it says how surely a usable spectrum covers the cell and along which
axis it disperses. Which end is blue is no task for it: the colours along the found band tell.
"""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from lib.recognition.find.canvas import CANVAS_PX, network_input
from lib.training.examples.band_views import turn
from lib.training.networks.fitting import Batch, Batches, fit

CHANNELS = 6
# The mask; cos and sin of twice the axis' angle.
OUTPUTS = 3

_BATCH = 32
# The mask is summed over so many cells for one cell's axis: the two then settle at like size.
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


def band_loss(truth: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of the mask, plus the squared error of the axis inside it.

    `truth` has the layout of `lib.training.examples.band_views`, (n, 40, 40, 3): the covered part
    of the cell and its axis.
    """
    mask, axis = truth[..., 0], truth[..., 1:]
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=mask, logits=output[..., 0])
    inside = mask / (tf.reduce_sum(mask, axis=(1, 2), keepdims=True) + 4.0)
    error = tf.reduce_sum((axis - output[..., 1:]) ** 2, -1)
    return _MASK_WEIGHT * tf.reduce_mean(entropy, axis=(1, 2)) + tf.reduce_sum(
        inside * error, axis=(1, 2)
    )


def train_band_network(
    network: keras.Model,
    training: Sequence[Batch],
    held: Sequence[Batch],
    *,
    seed: int,
    epochs: int,
    rate: float,
) -> dict[str, float]:
    """Train the network; return its figures on held-back views.

    Parameters
    ----------
    network : keras.Model
        New, or trained before.
    training, held : sequences of pairs
        Views and their targets, as `lib.training.examples.band_views.open_views` returns them.
    rate : float
        Highest learning rate.
    """
    figures = fit(
        network,
        band_loss,
        _batches(training, seed, turning=True),
        _batches(held, seed, turning=False),
        epochs=epochs,
        rate=rate,
    )
    return {"loss": round(figures["loss"], 5), **measure(network, held)}


def _batches(shards: Sequence[Batch], seed: int, *, turning: bool) -> Batches:
    """Return canvases float32 (n, 160, 160, 6) and targets float32 (n, 40, 40, 3) in batches.

    A band may lie any way up: if `turning`, each epoch sees every view turned anew, a batch alike.
    """
    places = [(shard, row) for shard, (views, _) in enumerate(shards) for row in range(len(views))]

    def draw(rng: np.random.Generator, rows: np.ndarray) -> Batch:
        chosen = [places[k] for k in rows]
        pixels = np.stack([shards[shard][0][row] for shard, row in chosen])
        cells = np.stack([shards[shard][1][row] for shard, row in chosen])
        if turning:
            # Rows and columns first, as of a single view.
            turned = turn(rng, np.moveaxis(pixels, 0, 2), np.moveaxis(cells, 0, 2))
            pixels, cells = (np.moveaxis(part, 2, 0) for part in turned)
        return network_input(pixels), cells.astype(np.float32)

    return Batches(len(places), _BATCH, draw, seed)


def measure(network: keras.Model, shards: Sequence[Batch]) -> dict[str, float]:
    """Return the mask's overlap and the share of axes right within 22 deg on held-back views."""
    inside = union = right_axis = axes = 0
    for views, targets in shards:
        output = network.predict_on_batch(network_input(views))
        truth = targets.astype(np.float32)
        marked, covered = output[..., 0] > 0, truth[..., 0] > 0.5
        inside += int((marked & covered).sum())
        union += int((marked | covered).sum())
        weight = truth[..., :1]
        mean = (weight * output[..., 1:]).sum(axis=(1, 2))
        wanted = (weight * truth[..., 1:]).sum(axis=(1, 2))
        sizes = np.hypot(*mean.T) * np.hypot(*wanted.T)
        axis = (mean * wanted).sum(axis=1) / np.maximum(sizes, 1e-9)
        shown = weight.sum(axis=(1, 2, 3)) > 0
        # 22 deg of the axis are 45 of its doubled angle.
        right_axis += int((axis[shown] > np.cos(np.pi / 4)).sum())
        axes += int(shown.sum())
    return {
        "cell_overlap": round(inside / max(union, 1), 4),
        "axis": round(right_axis / max(axes, 1), 4),
        "views": axes,
    }
