"""Lines through a photo: what the trace network reads, and what it is to say."""

from dataclasses import replace

import numpy as np
import pytest

from lib.recognition.find.trace_view import CHANNELS, PLACES, look_along
from lib.recognition.straighten import Geometry
from lib.simulation.photos.difficulty import PLAIN
from lib.simulation.photos.photos import simulate_photo
from lib.training.examples.trace_lines import NM_ORIGIN, NM_UNIT, draw_window, mirror, trace_targets
from lib.training.networks.trace import taught

EASY = vars(PLAIN)


def line(axis="horizontal", **changes):
    return replace(Geometry(axis, 100.0, 299.0, (50.0,), 8.0), **changes)


@pytest.mark.parametrize("axis", ["horizontal", "vertical"])
def test_places_show_what_lies_there(axis):
    image = np.zeros((101, 400, 3), np.uint8)
    image[40:60, 200:210, 1] = 200
    if axis == "vertical":
        image = np.ascontiguousarray(image.transpose(1, 0, 2))
    view = look_along(image, line(axis), 100.0, 300.0)
    assert view.light.shape == (PLACES, CHANNELS)
    lit = np.flatnonzero(view.light[:, 1] > 0.7)
    edges = view.to_photo(np.array([lit[0], lit[-1] + 1]))
    assert edges == pytest.approx([200, 210], abs=1.0)
    # Red and blue are dark, and so are the rows beside the band.
    assert view.light[:, [0, 2]].max() == 0
    assert view.light[:, 6:9].max() == 0


def test_places_outside_the_photo_say_so():
    image = np.full((101, 400, 3), 90, np.uint8)
    view = look_along(image, line(), -200.0, 600.0)
    edges = view.to_photo(np.arange(PLACES + 1))
    inside = (edges[:-1] > 1) & (edges[1:] < 399)
    outside = (edges[1:] < -1) | (edges[:-1] > 401)
    assert (view.light[inside, 9] == 1).all()
    assert (view.light[outside][:, :10] == 0).all()


def test_a_strip_has_nothing_beside_it():
    assert (
        look_along(np.full((16, 400, 3), 90, np.uint8), line(centre=(7.5,)), 0, 400).light[0, 10]
        == 0
    )


def test_targets_are_the_truth_of_a_simulated_photo():
    photo = simulate_photo(np.random.default_rng(4), "neon", **EASY)
    box = photo.truth.boxes[0]
    trace = Geometry("horizontal", box.x0, box.x1 - 1, box.centre_line, 5.0)
    edges = np.linspace(0, photo.image.shape[1], PLACES + 1)
    targets = trace_targets(edges, trace, [box])
    pixel = edges[1] - edges[0]
    assert targets[:, 0].sum() * pixel == pytest.approx(box.x1 - box.x0)
    covered = targets[:, 0] > 0.99
    assert (targets[covered, 1] == 1).all()
    middles = (edges[1:] + edges[:-1]) / 2 - 0.5
    expected = (box.nm_at(middles[covered]) - NM_ORIGIN) / NM_UNIT
    assert targets[covered, 2] == pytest.approx(expected, abs=1e-3)


def test_a_line_beside_a_band_or_across_it_covers_nothing():
    photo = simulate_photo(np.random.default_rng(4), "neon", **EASY)
    box = photo.truth.boxes[0]
    edges = np.linspace(0, 400, 33)
    off = np.polynomial.polynomial.polyadd(box.centre_line, [3.0 * (box.y1 - box.y0)])
    beside = Geometry("horizontal", 0, 399, tuple(off), 5.0)
    across = Geometry("vertical", 0, 399, ((box.x0 + box.x1) / 2,), 5.0)
    assert not trace_targets(edges, beside, [box]).any()
    assert not trace_targets(edges, across, [box]).any()


def test_windows_hold_most_of_their_stretch():
    rng = np.random.default_rng(0)
    for _ in range(50):
        start, stop = draw_window(rng, 100.0, 140.0)
        assert min(stop, 140) - max(start, 100) >= 0.4 * 40
        assert stop - start >= 8


def test_mirrored_lines_and_targets_stay_together():
    rng = np.random.default_rng(1)
    light = rng.random((64, 8, 3))
    targets = np.zeros((64, 8, 3))
    targets[:, :, 0] = light[:, :, 0]
    targets[:, :, 1] = 1
    turned_light, turned = mirror(rng, light, targets)
    assert np.array_equal(turned[..., 0], turned_light[..., 0])
    moved = turned[:, 0, 1] == 0
    assert 10 < moved.sum() < 54
    assert np.array_equal(turned_light[moved], light[moved, ::-1])
    assert (turned[~moved, :, 1] == 1).all()


class Teacher:
    """Says a logit for cover, blue towards the start of what it is given, and 600 nm."""

    def __init__(self, cover):
        self.cover = cover

    def run(self, line):
        blue = np.where(np.arange(len(line)) < len(line) / 2, 2.0, -1.0)
        said = np.tile(np.float32([self.cover, 0.0, 0.5, 0.0]), (len(line), 1))
        said[:, 1] = blue
        return said


def test_teachers_replace_the_truth_but_for_its_wavelengths():
    light = np.zeros((3, 8, 12), np.float16)
    targets = np.zeros((3, 8, 3), np.float16)
    targets[:, 2:5] = 1, 1, -1
    said = taught([Teacher(3.0), Teacher(-1.0)], {"light": light, "targets": targets})
    assert said.shape == targets.shape
    assert said.dtype == np.float16
    # The mean of their logits is 1.
    assert said[..., 0] == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-3)
    # Read from the other end, what is blue lies towards the other end.
    forward = 1 / (1 + np.exp(-1.5))
    assert said[:, :4, 1] == pytest.approx(forward, abs=1e-3)
    assert said[:, 4:, 1] == pytest.approx(1 - forward, abs=1e-3)
    assert (said[:, 2:5, 2] == -1).all()
    assert (said[:, 5:, 2] == 0.5).all()
