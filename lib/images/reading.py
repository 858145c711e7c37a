"""Any photo file to upright RGB, its bounds checked before a pixel is decoded."""

from functools import partial
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.images.decoding import EXPECTED, decode
from lib.images.memory import check_size
from lib.images.video import read_video, video_file

# Larger than any phone saves (a 200-megapixel mode excepted); decoding it takes 0.7 GB.
MAX_PIXELS = 100_000_000
# 16-bit RGBA without compression at the bound is 400 MB; real photos stay far below this.
MAX_BYTES = 256 * 2**20


def read_image(
    source: Path | str | bytes,
    *,
    name: str | None = None,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    deep: bool = False,
) -> np.ndarray:
    """Read a photo to upright RGB.

    The bounds are checked on the file's size and on its headers, before a pixel is decoded. Of an
    animation or a multi-page file the first frame counts, of a FITS file the first picture, of a
    video the frames that its path names (`lib.images.video`). 16-bit samples scale to 8 bit over
    the range of their sensor, transparent pixels become black (the surround of a spectrum), and the
    orientation of EXIF, TIFF or HEIF is applied. White space in front of a file is left out, and a
    JPEG needs no end marker: blocks missing at the end of its last rows are black.

    Parameters
    ----------
    source : Path, str or bytes
        A file, or the content of one that is no video.
    name : str, optional
        What to call it in errors; default the path, or "image".
    max_bytes, max_pixels : int
        Bounds on the file's size and on width x height; where samples are deeper than 8 bits, on
        the memory that a picture of so many 8-bit pixels takes.
    deep : bool
        Whether 16-bit samples, and those of FITS, stay or become 16-bit, over the range of their
        format, so that those of several files can be compared.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8, or uint16 of 16-bit and FITS files where `deep`
        Writable and contiguous.

    Raises
    ------
    DataError
        If the file is missing, too large, no image, cut short or damaged, or a raw file.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        name = name or "image"
        data = bytes(source)
        _check_bytes(len(data), name, max_bytes)
    else:
        name, path = name or str(source), Path(source)
        if video_file(path) and not path.is_dir():
            return read_video(path, name, partial(check_size, name=name, max_pixels=max_pixels))
        data = _read_bytes(path, name, max_bytes)
    if not data:
        raise DataError(f"{name}: empty file; {EXPECTED}")
    # No format begins with white space, but some servers and scripts put a line's end in front.
    return decode(data.lstrip(), name, max_pixels, np.uint16 if deep else np.uint8)


def _check_bytes(count: int, name: str, max_bytes: int) -> None:
    if count > max_bytes:
        raise DataError(f"{name}: {count:,} bytes; expected at most {max_bytes:,}")


def _read_bytes(path: Path, name: str, max_bytes: int) -> bytes:
    try:
        if not path.is_file():
            kind = "not a regular file" if path.exists() else "no such file"
            raise DataError(f"{name}: {kind}; {EXPECTED}")
        _check_bytes(path.stat().st_size, name, max_bytes)
        with path.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{name}: cannot be read ({reason})") from error
    _check_bytes(len(data), name, max_bytes)
    return data
