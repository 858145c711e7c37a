"""The network that reads the light along a line: which stretch is a first order, and its colours.

A one-dimensional encoder-decoder. For each place along the line it says how surely a usable first
order covers it, how surely blue lies towards the line's start, and roughly which wavelength falls
there.
"""

import itertools

import keras
import tensorflow as tf
from keras import layers

from lib.making.line_blocks import block, conv

# Covered, blue towards the start (logits); the wavelength and the logarithm of its standard error,
# in the units of `lib.making.trace_views`.
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
    skips = []
    for width, deeper in itertools.pairwise(_WIDTHS):
        x = block(x, width)
        skips.append(x)
        x = conv(x, deeper, 5, strides=2)
    x = block(block(x, _WIDTHS[-1], dilation=2), _WIDTHS[-1], dilation=4)
    # The whole line in every place: which of several stretches is the spectrum shows only there.
    context = layers.GlobalAveragePooling1D(keepdims=True)(x)
    x = layers.Add()([x, layers.Conv1D(_WIDTHS[-1], 1, activation="relu")(context)])
    for skip, width in zip(skips[::-1], _WIDTHS[-2::-1], strict=True):
        x = layers.UpSampling1D(2)(conv(x, width, 1))
        x = block(layers.Add()([x, skip]), width)
    outputs = layers.Conv1D(OUTPUTS, 1, name="places")(x)
    return keras.Model(inputs, outputs, name="trace")


def trace_loss(truth: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of the cover, its overlap; inside it that of the direction and the wavelength.

    `truth` has the layout of `lib.making.trace_views.trace_targets`.
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
