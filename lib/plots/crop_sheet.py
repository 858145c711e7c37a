"""A sheet of crops with captions, to look over a set of them."""

from collections.abc import Sequence

import cv2
import numpy as np

from lib.tables import CROP_SHAPE

_ROW_SCALE = 2
_TEXT_HEIGHT_PX = 14
_GAP_PX = 4
_PAPER = (40, 40, 40)
_INK = (235, 235, 235)
# Width of a letter of the caption's font at its size, measured.
_LETTER_PX = 6


def draw_crops(images: np.ndarray, captions: Sequence[str], *, columns: int = 3) -> np.ndarray:
    """Draw crops in columns, each twice as high as it is, under its caption.

    Parameters
    ----------
    images : uint8 array of shape (n_crops, 15, 480, 3)
    captions : sequence of str, (n_crops,)

    Returns
    -------
    uint8 array of shape (height, width, 3)
    """
    height, width, _ = CROP_SHAPE
    tile_height = _TEXT_HEIGHT_PX + height * _ROW_SCALE + _GAP_PX
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    sheet = np.full(
        (rows * tile_height + _GAP_PX, columns * (width + _GAP_PX) + _GAP_PX, 3), _PAPER, np.uint8
    )
    for number, (image, caption) in enumerate(zip(images, captions, strict=True)):
        row, column = divmod(number, columns)
        x, y = _GAP_PX + column * (width + _GAP_PX), _GAP_PX + row * tile_height
        text = caption.encode("ascii", "replace").decode()[: width // _LETTER_PX]
        place = (x, y + _TEXT_HEIGHT_PX - 4)
        cv2.putText(sheet, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.36, _INK, 1, cv2.LINE_AA)
        top = y + _TEXT_HEIGHT_PX
        enlarged = np.repeat(image, _ROW_SCALE, axis=0)
        sheet[top : top + len(enlarged), x : x + width] = enlarged
    return sheet
