import numpy as np
import pytest

from lib.recognition.axis.peaks import find_dips, find_lines


def lines(places, heights, fwhm=6.0, samples=300, colour=(1.0, 1.0, 1.0)):
    """Return a profile with Gaussian lines on a dark floor of 5 counts."""
    x = np.arange(samples)
    curve = np.zeros(samples)
    for place, height in zip(places, heights, strict=True):
        curve += height * np.exp(-0.5 * ((x - place) / (fwhm / 2.355)) ** 2)
    return np.clip(5 + curve[:, None] * np.array(colour), 0, 255)


def test_places_are_found_within_a_twentieth_of_a_sample():
    peaks = find_lines(lines([60.3, 151.75, 240.5], [120, 60, 200]))
    assert peaks.place == pytest.approx([60.3, 151.75, 240.5], abs=0.05)
    assert peaks.point_spread == pytest.approx(6.0, rel=0.25)


def test_a_saturated_line_is_placed_by_its_flanks():
    peaks = find_lines(lines([100.4], [2000]))
    assert peaks.clipped.all()
    assert peaks.place == pytest.approx([100.4], abs=0.1)


def test_a_channel_that_is_not_blinded_decides():
    rgb = lines([100.4], [2000], colour=(0.02, 1.0, 0.02))
    rgb[95:112, 1] = 255
    assert find_lines(rgb).place == pytest.approx([100.4], abs=0.3)


def test_channels_join_to_one_peak():
    peaks = find_lines(lines([80.0, 200.0], [150, 150], colour=(0.2, 1.0, 0.1)))
    assert len(peaks) == 2


def test_noise_is_not_taken_for_lines():
    rng = np.random.default_rng(0)
    noisy = lines([150.0], [150], samples=600) + 3 * rng.standard_normal((600, 3))
    peaks = find_lines(noisy)
    strong = peaks.height > 0.2 * peaks.height.max()
    assert peaks.place[strong] == pytest.approx([150.0], abs=0.3)
    assert len(peaks) < 25


def test_a_line_on_a_broad_hump_keeps_its_width_and_place():
    x = np.arange(400.0)
    hump = 80 * np.exp(-0.5 * ((x - 180) / 60) ** 2)
    peaks = find_lines(lines([140.0], [100], samples=400) + hump[:, None])
    nearest = np.abs(peaks.place - 140).argmin()
    assert peaks.place[nearest] == pytest.approx(140.0, abs=0.4)
    assert peaks.fwhm[nearest] < 10


def test_reading_from_the_other_end_mirrors_the_peaks():
    rgb = lines([60.0, 200.0], [100, 50])
    forward, backward = find_lines(rgb), find_lines(rgb[::-1])
    assert len(rgb) - 1 - forward.place[::-1] == pytest.approx(backward.place, abs=0.02)
    assert forward.height[::-1] == pytest.approx(backward.height, rel=0.02)


def test_dips_are_found_in_a_bright_continuum():
    rgb = 180 - 0.3 * lines([100.0, 220.0], [150, 100], samples=420)
    peaks, depth = find_dips(rgb)
    assert depth.shape == rgb.shape
    strong = peaks.strongest(2)
    assert peaks.place[strong] == pytest.approx([100.0, 220.0], abs=0.5)


def test_a_flat_profile_has_no_peaks():
    assert len(find_lines(np.full((200, 3), 17.0))) == 0


def test_a_blinded_stretch_is_no_line_and_no_warning():
    rgb = lines([60.0], [100])
    rgb[120:260] = 255
    peaks = find_lines(rgb)
    assert np.abs(peaks.place - 60).min() < 0.2


def test_a_doublet_sharper_than_the_lines_beside_it_stays_two_lines():
    wide = lines([60.0, 220.0], [120, 120], fwhm=9.0)
    rgb = np.clip(wide + lines([136.0, 144.0], [150, 170], fwhm=5.5) - 5, 0, 255)
    assert find_lines(rgb).place == pytest.approx([60.0, 136.0, 144.0, 220.0], abs=0.4)
