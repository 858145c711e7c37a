import numpy as np
import pytest

from lib.recognition.axis_fit import (
    fit_axis_model,
    fit_model,
    grating_model,
    left_out,
    shape_cost,
)
from lib.simulation.projection import grating_for_span

T = np.linspace(-0.9, 0.9, 9)
SIGMA = np.full(9, 0.1)


def grating_nm(t: np.ndarray, turn_rad: float) -> np.ndarray:
    """Wavelengths from 400 to 700 nm through a grating, t from -1 to 1."""
    grating = grating_for_span(1000.0, turn_rad, 600.0, (400.0, 700.0))
    start = grating.offset_px(np.array([400.0]))[0]
    return grating.nm_at(start + 300.0 * (t + 1))


def test_a_straight_axis_is_fitted_by_a_line():
    assert fit_axis_model(T, 550 + 150 * T, SIGMA).model == "linear"


def test_a_grating_is_followed_within_its_curvature():
    fit = fit_axis_model(T, grating_nm(T, 0.0), SIGMA)
    assert fit.model == "grating"
    t = np.linspace(-1, 1, 50)
    shown = np.polynomial.polynomial.polyval(t, fit.coefficients)
    assert np.abs(shown - grating_nm(t, 0.0)).max() < 0.5


def test_an_outlier_does_not_pull_the_axis():
    nm = grating_nm(T, 0.4)
    nm[4] += 4.0
    fit = fit_axis_model(T, nm, SIGMA)
    assert abs(np.polynomial.polynomial.polyval(0.5, fit.coefficients) - grating_nm(0.5, 0.4)) < 0.3


def test_scatter_beyond_the_stated_errors_widens_the_error_bars():
    rng = np.random.default_rng(0)
    nm = grating_nm(T, 0.4)
    calm = fit_axis_model(T, nm, SIGMA).covariance[0, 0]
    rough = fit_axis_model(T, nm + rng.normal(0, 1.0, 9), SIGMA).covariance[0, 0]
    assert rough > 4 * calm


@pytest.mark.parametrize("turn_rad", [0.0, 0.2, 0.5])
def test_real_gratings_are_what_the_prior_expects(turn_rad):
    t = np.linspace(-1, 1, 99)
    assert shape_cost(np.polynomial.polynomial.polyfit(t, grating_nm(t, turn_rad), 3)) < 5


def test_a_line_is_judged_by_what_the_others_say():
    nm = grating_nm(T, 0.4)
    nm[8] += 5.0
    off, spread = left_out(T, nm, SIGMA, grating_model(150.0))
    assert np.abs(off / spread).argmax() == 8
    assert off[8] == pytest.approx(5.0, abs=1.5)
    # Predicted from one side only, the end line is the least certain.
    assert spread[8] > spread[4]


def test_robust_weights_tell_the_outlier():
    nm = 550 + 150 * T
    nm[2] += 3.0
    weight = fit_model(T, nm, SIGMA, grating_model(150.0))[2]
    assert weight.argmin() == 2
