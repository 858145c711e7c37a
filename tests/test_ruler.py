"""Rulers drawn over a spectrum are left out of what is measured; a lamp's own lines stay."""

import numpy as np
import pytest

from lib.recognition.ruler import ruler_columns
from lib.recognition.straighten import Geometry
from lib.recognition.strip import sample_band, sample_line

WIDTH, HEIGHT = 900, 40
COLUMN = np.arange(float(WIDTH))
BAND = Geometry("horizontal", 0.0, WIDTH - 1.0, (HEIGHT / 2,), 15.0)


def spectrum(lines=(), *, width_px=3.0):
    """Return a photo (h, w, 3) of a smooth light with lines."""
    light = 40 + 60 * np.exp(-(((COLUMN - 400) / 200) ** 2))
    for place in lines:
        light = light + 100 * np.exp(-0.5 * ((COLUMN - place) / width_px) ** 2)
    colours = light[:, None] * [0.4, 1.0, 0.7]
    return np.broadcast_to(colours, (HEIGHT, WIDTH, 3)).astype(np.uint8)


def ruled(image, places, level=60, blend=0.5):
    """Return the photo with thin grey lines drawn at places."""
    drawn = image.copy()
    columns = np.round(places).astype(int)
    drawn[:, columns] = (1 - blend) * drawn[:, columns] + blend * (level + 60)
    return drawn


def light_of(image):
    return sample_band(image, BAND).light.mean(axis=0)


@pytest.mark.parametrize(
    "places",
    [
        pytest.param(np.arange(21, WIDTH - 5, 32.9), id="of pixels"),
        pytest.param(20 + 30 * np.arange(25) + 0.12 * np.arange(25) ** 2, id="of nanometres"),
    ],
)
def test_a_ruler_is_bridged_and_the_lines_beneath_stay(places):
    image = spectrum([100, 300, 420, 613, 760])
    drawn = ruled(image, places)
    off = np.abs(light_of(drawn) - light_of(image))
    # A column upon a line is bridged too.
    assert np.quantile(off, 0.98) < 3 and off.max() < 20
    assert np.abs(drawn[20].astype(int) - image[20]).max() > 30


def test_where_a_line_hides_a_part_of_the_ruler_the_rest_is_found():
    places = np.delete(np.arange(25, WIDTH - 5, 40), [5, 11, 12])
    found = ruler_columns(sample_line(ruled(spectrum(), places), BAND, COLUMN).light)
    assert np.flatnonzero(found).tolist() == list(range(25, WIDTH - 5, 40))


@pytest.mark.parametrize(
    "places",
    [
        pytest.param([60, 131, 188, 290, 333, 402, 500, 561, 640, 702, 777, 850], id="a lamp"),
        pytest.param(np.arange(40, 800, 110), id="too few"),
        pytest.param([], id="smooth"),
    ],
)
def test_thin_lines_that_are_no_ruler_stay(places):
    image = ruled(spectrum(), np.array(places, int), level=180, blend=1.0)
    assert not ruler_columns(sample_line(image, BAND, COLUMN).light).any()


def test_noise_is_no_ruler():
    rng = np.random.default_rng(0)
    for rows in (1, HEIGHT):
        noise = np.repeat(rng.normal(0, 12, (rows, WIDTH, 1)), HEIGHT // rows, axis=0)
        image = np.clip(spectrum() + noise, 0, 255).astype(np.uint8)
        assert not ruler_columns(sample_line(image, BAND, COLUMN).light).any()
