"""Polynomials agree with numpy's."""

import numpy as np
import pytest
from numpy.polynomial import Polynomial

from lib.polynomials import in_scaled, slope_at, value_at

COEFFICIENTS = [(), (3.0,), (3.0, -0.5), (480.0, 0.31, -2e-5, 4e-9)]


@pytest.mark.parametrize("coefficients", COEFFICIENTS[1:])
def test_values_and_slopes_are_those_of_numpy(coefficients):
    x = np.linspace(-50, 900, 12).reshape(3, 4)
    theirs = Polynomial(coefficients)
    assert value_at(coefficients, x) == pytest.approx(theirs(x), rel=1e-12)
    assert slope_at(coefficients, 70.0) == pytest.approx(theirs.deriv()(70.0), rel=1e-12)


@pytest.mark.parametrize("coefficients", COEFFICIENTS)
def test_a_polynomial_of_a_scaled_coordinate_is_one_of_the_coordinate(coefficients):
    powers = in_scaled(coefficients, 31.5, 4.0)
    assert len(powers) == len(coefficients)
    x = np.linspace(-50, 900, 12)
    assert value_at(powers, x) == pytest.approx(value_at(coefficients, (x - 31.5) / 4.0), rel=1e-9)
