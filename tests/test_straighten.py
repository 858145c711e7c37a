"""The map between a straightened strip and its photo."""

import numpy as np
import pytest

from lib.recognition.straighten import Geometry, sample


def ramp(height, width):
    """A picture whose two channels hold each pixel's own x and y."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.dstack([x, y, x + y])


@pytest.mark.parametrize("axis", ["horizontal", "vertical"])
def test_sampled_pixels_come_from_where_place_says(axis):
    geometry = Geometry(axis, 30, 90, (40.0, 0.1), 8, lean=-0.2, smile=0.01)
    along, offset = np.arange(30, 91), np.linspace(-8, 8, 5)
    x, y = geometry.place(along, offset)
    strip = sample(ramp(130, 140), geometry, along, offset)
    # cv2 interpolates with 5 bits of fraction.
    assert np.allclose(strip[..., 0], x, atol=1 / 32)
    assert np.allclose(strip[..., 1], y, atol=1 / 32)


def test_centre_line_positions_are_photo_coordinates():
    geometry = Geometry("horizontal", 10, 50, (20.0, 0.25), 5, lean=0.3, smile=0.02)
    x, y = geometry.place(np.array([10.0, 50.0]), np.zeros(1))
    assert x.tolist() == [[10.0, 50.0]]
    assert y.tolist() == [[22.5, 32.5]]


def test_photos_beyond_the_reach_of_16_bits_are_sampled():
    picture = np.zeros((4, 40000), np.uint8)
    picture[:, 39000] = 200
    geometry = Geometry("horizontal", 38990, 39010, (1.5,), 1)
    strip = sample(picture, geometry, np.arange(38990, 39011), np.zeros(1))
    assert strip[0].argmax() == 10


def test_slope_is_that_of_the_centre_line_at_the_middle():
    geometry = Geometry("vertical", 0, 100, (3.0, 0.2, 0.001), 5)
    assert geometry.slope() == pytest.approx(0.3)


def test_strips_longer_than_16_bits_are_sampled():
    picture = np.zeros((3, 40000), np.uint8)
    picture[1, ::1000] = 200
    geometry = Geometry("horizontal", 0, 39999, (1.0,), 1)
    strip = sample(picture, geometry, np.arange(40000), np.zeros(1))
    assert np.flatnonzero(strip[0]).tolist() == list(range(0, 40000, 1000))
