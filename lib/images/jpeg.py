"""JPEGs whose last bytes are missing, as cameras and downloads leave them."""

import re
from io import BytesIO

import numpy as np
from PIL import Image

from lib.images.rgb import to_rgb

START_OF_SCAN = b"\xff\xda"
_END = b"\xff\xd9"
# The part of a JPEG's pixels, in its last row of blocks, that may be missing. Sixteen bytes of a
# webcam's dark corner are 0.2 %, of a progressive JPEG 1.8 %; a download that stopped lacks more.
_MAX_MISSING = 0.02


def decode_unended_jpeg(data: bytes) -> np.ndarray | None:
    """Decode a JPEG whose last bytes are zero or missing; None if more than `_MAX_MISSING` is.

    Whatever follows a whole picture does not change it, so what is missing is what differs between
    two endings.
    """
    # Neither a frame header nor the start of a scan occurs inside coded data. A thumbnail's header
    # comes before that of the photo.
    header = max(data.rfind(bytes((0xFF, kind))) for kind in (0xC0, 0xC1, 0xC2))
    components = data[header + 9]
    if _scanned(data[header:]) < 64 * components:
        return None
    coded = data.rstrip(b"\0")
    # In coded data 255 is written with a zero after it.
    coded += b"\0" if coded.endswith(b"\xff") else b""
    pixels, other = (
        to_rgb(Image.open(BytesIO(coded + ending + _END), formats=["JPEG"]))
        for ending in (b"", bytes(range(254, 0, -1)))
    )
    rows, columns = np.nonzero((pixels != other).any(axis=2))
    if not rows.size:
        return pixels
    height, width = pixels.shape[:2]
    block = 8 * max(factors & 15 for factors in data[header + 11 :][: 3 * components : 3])
    # Smoothing of the colours carries a difference one row beyond its blocks.
    last_row, first_column = (height - 1) // block * block, columns.min()
    missing = (height - last_row) * (width - first_column)
    if rows.min() < last_row - 1 or missing > _MAX_MISSING * height * width:
        return None
    pixels[last_row:, first_column:] = 0
    return pixels


def _scanned(data: bytes) -> int:
    """Return of how many coefficients a JPEG, from its frame header on, sends the last bit.

    Each component has 64; a progressive JPEG sends them by ranges and bits (ITU-T T.81, annex G).
    """
    sent = set()
    for scan in re.finditer(START_OF_SCAN + rb"\0[\x06\x08\x0a\x0c]([\x01-\x04])", data):
        end = scan.end() + 2 * scan[1][0]
        first, last, bits = data[end : end + 3]
        if bits & 15 == 0:
            components = data[scan.end() : end : 2]
            sent.update((part, place) for part in components for place in range(first, last + 1))
    return len(sent)
