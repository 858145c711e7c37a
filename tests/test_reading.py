"""The axis network's reading, as the rest of the program sees it."""

import numpy as np
import pytest

from lib.recognition.reading import COLUMNS, PLACES, Reading, read_light
from tests.test_wavelength import make_profile


@pytest.mark.parametrize("lamp", ["triphosphor", "neon", "helium", "hydrogen", "nitrogen"])
def test_wavelengths_are_read_without_the_lamps_name(lamp):
    profile, nm = make_profile(lamp, 3)
    reading = read_light(profile.rgb, blue_known=True)
    true = np.interp(reading.t, np.linspace(-1, 1, len(nm)), nm)
    inside = (true > 430) & (true < 680)
    off = np.abs(reading.nm - true)[inside]
    assert np.median(off) < 1.5
    assert np.mean(off < 3 * np.maximum(reading.scale_nm[inside], 0.4)) > 0.8


def test_a_profile_turned_round_is_read_backwards():
    profile, _ = make_profile("neon", 3)
    forth = read_light(profile.rgb, blue_known=False)
    back = read_light(profile.rgb[::-1], blue_known=False)
    assert forth.blue_first and not back.blue_first
    again = back.reversed()
    assert again.blue_first and again.t == pytest.approx(forth.t)
    assert np.median(np.abs(again.nm - forth.nm)) < 1.5


@pytest.mark.parametrize("samples", [40, COLUMNS, 1300])
def test_places_lie_in_the_middle_of_their_columns(samples):
    rgb = np.full((samples, 3), 50.0)
    reading = read_light(rgb, blue_known=True)
    edge = samples / (samples - 1) * (1 - 1 / PLACES)
    assert reading.t[[0, -1]] == pytest.approx([-edge, edge])


@pytest.mark.parametrize("rgb", [np.zeros((200, 3)), np.full((200, 3), 255.0), np.zeros((1, 3))])
def test_nothing_is_read_with_a_wide_error(rgb):
    reading = read_light(rgb, blue_known=True)
    assert np.isfinite(reading.nm).all() and reading.error_nm > 5


def test_an_led_s_colour_tells_little():
    profile, _ = make_profile("coloured_led", 1)
    assert read_light(profile.rgb, blue_known=True).error_nm > 3


def test_the_rise_is_signed():
    t = np.linspace(-1, 1, PLACES)
    assert Reading(t, 550 - 100 * t, np.ones(PLACES)).rise_nm < 0
