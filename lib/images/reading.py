"""Any photo file to upright RGB, its bounds checked before a pixel is decoded."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from lib.errors import DataError
from lib.images.decoding import EXPECTED, decode
from lib.images.frames_named import ALL, file_of, frames_of, is_video
from lib.images.memory import check_size
from lib.images.picture import Picture
from lib.images.video import video_frames

# Larger than any phone saves (a 200-megapixel mode excepted); decoding it takes 0.7 GB.
MAX_PIXELS = 100_000_000
# 16-bit RGBA without compression at the bound is 400 MB; real photos stay far below this.
MAX_BYTES = 256 * 2**20
_GZIP = b"\x1f\x8b"


def read_image(source: Path | str | bytes, **options) -> np.ndarray:
    """Read a photo to upright RGB: the pixels of `read_picture`."""
    return read_picture(source, **options).pixels


def read_picture(source: Path | str | bytes, **options) -> Picture:
    """Read a photo, or the mean of the frames that a path names, with what its file states.

    Takes what `read_pictures` takes. The mean is of the values that are stored.
    """
    return mean_of(read_pictures(source, **options))


def mean_of(pictures: Iterable[Picture]) -> Picture:
    """Return the first of some pictures of one size, its pixels the mean of all that are stored."""
    pictures = iter(pictures)
    first = next(pictures)
    total, count = None, 1
    for picture in pictures:
        total = first.pixels.astype(np.float32) if total is None else total
        if picture.pixels.shape != total.shape:
            raise DataError(f"{picture.name}: of another size than {first.name}; expected one size")
        cv2.accumulate(picture.pixels, total)
        count += 1
    if total is None:
        return first
    return replace(first, pixels=np.round(total / count).astype(first.pixels.dtype))


def read_pictures(
    source: Path | str | bytes,
    *,
    name: str | None = None,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    deep: bool = False,
    every: bool = False,
) -> Iterator[Picture]:
    """Read the frames of a file to upright RGB, with what the file states of them.

    A path may name frames (`stack.tif#3`, `clip.mp4#12-40`). Of one that does not, a video gives
    its first `lib.images.video.MEAN_OF` frames and any other file its first, and where there are
    more, each picture says so.

    The bounds are checked on the file's size and on its headers, before a pixel is decoded. 16-bit
    samples scale to 8 bit over the range of their sensor, transparent pixels become black (the
    surround of a spectrum), and the orientation of EXIF, TIFF or HEIF is applied. White space in
    front of a file is left out, and a JPEG needs no end marker: blocks missing at the end of its
    last rows are black.

    Parameters
    ----------
    source : Path, str or bytes
        A file, or the content of one that is no video.
    name : str, optional
        What to call it in errors; default the path, or "image".
    max_bytes, max_pixels : int
        Bounds on the file's size and on width x height. Samples deeper than 8 bits count by the
        memory that they take.
    deep : bool
        Whether 16-bit samples, and those of FITS, stay or become 16-bit, over the range of their
        format, so that those of several files can be compared.
    every : bool
        Whether a path that names no frames stands for all of them.

    Yields
    ------
    Picture
        Of shape (height, width, 3), writable and contiguous, uint8, or uint16 of 16-bit and FITS
        files where `deep`.

    Raises
    ------
    DataError
        If the file is missing, too large, no image, cut short or damaged, or a raw file, or does
        not have the frames.
    """
    wanted = None
    if isinstance(source, bytes | bytearray | memoryview):
        name = name or "image"
        data = bytes(source)
        _check_bytes(len(data), name, max_bytes)
    else:
        path = Path(source)
        name, file = name or str(source), file_of(path)
        wanted = frames_of(path, name) or (ALL if every else None)
        if is_video(file) and not file.is_dir():
            bound = partial(check_size, name=name, max_pixels=max_pixels)
            yield from video_frames(file, name, wanted, bound)
            return
        data = _read_bytes(file, name, max_bytes)
    if not data:
        raise DataError(f"{name}: empty file; {EXPECTED}")
    # No format begins with white space, but some servers and scripts put a line's end in front.
    data = _unpacked(data.lstrip(), name, max_bytes)
    yield from decode(data, name, max_pixels, np.uint16 if deep else np.uint8, wanted)


def _unpacked(data: bytes, name: str, max_bytes: int) -> bytes:
    """Return the content of a file that gzip has packed, as astronomers pack FITS; others whole."""
    if not data.startswith(_GZIP):
        return data
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(data, max_bytes + 1)
    except zlib.error as error:
        raise DataError(f"{name}: damaged ({error}); {EXPECTED}") from error
    if len(data) > max_bytes:
        raise DataError(f"{name}: more than {max_bytes:,} bytes unpacked; expected fewer")
    if not unpacker.eof:
        raise DataError(f"{name}: damaged or cut short; {EXPECTED}")
    return data


def _check_bytes(count: int, name: str, max_bytes: int) -> None:
    if count > max_bytes:
        raise DataError(f"{name}: {count:,} bytes; expected at most {max_bytes:,}")


def _read_bytes(path: Path, name: str, max_bytes: int) -> bytes:
    try:
        if not path.is_file():
            if not path.exists():
                raise DataError(f"{name}: no such file")
            raise DataError(f"{name}: not a regular file; {EXPECTED}")
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
