"""The rows of a band whose lines agree."""

import numpy as np
import pytest

from lib.recognition.find.rows import clean_rows
from lib.recognition.straighten import Geometry
from lib.recognition.strip import sample_band


@pytest.fixture
def slit():
    """Upright lines over 80 rows with noise."""
    x = np.arange(400)
    light = sum(150 * np.exp(-0.5 * ((x - line) / 2) ** 2) for line in (60, 140, 150, 290))
    rng = np.random.default_rng(0)
    picture = light + rng.normal(5, 2, (80, 400))
    return np.repeat(np.clip(picture, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


GEOMETRY = Geometry("horizontal", 0, 399, (39.5,), 40)


def offsets(picture, geometry=GEOMETRY):
    """The first and the last clean row, in pixels off the centre line."""
    strip = sample_band(picture, geometry)
    return strip.offset[clean_rows(strip)][[0, -1]].tolist()


def test_all_rows_of_a_whole_slit_are_used(slit):
    assert offsets(slit) == [-34, 34]


def test_a_displaced_half_is_left_out(slit):
    slit[50:] = np.roll(slit[50:], 9, axis=1)
    low, high = offsets(slit)
    assert low == -34
    assert 5 < high < 13


def test_a_drawn_line_does_not_end_the_band(slit):
    slit[40] = 255
    assert offsets(slit) == [-34, 34]


def test_a_band_of_few_rows_is_used_whole(slit):
    geometry = Geometry("horizontal", 0, 399, (39.5,), 3)
    low, high = offsets(slit, geometry)
    assert high == pytest.approx(-low) == pytest.approx(2.55)
