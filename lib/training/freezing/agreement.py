"""Whether a frozen network says what the trained one does."""

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
