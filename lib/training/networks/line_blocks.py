"""Layers of the networks that read along a line: the trace's and the axis'."""

import itertools
from collections.abc import Sequence

import keras
from keras import layers


def conv(x: keras.KerasTensor, filters: int, size: int, strides: int = 1) -> keras.KerasTensor:
    """Convolution, normalisation, rectifier."""
    x = layers.Conv1D(filters, size, strides, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))


def block(x: keras.KerasTensor, filters: int, dilation: int = 1) -> keras.KerasTensor:
    """Residual block of two convolutions."""
    y = x
    for last in (False, True):
        y = layers.Conv1D(filters, 5, padding="same", use_bias=False, dilation_rate=dilation)(y)
        y = layers.BatchNormalization(momentum=0.95)(y)
        y = y if last else layers.ReLU()(y)
    return layers.ReLU()(layers.Add()([x, y]))


def encode(
    x: keras.KerasTensor, widths: Sequence[int]
) -> tuple[keras.KerasTensor, list[keras.KerasTensor]]:
    """Halve the places and widen, step by step; return the end and what was before each step."""
    skips = []
    for width, deeper in itertools.pairwise(widths):
        x = block(x, width)
        skips.append(x)
        x = conv(x, deeper, 5, strides=2)
    return x, skips


def decode(
    x: keras.KerasTensor, skips: Sequence[keras.KerasTensor], widths: Sequence[int]
) -> keras.KerasTensor:
    """Double the places again, step by step, with what `encode` had before each."""
    for skip, width in zip(skips[::-1], widths[-2::-1], strict=True):
        x = layers.UpSampling1D(2)(conv(x, width, 1))
        x = block(layers.Add()([x, skip]), width)
    return x
