"""How axes of real photos are judged at lines marked by hand."""

import numpy as np
import pytest

from benchmarks.line_marks import MarkedBand
from benchmarks.real_axes import _on_centre_line
from lib.recognition.straighten import Geometry


def as_it_is(px, axis):
    return px


@pytest.mark.parametrize(
    ("axis", "box"), [("horizontal", "0 20 200 41"), ("vertical", "20 0 41 200")]
)
def test_marks_are_followed_along_leaning_lines(axis, box):
    band = Geometry(axis, 0.0, 199.0, (50.0,), 40.0, lean=0.1, smile=0.005)
    crossing = np.array([40.0, 120.0])
    # Where the lines that cross the centre line there are found in the box's middle row.
    x, y = band.place(crossing, np.array([30.0 - 50.0]))
    px = (x if axis == "horizontal" else y)[0]
    marked = MarkedBand("photo.png", "neon", axis, box, np.array([500.0, 600.0]), px)
    assert marked.row == 30.0
    assert _on_centre_line(band, marked, as_it_is) == pytest.approx(crossing)
