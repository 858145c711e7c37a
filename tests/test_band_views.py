"""Training examples of the band network."""

from types import SimpleNamespace

import numpy as np
import pytest

from lib.recognition.find.canvas import Pyramid, whole_view
from lib.training.examples.band_views import cell_targets, reframe, trace_of, training_views, turn


def box(**changes):
    values = {
        "x0": 40,
        "y0": 50,
        "x1": 140,
        "y1": 90,
        "axis": "horizontal",
        "centre_line": (69.5,),
    }
    return SimpleNamespace(**(values | changes))


def targets_of(*boxes, shape=(160, 160)):
    view = whole_view(Pyramid(np.zeros((*shape, 3), np.uint8)))
    return cell_targets(view, [trace_of(one) for one in boxes])


def test_marked_cells_are_those_under_the_band():
    cells = targets_of(box())
    rows, columns = np.nonzero(cells[..., 0] > 0.5)
    assert (columns.min(), columns.max()) == (10, 34)
    assert (rows.min(), rows.max()) in [(12, 21), (12, 22), (13, 21), (13, 22)]
    assert cells[..., 0].sum() == pytest.approx(100 * 40 / 16, rel=0.05)


@pytest.mark.parametrize(
    ("axis", "centre_line", "angle"),
    [
        ("horizontal", (69.5,), 0),
        ("horizontal", (49.5, 0.2), np.arctan(0.2)),
        ("vertical", (69.5,), np.pi / 2),
    ],
)
def test_cells_name_the_axis(axis, centre_line, angle):
    cells = targets_of(box(axis=axis, centre_line=centre_line))
    inside = cells[..., 0] > 0.9
    assert np.allclose(cells[inside][:, 1:], (np.cos(2 * angle), np.sin(2 * angle)), atol=1e-5)


def test_a_thin_trace_still_marks_cells():
    cells = targets_of(
        box(y0=400, y1=402, x0=100, x1=1400, centre_line=(400.5,)), shape=(1200, 1600)
    )
    assert (cells[..., 0].max(axis=0) > 0.5).sum() >= 30


def test_turning_keeps_pixels_and_targets_together():
    """A tilted band drawn in the picture lies under its cells, whichever way it is turned."""
    image = np.zeros((160, 160, 3), np.uint8)
    y, x = np.mgrid[:160, :160]
    image[(np.abs(y - 49.5 - 0.3 * x) < 12) & (x > 20) & (x < 140)] = 200
    tilted = box(x0=21, x1=140, y0=44, y1=104, centre_line=(49.5, 0.3))
    for seed in range(12):
        pixels, targets = training_views(np.random.default_rng(seed), image, [tilted], 1)
        lit = pixels[0, ..., 0].astype(float).reshape(40, 4, 40, 4).mean(axis=(1, 3)) > 100
        cells = targets[0].astype(float)
        assert (lit == (cells[..., 0] > 0.5)).mean() > 0.97
        rows, columns = np.nonzero(lit)
        longest = np.linalg.eigh(np.cov(columns, rows))[1][:, -1]
        angle = np.arctan2(longest[1], longest[0])
        mean = cells[cells[..., 0] > 0.9][:, 1:].mean(axis=0)
        assert np.allclose(mean, (np.cos(2 * angle), np.sin(2 * angle)), atol=0.15)


@pytest.mark.parametrize("shape", [(160, 160), (1600, 1600)])
def test_a_reframed_band_lies_under_its_trace(shape):
    factor = shape[0] // 160
    image = np.zeros((*shape, 3), np.uint8)
    image[50 * factor : 90 * factor, 40 * factor : 140 * factor] = 200
    whole = box(
        x0=40 * factor,
        x1=140 * factor,
        y0=50 * factor,
        y1=90 * factor,
        centre_line=(70 * factor - 0.5,),
    )
    for seed in range(8):
        framed, traces = reframe(np.random.default_rng(seed), image, [trace_of(whole)])
        view = whole_view(Pyramid(framed))
        cells = cell_targets(view, traces)
        lit = view.pixels[..., 0].reshape(40, 4, 40, 4).mean(axis=(1, 3)) > 100
        assert (lit == (cells[..., 0] > 0.5)).mean() > 0.95
        assert lit.sum() > 8


def test_turns_are_eight():
    canvas = np.arange(160 * 160 * 6, dtype=np.uint32).reshape(160, 160, 6)
    cells = np.zeros((40, 40, 3), np.float32)
    seen = {turn(np.random.default_rng(seed), canvas, cells)[0].tobytes() for seed in range(60)}
    assert len(seen) == 8


def test_cells_outside_the_photo_are_never_marked():
    view = whole_view(Pyramid(np.zeros((40, 400, 3), np.uint8)))
    wide = box(x0=-50, x1=450, y0=-30, y1=80, centre_line=(20.0,))
    cells = cell_targets(view, [trace_of(wide)])
    x0, y0, x1, y1 = (edge // 4 for edge in view.area)
    assert cells[y0:y1, x0:x1, 0].min() > 0.9
    cells[y0:y1, x0:x1, 0] = 0
    assert not cells[..., 0].any()
