"""The network that marks spectra in a photo: a small encoder-decoder on a 160 px canvas.

For each cell of a 40 x 40 grid it says how surely a usable spectrum covers the cell, along which
axis it disperses and towards where it reddens.
"""

import keras
import tensorflow as tf
from keras import layers

CANVAS_PX = 160
CHANNELS = 6
CELL_PX = 4
GRID = CANVAS_PX // CELL_PX
# mask; cos and sin of twice the axis' angle; cos and sin of the direction of growing wavelength.
OUTPUTS = 5

# Weights of axis and direction beside the mask: all three settle near 0.1 per cell.
_AXIS_WEIGHT = 0.5
_DIRECTION_WEIGHT = 0.5


def build_band_network(width: int = 16) -> keras.Model:
    """Return the untrained network.

    Input float32 (n, 160, 160, 6) in [0, 1]; output float32 (n, 40, 40, 5): the mask's logit, the
    axis (cos 2a, sin 2a) and the direction to red (cos a, sin a), a clockwise from +x.
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
    """Cross-entropy of the mask, plus squared errors of axis and direction inside it.

    `truth` has the layout of `lib.training.band_views`, (n, 40, 40, 5): the covered part of the
    cell, axis (2), direction (2; 0, 0 where the light tells none).
    """
    mask, axis, direction = truth[..., 0], truth[..., 1:3], truth[..., 3:5]
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=mask, logits=output[..., 0])
    per_photo = tf.reduce_mean(entropy, axis=(1, 2))
    inside = mask / (tf.reduce_sum(mask, axis=(1, 2), keepdims=True) + 4.0)
    axis_error = tf.reduce_sum((axis - output[..., 1:3]) ** 2, -1)
    direction_error = tf.reduce_sum((direction - output[..., 3:5]) ** 2, -1)
    errors = _AXIS_WEIGHT * axis_error + _DIRECTION_WEIGHT * direction_error
    return 10 * per_photo + tf.reduce_sum(inside * errors, axis=(1, 2))
