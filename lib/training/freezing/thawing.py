"""A frozen network, ready to be trained further: its weights back in Keras.

Weights are read exactly as the file keeps them, in single or in half precision. Freezing folds each
normalisation into the convolution before it. Here the convolution keeps what it was folded to, and
the normalisation, by its mean and variance on examples, changes nothing: so both say what the
frozen network says, in use and in training.
"""

import re

import keras
import numpy as np
from keras import layers

from lib.errors import DataError
from lib.litert import LiteNetwork
from lib.training.freezing.agreement import TOLERANCE, outputs_of, require_same

_CONVOLUTIONS = (layers.Conv1D, layers.Conv2D)
_WEIGHTED = (*_CONVOLUTIONS, layers.Dense)
# What sorts layers with a name of their own behind all others.
_NAMED = 2


def thaw(network: keras.Model, frozen: LiteNetwork, examples: np.ndarray) -> None:
    """Give an untrained network of convolutions and dense layers the weights of a frozen one.

    Layers with a name of their own that the frozen one lacks, or has in another size, keep what
    they have, so that a network may gain an output, or a kind of lamp.

    Parameters
    ----------
    network : keras.Model
        As it was built for the training of the frozen one.
    frozen : LiteNetwork
    examples : float32 array of shape (n, ...)
        Inputs, some hundred, whose means and variances the normalisations take.

    Raises
    ------
    DataError
        If the frozen one is another network.
    """
    weights = sorted(frozen.weights(), key=lambda one: _rank(one[0]))
    sizes = {name: kernel.size for name, kernel, _ in weights}
    weighted = [
        layer
        for layer in _in_order(network, _WEIGHTED)
        if _rank(layer.name)[0] != _NAMED or sizes.get(layer.name) == np.prod(layer.kernel.shape)
    ]
    taken = {layer.name for layer in weighted}
    weights = [one for one in weights if _rank(one[0])[0] != _NAMED or one[0] in taken]
    expected = [tuple(layer.kernel.shape) for layer in weighted]
    if [kernel.size for _, kernel, _ in weights] != [np.prod(shape) for shape in expected]:
        raise DataError(f"{frozen.path}: expected a network of convolutions {expected}")
    normalised, biases = [], []
    for layer, (_, kernel, bias) in zip(weighted, weights, strict=True):
        # LiteRT keeps (out, rows, columns, in), one row where there is one axis.
        kernel = np.moveaxis(kernel, 0, -1).reshape(layer.kernel.shape)
        layer.set_weights([kernel, bias] if layer.use_bias else [kernel])
        if not layer.use_bias:
            normalised.append(layer.output)
            biases.append(bias)
    _settle(network, normalised, biases, examples)
    few = examples[:8]
    expected = outputs_of(network)(few, training=False)
    received = {
        name: said
        for name, said in frozen.predict(few).items()
        if name not in sizes or name in taken
    }
    require_same(expected, received, frozen.path.name, TOLERANCE)


def _settle(
    network: keras.Model,
    normalised: list[keras.KerasTensor],
    biases: list[np.ndarray],
    examples: np.ndarray,
) -> None:
    """Set normalisations so that they add a bias and nothing else, on examples as in use."""
    normalisations = _in_order(network, layers.BatchNormalization)
    for layer, bias in zip(normalisations, biases, strict=True):
        one = np.ones_like(bias)
        layer.set_weights([one, bias, 0 * one, one - layer.epsilon])
    seen = keras.Model(network.inputs, normalised).predict(examples, verbose=0)
    for layer, bias, values in zip(normalisations, biases, seen, strict=True):
        values = values.reshape(-1, len(bias))
        mean, variance = values.mean(0), values.var(0)
        layer.set_weights([np.sqrt(variance + layer.epsilon), bias + mean, mean, variance])


def _in_order(network: keras.Model, kind: type | tuple[type, ...]) -> list[layers.Layer]:
    """Return the layers of a kind in the order in which they were made, named ones last."""
    return sorted(
        (layer for layer in network.layers if isinstance(layer, kind)),
        key=lambda layer: _rank(layer.name),
    )


def _rank(name: str) -> tuple[int | str, ...]:
    """Return what sorts names by kind and by Keras' numbers behind them: none, 1, 2, ..."""
    found = re.fullmatch(r"(?:(conv\dd|batch_normalization)|dense)((?:_\d+)*)", name)
    if found is None:
        return (_NAMED, name)
    return (int(found[1] is None), *map(int, found[2].split("_")[1:]))
