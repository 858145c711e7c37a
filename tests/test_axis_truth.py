"""What is true along a found band, where wavelength axes are judged."""

from types import SimpleNamespace

import numpy as np
import pytest

from lib.recognition.straighten import Geometry
from lib.simulation.photos.difficulty import PLAIN
from lib.simulation.photos.photos import simulate_photo
from lib.training.examples.axis_truth import ASKED_NM, asked_places


@pytest.fixture(scope="module")
def box():
    switches = vars(PLAIN) | {"slanted": True}
    return simulate_photo(np.random.default_rng(3), "helium", **switches).truth.boxes[0]


def band(box, rows, lean=0.0):
    geometry = Geometry("horizontal", box.x0, box.x1 - 1, box.centre_line, 20.0, lean)
    return SimpleNamespace(geometry=geometry, rows=rows)


def test_on_the_centre_line_the_truth_is_the_boxes_own(box):
    px, nm = asked_places(band(box, (0.0, 0.0)), box)
    assert nm == pytest.approx(box.nm_at(px), abs=0.02)
    assert ASKED_NM[0] < nm.min() < nm.max() < ASKED_NM[1]


def test_leaning_lines_show_other_wavelengths_off_the_centre_line(box):
    slant, turn = box.projection.slant, np.tan(box.projection.angle_rad)
    # Pixels along the row by which a line is displaced for each row down.
    lean = (slant - turn) / (1 + slant * turn)
    px, upright = asked_places(band(box, (12.0, 12.0)), box)
    pixel_nm = np.polyfit(px, box.nm_at(px), 1)[0]
    off = np.mean(upright - box.nm_at(px))
    assert off == pytest.approx(-12 * lean * pixel_nm, rel=0.05)
    px, followed = asked_places(band(box, (12.0, 12.0), lean=lean), box)
    assert np.abs(followed - box.nm_at(px)).max() < 0.05 * abs(off)


def test_no_true_band_has_no_places(box):
    px, nm = asked_places(band(box, (0.0, 0.0)), None)
    assert len(px) == len(nm) == 0
