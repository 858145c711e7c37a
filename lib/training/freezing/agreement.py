"""Whether a frozen network says what the trained one does."""

from collections.abc import Mapping

import keras
import numpy as np

from lib.errors import DataError

# Largest difference of any output: float32 sums in another order, or weights of half precision.
TOLERANCE, HALF_TOLERANCE = 2e-3, 2e-2


def require_agreement(
    expected: np.ndarray, received: np.ndarray, name: str, tolerance: float
) -> float:
    """Return the largest difference between what Keras and a frozen file say of the same examples.

    Raises
    ------
    DataError
        If it exceeds `tolerance`.
    """
    difference = float(np.abs(expected - received).max())
    # Written so that NaN is refused too.
    if not difference <= tolerance:
        raise DataError(
            f"{name}: differs from the Keras network by {difference:.2g} (expected at most "
            f"{tolerance:g}); nothing was written"
        )
    return difference


def require_same(
    expected: Mapping[str, np.ndarray],
    received: Mapping[str, np.ndarray],
    name: str,
    tolerance: float,
) -> None:
    """Hold a frozen file's outputs against the network's, as `require_agreement`.

    A file of one output does not name it: it is the network's output of that shape.
    """
    of_shape = {tuple(values.shape): values for values in expected.values()}
    for output, values in received.items():
        said = expected.get(output, of_shape.get(values.shape))
        if said is None:
            raise DataError(f"{name}: no output {output} of shape {values.shape} was expected")
        require_agreement(np.asarray(said), values, name, tolerance)


def outputs_of(network: keras.Model) -> keras.Model:
    """Return the network from its one input to its outputs by name.

    One that was read from a file takes a list of inputs; this takes the one.
    """
    outputs = dict(zip(network.output_names, network.outputs, strict=True))
    return keras.Model(network.inputs[0], outputs, name=network.name)
