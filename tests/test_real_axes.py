"""How axes of real photos are judged at lines marked by hand."""

import numpy as np
import pytest

from benchmarks.axis_rows import marks_row
from benchmarks.line_marks import MarkedBand
from benchmarks.real_axes import _on_centre_line
from lib.recognition.axis.axis import WavelengthAxis
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
    nm, none = np.array([500.0, 600.0]), np.zeros(2)
    marked = MarkedBand("photo.png", "neon", axis, box, nm, px, none, none)
    assert marked.row == 30.0
    assert _on_centre_line(band, marked, as_it_is) == pytest.approx(crossing)


def test_a_mark_counts_as_held_within_its_own_error_too():
    # 1 nm a pixel, stated to 0.1 nm.
    axis = WavelengthAxis(
        coefficients=(400.0, 1.0),
        axis="x",
        rms_nm=0.1,
        uncertainty_nm=0.1,
        lines=(),
        model="grating",
        lamp="neon",
        origin_px=0.0,
        scale_px=1.0,
        covariance=((0.01, 0.0), (0.0, 0.0)),
        range_px=(0.0, 300.0),
    )
    px, off = np.array([100.0, 150.0]), np.array([0.5, 0.05])
    asked = px, 400.0 + px + off
    exact = marks_row("photo.png", "", "ours", axis, asked)
    marked = marks_row("photo.png", "", "ours", axis, asked, np.array([0.3, 0.0]))
    assert (exact.within_95, marked.within_95) == (0.5, 1.0)
    assert exact.marks_nm == marked.marks_nm == pytest.approx([0.5, 0.05])
