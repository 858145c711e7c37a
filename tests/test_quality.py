"""What is said of a band's light."""

import numpy as np
import pytest

from lib.recognition.quality import clipping_levels, measure_background, measure_quality
from lib.recognition.straighten import Geometry, sorted_across
from lib.recognition.strip import sample_band
from lib.simulation.instrument.camera import jpeg


def profile_of(lines, noise=1.0, height=150.0):
    x = np.arange(500)
    light = sum(height * np.exp(-0.5 * ((x - line) / 3) ** 2) for line in lines)
    light = light + np.random.default_rng(0).normal(0, noise, 500)
    return np.repeat(np.float32(light)[:, None], 3, axis=1)


@pytest.mark.parametrize("lines", [(100,), (50, 120, 300), range(30, 480, 40)])
def test_lines_are_counted(lines):
    quality = measure_quality(profile_of(lines), np.zeros(500, bool), 1.0, np.zeros(3), 1.0)
    assert quality.lines_resolved == len(lines)
    assert quality.snr == pytest.approx(150, rel=0.05)
    assert quality.colour < 0.2


def test_noise_alone_has_no_lines():
    profile = profile_of((), noise=1.0)
    quality = measure_quality(profile, np.zeros(500, bool), 1.0, np.zeros(3), 0.7)
    assert quality.lines_resolved == 0
    assert quality.snr < 5


def test_clipping_is_saturation():
    clipped = np.zeros(500, bool)
    clipped[100:130] = True
    quality = measure_quality(profile_of((100,)), clipped, 1.0, np.zeros(3), 1.0)
    assert quality.clipped_fraction == pytest.approx(0.06)


def test_background_and_noise_are_those_beside_the_band():
    rng = np.random.default_rng(1)
    image = rng.normal((20, 35, 50), 3, (120, 400, 3))
    image[40:80] += 100
    picture = np.clip(np.round(image), 0, 255).astype(np.uint8)
    band = Geometry("horizontal", 0, 399, (59.5,), 20)
    background, noise = measure_background(sample_band(picture, band))
    assert np.allclose(background, (20, 35, 50), atol=1)
    # The brightest of three channels scatters less than one, and 33 rows are averaged.
    assert 1.5 / np.sqrt(33) < noise < 3.5 / np.sqrt(33)


def test_a_band_that_fills_the_photo_has_the_background_of_its_dark_parts():
    image = np.full((20, 400, 3), 12, np.uint8)
    image[:, 100:300] = 120
    band = Geometry("horizontal", 0, 399, (9.5,), 10)
    background, _ = measure_background(sample_band(image, band))
    assert np.allclose(background, 12)


def test_noise_of_a_trace_lower_than_a_pixel_is_not_its_light():
    rng = np.random.default_rng(2)
    y = np.arange(60)[:, None] - 30.0
    light = 150 * np.exp(-((y / 0.9) ** 2)) * np.ones((1, 400)) + 20
    picture = np.clip(np.round(light + rng.normal(0, 2, light.shape)), 0, 255).astype(np.uint8)
    trace = Geometry("horizontal", 0, 399, (30.0,), 0.6)
    _, noise = measure_background(sample_band(np.repeat(picture[..., None], 3, axis=2), trace))
    assert 1 < noise < 3


def band_light(peak, noise=3.0, fwhm=9.0, places=(80, 200, 300), seed=3):
    """Return noisy light of lines along a band, float (40, 400, 3)."""
    x = np.arange(400)
    heights = (1.0, 0.7, 0.5)
    light = sum(
        height * np.exp(-4 * np.log(2) * ((x - place) / fwhm) ** 2)
        for place, height in zip(places, heights, strict=True)
    )
    grain = np.random.default_rng(seed).normal(0, noise, (40, 400, 3))
    return 10 + peak * light[:, None] + grain


@pytest.mark.parametrize(("level", "full"), [(235, 255), (200, 255), (15311, 16383), (5000, 16383)])
def test_a_plateau_is_clipping_at_any_level(level, full):
    light = np.clip(np.round(band_light(2.5 * level, noise=0.01 * level)), 0, level)
    kind = np.uint8 if full == 255 else np.uint16
    levels = clipping_levels(sorted_across(light.astype(kind)), full)
    assert (levels == level).all()
    assert (clipping_levels(sorted_across(light.astype(kind)[..., ::-1, :]), full) == level).all()


def test_a_plateau_that_a_jpeg_has_blurred_is_clipping():
    light = np.clip(np.round(band_light(600.0, fwhm=14.0)), 0, 235).astype(np.uint8)
    blurred = jpeg(light, 88, subsampled=True)
    levels = clipping_levels(sorted_across(blurred))
    assert (levels > 215).all() and (levels < 235).all()


@pytest.mark.parametrize("fwhm", [3.0, 9.0, 60.0])
def test_light_that_is_not_clipped_has_no_plateau(fwhm):
    light = np.clip(np.round(band_light(200.0, fwhm=fwhm)), 0, 255).astype(np.uint8)
    assert (clipping_levels(sorted_across(light)) == 250).all()
    assert (clipping_levels(sorted_across(jpeg(light, 88, subsampled=True))) == 250).all()
    deep = np.round(band_light(12000.0, noise=60.0, fwhm=fwhm)).clip(0).astype(np.uint16)
    assert (clipping_levels(sorted_across(deep), 16383) > 16000).all()


def test_darkness_has_no_plateau():
    dark = np.random.default_rng(4).integers(0, 3, (40, 400, 3)).astype(np.uint8)
    assert (clipping_levels(sorted_across(dark)) == 250).all()
