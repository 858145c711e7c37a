"""Lines are made upright and the trace is followed."""

import numpy as np
import pytest

from lib.recognition.find.refinement import refine
from lib.recognition.straighten import Geometry, sample

LINES = (60.0, 110.0, 117.0, 180.0, 260.0)


def draw_band(height, width, geometry, noise=2.0):
    """Lines of 2 px at `LINES` on the centre line of a band of known geometry."""
    y, x = np.mgrid[:height, :width].astype(float)
    u, v = (x, y) if geometry.axis == "horizontal" else (y, x)
    # The place on the centre line whose line runs through each pixel, by iteration.
    along = u.copy()
    for _ in range(30):
        offset = v - geometry.across(along)
        offset = np.clip(offset, -90, 90)
        along = u - geometry.lean * offset - geometry.smile * offset**2
    light = sum(np.exp(-0.5 * ((along - line) / 1.0) ** 2) for line in LINES)
    light *= 1 / (1 + np.exp((np.abs(offset) - geometry.half_height) / 0.8))
    rng = np.random.default_rng(0)
    picture = 8 + 200 * light + rng.normal(0, noise, light.shape)
    return np.repeat(np.clip(picture, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("axis", ["horizontal", "vertical"])
@pytest.mark.parametrize("slope", [0.0, 0.08, -0.4])
@pytest.mark.parametrize(("lean", "smile"), [(0.0, 0.0), (0.25, 0.0), (-0.1, 0.006)])
def test_lines_become_columns_and_stay_in_place(axis, slope, lean, smile):
    centre = (100 - 160 * slope, slope)
    truth = Geometry(axis, 40, 290, centre, 24, lean=lean - slope, smile=smile)
    shape = (200, 320) if axis == "horizontal" else (320, 200)
    image = draw_band(*shape, truth)
    rough = Geometry(axis, 38, 294, (centre[0] + 2.5 + 160 * 0.012, slope - 0.012), 26)
    found = refine(image, rough, uncertainty_px=3)
    along = np.arange(40, 291, dtype=float)
    assert np.abs(found.across(along) - truth.across(along)).max() < 1.5
    offset = np.linspace(-18, 18, 9)
    strip = sample(image, found, along, offset)[..., 0].astype(float)
    for line in LINES:
        window = np.abs(along - line) < 3.5
        light = strip[:, window] - 8
        middles = (light * along[window]).sum(axis=1) / light.sum(axis=1)
        assert np.ptp(middles) < 0.8
        # A centre line half a pixel off cuts a leaning line half a pixel's lean elsewhere.
        assert abs(middles.mean() - line) < 0.3 + 0.6 * abs(truth.lean)


def test_a_thin_trace_is_found_from_a_rough_line():
    truth = Geometry("horizontal", 20, 500, (90.0, -0.03), 1.5)
    y, x = np.mgrid[:160, :520].astype(float)
    light = np.exp(-0.5 * ((y - truth.across(x)) / 1.2) ** 2) * (1 + 0.3 * np.sin(x / 25))
    rng = np.random.default_rng(1)
    grey = np.clip(30 + 90 * light + rng.normal(0, 3, x.shape), 0, 255).astype(np.uint8)
    rough = Geometry("horizontal", 20, 500, (93.0, -0.025), 5)
    found = refine(np.repeat(grey[..., None], 3, axis=2), rough, uncertainty_px=6)
    along = np.linspace(30, 490, 9)
    assert np.abs(found.across(along) - truth.across(along)).max() < 0.7
    assert found.half_height < 4


def test_a_plain_continuum_keeps_upright_lines():
    x = np.linspace(0, 1, 400)
    light = 150 * np.exp(-(((x - 0.5) / 0.4) ** 2))
    grey = np.tile(light, (60, 1)) + np.random.default_rng(2).normal(0, 2, (60, 400))
    image = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    found = refine(image, Geometry("horizontal", 0, 399, (29.5,), 29), uncertainty_px=1)
    assert abs(found.lean) < 0.02
    assert found.smile == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("sag", [12, 25, 40, -40])
def test_arcs_are_followed_and_not_taken_for_a_lean(sag):
    truth = Geometry("horizontal", 40, 520, (180.0,), 170, smile=sag / 170**2)
    y, x = np.mgrid[:360, :560].astype(float)
    offset = y - 180
    along = x - truth.smile * offset**2
    light = sum(np.exp(-0.5 * ((along - line) / 1.5) ** 2) for line in (120, 190, 205, 300, 430))
    noise = np.random.default_rng(0).normal(0, 3, light.shape)
    grey = np.clip(12 + 180 * light + noise, 0, 255).astype(np.uint8)
    rough = Geometry("horizontal", 40, 520, (180.0,), 170)
    found = refine(np.repeat(grey[..., None], 3, axis=2), rough, uncertainty_px=3)
    assert abs(found.smile - truth.smile) * 170**2 < 1.5
    assert abs(found.lean) * 170 < 1.5


@pytest.mark.parametrize("lean", [0.0507, 0.0623, 0.1741])
def test_a_lean_between_two_steps_of_the_search_is_found(lean):
    truth = Geometry("horizontal", 20, 330, (90.0,), 70, lean=lean)
    image = draw_band(180, 350, truth)
    found = refine(image, Geometry("horizontal", 20, 330, (90.0,), 70), uncertainty_px=1)
    assert abs(found.lean - truth.lean) * truth.half_height < 0.15
