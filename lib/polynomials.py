"""Polynomials in ascending powers, without the import and the objects of numpy.polynomial."""

from collections.abc import Sequence

import numpy as np


def value_at(coefficients: Sequence[float], x: np.ndarray | float) -> np.ndarray | float:
    """Return a polynomial's value at x, of any shape, same shape; without coefficients it is 0."""
    value = 0.0 * x
    for coefficient in reversed(coefficients):
        value = value * x + coefficient
    return value


def slope_at(coefficients: Sequence[float], x: float) -> float:
    """Return a polynomial's derivative at x."""
    return float(value_at([power * one for power, one in enumerate(coefficients)][1:], x))


def in_scaled(coefficients: Sequence[float], origin: float, scale: float) -> tuple[float, ...]:
    """Return ascending powers of x of a polynomial in (x - origin) / scale."""
    inner = np.array([-origin / scale, 1 / scale])
    powers = np.zeros(1)
    for coefficient in reversed(coefficients):
        powers = np.convolve(powers, inner)
        powers[0] += coefficient
    return tuple(powers[: len(coefficients)].tolist())
