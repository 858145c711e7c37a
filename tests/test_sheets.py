"""Contact sheets show each photo with its name and the whole of what there is to say of it."""

import numpy as np
import pytest

from lib.plots import sheets

REASON = (
    "no wavelength axis: the lines do not confirm the wavelengths that colours and pattern "
    "suggest (probability 0.45; expected 0.91)"
)
PHOTO = np.full((300, 400, 3), 90, np.uint8)
CROP = np.full((15, 480, 3), 60, np.uint8)


@pytest.mark.parametrize("text", [REASON, "no_space_" * 30, "лампа ртути " * 12, "neon"])
def test_all_of_a_text_is_shown_in_lines_that_fit(text):
    lines = sheets._wrapped(text)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(map(sheets._length, lines)) <= sheets.TILE_WIDTH_PX


def test_a_name_with_bytes_that_are_no_text_is_drawn():
    tile = sheets.draw_tile(PHOTO, None, None, "none", ("latin\udcff.jpg", "no_band"))
    assert tile.shape[1:] == (sheets.TILE_WIDTH_PX, 3)


def test_a_longer_reason_makes_a_higher_tile():
    short = sheets.draw_tile(PHOTO, CROP, None, "none", ("a.jpg", "led 1.00"))
    long = sheets.draw_tile(PHOTO, CROP, None, "none", ("a.jpg", "led 1.00", REASON))
    assert len(long) > len(short)


@pytest.mark.parametrize("shape", [(300, 400, 3), (400, 120, 3), (40, 900, 3)])
def test_a_photo_keeps_its_proportions_with_nothing_but_paper_beside_it(shape):
    tile = sheets.draw_tile(np.full(shape, 90, np.uint8), None, None, "none", ("a.jpg",))
    rows, columns = np.nonzero((tile == 90).all(axis=2))
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert width / height == pytest.approx(shape[1] / shape[0], rel=0.05)
    beside = tile[rows.min() : rows.max() + 1].reshape(-1, 3)
    assert set(map(tuple, beside.tolist())) <= {(90, 90, 90), (255, 255, 255)}


def test_what_is_not_readable_takes_only_the_room_of_its_text():
    tile = sheets.draw_tile(None, None, None, "none", ("a.jpg", "error", REASON))
    assert len(tile) < 120


def test_tiles_of_different_heights_are_arranged_whole():
    tiles = [np.full((height, 320, 3), height, np.uint8) for height in (20, 90, 40, 30, 10)]
    sheet = sheets.arrange(tiles, columns=2)
    for tile in tiles:
        assert (sheet == len(tile)).all(axis=2).sum() == tile.shape[0] * tile.shape[1]
    assert (sheet[:, :4] == 255).all()
