"""The first order along a line."""

import numpy as np
import pytest

from lib.recognition.find.orders import BEYOND, _surest_stretch, order_in, rough_order
from lib.recognition.straighten import Geometry
from lib.recognition.strip import sample_band
from lib.simulation.photos.difficulty import PLAIN
from lib.simulation.photos.photos import simulate_photo

EASY = vars(PLAIN)


def rough_line(box):
    """A line as the mask may give it: half of the band, or twice as much."""
    first, last = (box.x0, box.x1) if box.axis == "horizontal" else (box.y0, box.y1)
    breadth = box.y1 - box.y0 if box.axis == "horizontal" else box.x1 - box.x0
    return Geometry(box.axis, first + 0.3 * (last - first), last, box.centre_line, breadth / 2)


def test_the_stretch_bridges_short_gaps_and_no_long_ones():
    value = np.full(40, -0.4)
    value[5:12] = value[14:20] = value[35:37] = 0.4
    assert _surest_stretch(value) == (5, 20)
    assert _surest_stretch(np.full(9, -0.1)) == (0, 0)


@pytest.mark.slow
def test_ends_and_direction_come_from_the_light_and_not_from_the_mask():
    right = turned = directed = 0
    for number, lamp in enumerate(("neon", "cfl_hg", "continuum", "helium", "nitrogen") * 4):
        reversed_ = number % 2 == 1
        photo = simulate_photo(
            np.random.default_rng(number), lamp, **EASY | {"reversed": reversed_}
        )
        box = photo.truth.boxes[0]
        rough = rough_order(photo.image, rough_line(box))
        strip = sample_band(photo.image, rough.geometry, beyond=BEYOND)
        order = order_in(strip)
        both = min(order.geometry.stop, box.x1) - max(order.geometry.start, box.x0)
        either = max(order.geometry.stop, box.x1) - min(order.geometry.start, box.x0)
        right += both > 0.8 * either
        if box.blue_end != "none":
            directed += 1
            turned += order.towards_red == (-1 if number % 2 else 1)
    assert right >= 16
    assert turned == directed


def test_a_dark_line_holds_no_order():
    dark = np.zeros((100, 300, 3), np.uint8)
    assert rough_order(dark, Geometry("horizontal", 50.0, 200.0, (50.0,), 10.0)) is None
