"""Layers of the networks that read along a line: the trace's and the axis'."""

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
