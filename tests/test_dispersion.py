"""Curves of gratings and prisms are found again from what is read along them."""

import numpy as np
import pytest

from lib.recognition.axis.dispersion import FAMILIES, Points, fit_dispersion

GRATING, PRISM = FAMILIES
T = np.linspace(-1, 1, 24)
TRUE = {
    "grating": np.array([550.0, 150.0, 6.91, 0.6, 0.05]),
    "prism": np.array([520.0, 120.0, 190.0]),
}


def read(family, sigma_nm=0.5):
    return Points(T, family.curve(TRUE[family.name], T)[0], np.full(len(T), sigma_nm))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_derivatives_are_those_of_the_curve(family):
    parameters = TRUE[family.name]
    slopes = family.curve(parameters, T)[1]
    for k, value in enumerate(parameters):
        step = np.zeros_like(parameters)
        step[k] = 1e-5 * max(abs(value), 1.0)
        ahead, back = (family.curve(parameters + s, T)[0] for s in (step, -step))
        assert slopes[:, k] == pytest.approx((ahead - back) / (2 * step[k]), abs=1e-5)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_right_kind_of_curve_is_found(family):
    fit = fit_dispersion(read(family, 0.1))
    assert fit.family is family
    assert np.abs(fit.nm_at(T) - read(family).nm).max() < 0.2


def test_beyond_its_points_a_grating_is_followed_better_than_by_a_cubic():
    nm = GRATING.curve(TRUE["grating"], T)[0]
    seen = T < 0.2
    fit = fit_dispersion(Points(T[seen], nm[seen], np.full(seen.sum(), 0.05)))
    rng = np.random.default_rng(0)
    cubic = np.polyfit(T[seen], nm[seen] + 0.05 * rng.standard_normal(seen.sum()), 3)
    assert abs(fit.nm_at(T)[-1] - nm[-1]) < 1.5
    assert abs(fit.nm_at(T)[-1] - nm[-1]) < abs(np.polyval(cubic, 1.0) - nm[-1])


def test_errors_grow_away_from_the_lines():
    lines = Points(np.array([-0.5, 0.0, 0.3]), np.array([472.9, 550.0, 593.1]), np.full(3, 0.1))
    fit = fit_dispersion(read(GRATING, 2.0), lines)
    assert fit.error_at(np.array([0.0]))[0] < 0.15
    assert fit.error_at(np.array([1.0]))[0] > 5 * fit.error_at(np.array([0.0]))[0]


def test_one_wrong_line_does_not_move_the_curve():
    nm = GRATING.curve(TRUE["grating"], T)[0]
    t = np.array([-0.8, -0.3, 0.1, 0.5, 0.9])
    true = np.interp(t, T, nm)
    wrong = true + np.array([0, 0, 6.0, 0, 0])
    fit = fit_dispersion(read(GRATING, 1.0), Points(t, wrong, np.full(5, 0.2)))
    assert np.abs(fit.nm_at(t) - true).max() < 0.7


def test_what_is_read_wrong_everywhere_alike_is_put_right_by_lines():
    shifted = read(GRATING, 0.8)
    shifted = Points(T, shifted.nm + 0.8, shifted.sigma_nm)
    true = GRATING.curve(TRUE["grating"], T)[0]
    t = np.array([-0.6, 0.4])
    fit = fit_dispersion(shifted, Points(t, np.interp(t, T, true), np.full(2, 0.1)))
    assert np.abs(fit.nm_at(T) - true)[4:-4].max() < 0.4
