"""Curves are smoothed and their peaks measured as SciPy does it."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d, maximum_filter1d
from scipy.signal import find_peaks, peak_widths

from lib.recognition import curves


def noisy(samples: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = np.arange(samples)
    lines = sum(80 * np.exp(-0.5 * ((x - c) / 4) ** 2) for c in (0.2 * samples, 0.5 * samples))
    return lines + rng.normal(0, 3, samples)


@pytest.mark.parametrize("samples", [7, 64, 700])
@pytest.mark.parametrize("sigma", [0.6, 3.0, 12.0])
@pytest.mark.parametrize(
    ("border", "mode"), [(cv2.BORDER_REPLICATE, "nearest"), (cv2.BORDER_REFLECT, "reflect")]
)
def test_smoothing_is_that_of_scipy(samples, sigma, border, mode):
    rgb = np.random.default_rng(1).normal(size=(2, samples, 3))
    for values, axis in ((rgb, 1), (rgb[0], 0), (rgb[0, :, 0].copy(), 0)):
        expected = gaussian_filter1d(values, sigma, axis=axis, mode=mode)
        np.testing.assert_allclose(curves.smoothed(values, sigma, border), expected, atol=1e-9)


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_widening_is_that_of_scipy(size):
    light = noisy(100)
    np.testing.assert_array_equal(curves.widened(light, size), maximum_filter1d(light, size))


def test_quantiles_are_those_of_numpy():
    for samples in (1, 2, 9, 100):
        light = noisy(samples)
        for part in (0.0, 0.25, 0.3, 0.9, 1.0):
            assert curves.quantile(light, part) == pytest.approx(np.quantile(light, part))


@pytest.mark.parametrize("samples", [3, 50, 700])
@pytest.mark.parametrize("grain", [0.0, 4.0])
def test_peaks_and_prominences_are_those_of_scipy(samples, grain):
    curve = noisy(samples)
    # Rounded, it has flat tops and equal peaks.
    curve = np.round(curve / grain) * grain if grain else curve
    index, info = find_peaks(curve, prominence=0.0)
    np.testing.assert_array_equal(curves.maxima(curve), index)
    np.testing.assert_array_equal(curves.prominences(curve, index), info["prominences"])


@pytest.mark.parametrize("window", [9, 87, 1401])
@pytest.mark.parametrize("samples", [50, 700])
def test_what_rises_within_a_window_and_its_widths_are_those_of_scipy(samples, window):
    curve = noisy(samples)
    index, info = find_peaks(curve, prominence=0.0, wlen=window)
    slopes = curves.slopes_of(curve, index, window // 2)
    prominence = curve[index] - slopes.min(axis=2).max(axis=0)
    np.testing.assert_array_equal(prominence, info["prominences"])
    bases = (prominence, info["left_bases"], info["right_bases"])
    levels = np.array([0.15, 0.5])
    left, right = curves.flanks(slopes, curve[index] - levels[:, None] * prominence)
    for k, part in enumerate(levels):
        _, _, *expected = peak_widths(curve, index, rel_height=part, prominence_data=bases)
        np.testing.assert_allclose((index - left[k], index + right[k]), expected, atol=1e-9)


def test_a_flat_curve_has_no_peak():
    assert len(curves.maxima(np.zeros(9))) == 0
