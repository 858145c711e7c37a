"""Canvases of the band network and their place in the photo."""

import numpy as np
import pytest

from lib.recognition.find.canvas import CANVAS_PX, Pyramid, make_view, network_input, whole_view


def test_canvas_and_photo_coordinates_are_inverse():
    view = make_view(Pyramid(np.zeros((300, 400, 3), np.uint8)), (37.2, 50, 201, 260.9))
    x, y = np.array([40.0, 180.5]), np.array([60.0, 222.2])
    back = view.to_photo(*view.to_canvas(x, y))
    assert np.allclose(back, (x, y))


def test_a_bright_pixel_lies_where_the_view_says():
    image = np.zeros((600, 900, 3), np.uint8)
    image[333, 612] = 255
    view = whole_view(Pyramid(image))
    x, y = view.to_canvas(612, 333)
    row, column = np.unravel_index(view.pixels[..., 3].argmax(), (CANVAS_PX, CANVAS_PX))
    assert abs(row - y) <= 1
    assert abs(column - x) <= 1


def test_a_trace_one_pixel_high_survives_in_the_maximum():
    image = np.zeros((1200, 1600, 3), np.uint8)
    image[500] = 120
    pixels = whole_view(Pyramid(image)).pixels
    assert pixels[..., :3].max() < 20
    assert pixels[..., 3:].max() >= 40


@pytest.mark.parametrize("shape", [(26, 800), (800, 26), (1, 500), (5, 5), (40, 30)])
def test_odd_shapes_fill_the_canvas_and_leave_the_rest_black(shape):
    view = whole_view(Pyramid(np.full((*shape, 3), 77, np.uint8)))
    x0, y0, x1, y1 = view.area
    assert (view.pixels[y0:y1, x0:x1] == 77).all()
    assert view.pixels.sum() == 77 * 6 * (x1 - x0) * (y1 - y0)
    assert max(x1 - x0, y1 - y0) == CANVAS_PX
    assert min(x1 - x0, y1 - y0) >= 40


def test_dim_and_bright_photos_look_alike_to_the_network():
    rng = np.random.default_rng(0)
    bright = rng.integers(0, 250, (1, CANVAS_PX, CANVAS_PX, 6), dtype=np.uint8)
    dim = (bright // 5).astype(np.uint8)
    assert np.abs(network_input(bright) - network_input(dim)).mean() < 0.05
    assert not network_input(np.zeros_like(bright)).any()


def test_looks_at_one_photo_share_its_halves():
    photo = Pyramid(np.random.default_rng(0).integers(0, 256, (1201, 1603, 3), dtype=np.uint8))
    assert photo.level(2).shape == (300, 400, 3)
    assert photo.level(1) is photo.level(1)
    assert abs(photo.level(2).mean() - photo.level(0).mean()) < 1
    whole = whole_view(photo)
    # What a look shows does not depend on looks before it.
    assert np.array_equal(whole.pixels, whole_view(Pyramid(photo.level(0))).pixels)
