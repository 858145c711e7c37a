"""Bytes of a picture to upright RGB: formats, depths, rotations; damage refused."""

import re
import struct
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from io import BytesIO

import cv2
import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from lib.errors import DataError
from lib.images.depth import to_depth
from lib.images.fits import decode_fits, is_fits

# A burst, a live photo or a scan of pages; walking the frames of a film costs time.
MAX_FRAMES = 100
# Progressive JPEGs have about ten passes over the whole picture. A pass can be made of 20 bytes,
# so that a small file keeps a decoder busy for minutes: 64 megapixels take 28 ms a pass.
MAX_JPEG_PASSES = 100
_JPEG_START_OF_SCAN = b"\xff\xda"
_JPEG_END = b"\xff\xd9"
# The part of a JPEG's pixels, in its last row of blocks, that may be missing. Sixteen bytes of a
# webcam's dark corner are 0.2 %, of a progressive JPEG 1.8 %; a download that stopped lacks more.
_MAX_MISSING = 0.02
# Only these decoders ever see a stranger's bytes; JPEG's is also that of MPO.
_FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "DIB", "WEBP", "AVIF", "HEIF", "GIF")
EXPECTED = "expected a JPEG, PNG, TIFF, BMP, WebP, AVIF, HEIC, GIF or FITS image"
_EXIF_ORIENTATION = 274
_ROWS_AT_ONCE = 64
# OpenCV turns a 12-megapixel photo in 15 ms, Pillow in 150.
_UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda pixels: cv2.flip(pixels, 1),
    3: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_180),
    4: lambda pixels: cv2.flip(pixels, 0),
    5: cv2.transpose,
    6: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
    7: lambda pixels: cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180),
    8: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
_TIFF_STARTS = (b"II*\0", b"MM\0*")
_TIFF_BITS_PER_SAMPLE = 258
_TIFF_SAMPLE_FORMAT = 339
# TIFF 6.0 (NewSubfileType, SubfileType) and DNG 1.7.
_TIFF_NEW_SUBFILE_TYPE = 254
_TIFF_SUBFILE_TYPE = 255
_TIFF_DNG_VERSION = 50706


def decode(data: bytes, name: str, max_pixels: int, depth: type) -> np.ndarray:
    """Decode a picture to upright RGB.

    Parameters
    ----------
    data : bytes
        The content of a file, of any format but video.
    name : str
        What to call it in errors.
    max_pixels : int
        Bound on width x height, checked before a pixel is decoded.
    depth : type
        numpy.uint8, or numpy.uint16 to keep what samples of 16 bits hold.

    Returns
    -------
    uint8 or uint16 array of shape (height, width, 3)

    Raises
    ------
    DataError
        If it is no picture, too large, cut short, damaged, or a raw file.
    """
    _register_heif()
    with warnings.catch_warnings():
        # Pillow and astropy warn of damaged metadata, which we do without, and of sizes, which we
        # check.
        warnings.simplefilter("ignore")
        try:
            if is_fits(data):
                size = partial(check_pixels, name=name, max_pixels=max_pixels)
                pixels = decode_fits(data, name, size, deep=depth is np.uint16)
                return to_depth(pixels, depth)
            _check_depth(data, name)
            with Image.open(BytesIO(data), formats=_FORMATS) as image:
                check_pixels(image.size, name, max_pixels)
                _check_frames(image, data, name)
                _check_full_picture(image, data, name)
                pixels = _decode_16_bit_colour(image, data, depth)
                if pixels is None:
                    pixels = _decode_by_pillow(image, data, depth)
                return _turn_upright(pixels, image)
        except DataError:
            raise
        except Image.UnidentifiedImageError as error:
            raise DataError(f"{name}: not a readable image; {EXPECTED}") from error
        except Image.DecompressionBombError as error:
            raise DataError(f"{name}: too many pixels; expected at most {max_pixels:,}") from error
        # Decoders of a dozen formats raise what they like on a damaged file; whatever it is, the
        # file is not readable.
        except Exception as error:
            raise DataError(f"{name}: damaged or cut short ({error}); {EXPECTED}") from error


@cache
def _register_heif() -> None:
    """Teach Pillow iPhone photos; on first use, as the import is not free."""
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)


def check_pixels(size: tuple[int, int], name: str, max_pixels: int) -> None:
    """Refuse a picture of this width and height if it has too many pixels."""
    width, height = size
    if width * height > max_pixels:
        raise DataError(f"{name}: {width} x {height} pixels; expected at most {max_pixels:,}")


def _check_depth(data: bytes, name: str) -> None:
    """Refuse a TIFF of more than 16 bits a sample, which Pillow calls damaged or no picture."""
    if not data.startswith(_TIFF_STARTS):
        return
    tags = ImageFileDirectory_v2(data[:8])
    stream = BytesIO(data)
    # A damaged one is refused by its decoder.
    with suppress(Exception):
        stream.seek(tags.next)
        tags.load(stream)
    bits = max(tags.get(_TIFF_BITS_PER_SAMPLE, (1,)))
    if bits > 16:
        kind = "floating-point" if 3 in tags.get(_TIFF_SAMPLE_FORMAT, ()) else "whole"
        raise DataError(
            f"{name}: a TIFF of {bits}-bit {kind} numbers; expected 8 or 16 bits, or FITS"
        )


def _check_frames(image: Image.Image, data: bytes, name: str) -> None:
    """Refuse films and JPEGs of endless passes; only the first frame is ever decoded."""
    passes = data.count(_JPEG_START_OF_SCAN) if image.format in ("JPEG", "MPO") else 0
    if passes > MAX_JPEG_PASSES:
        raise DataError(f"{name}: {passes} passes; expected a JPEG of at most {MAX_JPEG_PASSES}")
    if _has_more_frames(image):
        raise DataError(f"{name}: more than {MAX_FRAMES} frames; expected a photo, not a film")


def _has_more_frames(image: Image.Image) -> bool:
    if image.format != "TIFF":
        return getattr(image, "n_frames", 1) > MAX_FRAMES
    # The length of a TIFF's chain of pages is known only by walking it.
    try:
        image.seek(MAX_FRAMES)
    except EOFError:
        return False
    finally:
        image.seek(0)
    return True


def _check_full_picture(image: Image.Image, data: bytes, name: str) -> None:
    """Refuse raw files and other TIFFs that open with a reduced picture, such as a preview.

    What a camera's sensor saw is not decoded here: of a DNG or CR2 only previews are readable.
    """
    if image.format != "TIFF":
        return
    tags = image.tag_v2
    reduced = tags.get(_TIFF_NEW_SUBFILE_TYPE, 0) & 1 or tags.get(_TIFF_SUBFILE_TYPE) == 2
    if reduced or _TIFF_DNG_VERSION in tags or data[8:10] == b"CR":
        width, height = image.size
        raise DataError(
            f"{name}: a raw file, or one that opens with a reduced picture of {width} x {height} "
            "pixels; expected the developed picture, such as a JPEG or TIFF saved from it"
        )


def _decode_16_bit_colour(image: Image.Image, data: bytes, depth: type) -> np.ndarray | None:
    """Decode 16-bit colour PNG and TIFF, None for any other: Pillow would cut to the high byte."""
    if image.format == "PNG":
        # IHDR: bit depth at byte 24, colour type at 25 (2 RGB, 4 grey with alpha, 6 RGBA).
        bits, colour_type = struct.unpack_from(">BB", data, 24)
        wide = bits == 16 and colour_type in (2, 4, 6)
    else:
        bits = image.tag_v2.get(_TIFF_BITS_PER_SAMPLE, ()) if image.format == "TIFF" else ()
        wide = len(bits) >= 3 and set(bits) == {16}
    if not wide:
        return None
    # Pillow's decoder checks that the file is whole; OpenCV's gives what it has.
    image.load()
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3:
        return None
    order = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB
    pixels = cv2.cvtColor(pixels, order)
    return to_depth(_blend_on_black(pixels) if pixels.shape[2] == 4 else pixels, depth)


def _decode_by_pillow(image: Image.Image, data: bytes, depth: type) -> np.ndarray:
    """Decode what Pillow holds whole, to RGB of 8 bits, grey of up to `depth`, not yet turned."""
    try:
        image.load()
    except OSError:
        pixels = _decode_unended_jpeg(data) if image.format in ("JPEG", "MPO") else None
        if pixels is None:
            raise
        return pixels
    return _to_rgb(image, depth)


def _decode_unended_jpeg(data: bytes) -> np.ndarray | None:
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
        _to_rgb(Image.open(BytesIO(coded + ending + _JPEG_END), formats=["JPEG"]))
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
    for scan in re.finditer(_JPEG_START_OF_SCAN + rb"\0[\x06\x08\x0a\x0c]([\x01-\x04])", data):
        end = scan.end() + 2 * scan[1][0]
        first, last, bits = data[end : end + 3]
        if bits & 15 == 0:
            components = data[scan.end() : end : 2]
            sent.update((part, place) for part in components for place in range(first, last + 1))
    return len(sent)


def _to_rgb(image: Image.Image, depth: type = np.uint8) -> np.ndarray:
    """Return the decoded pixels as RGB uint8, 16-bit grey as `depth`, not yet turned."""
    # "I" is what Pillow makes of signed 16 bits.
    if image.mode == "I" or image.mode.startswith("I;16"):
        grey = to_depth(np.asarray(image).clip(0, 65535).astype(np.uint16), depth)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        return _blend_on_black(np.asarray(image.convert("RGBA")))
    return _pixels_of(image if image.mode == "RGB" else image.convert("RGB"))


def _pixels_of(image: Image.Image) -> np.ndarray:
    """Return the pixels of an RGB picture, writable.

    Some rows at a time, as Pillow hands over a whole picture in pieces that are then joined and
    copied: of 12 megapixels, in 26 ms in place of 64.
    """
    width, height = image.size
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _ROWS_AT_ONCE):
        stop = min(top + _ROWS_AT_ONCE, height)
        pixels[top:stop] = np.asarray(image.crop((0, top, width, stop)))
    return pixels


def _blend_on_black(rgba: np.ndarray) -> np.ndarray:
    """Return an RGBA picture on black as RGB; an alpha that hides everything is dropped."""
    rgb, alpha = rgba[:, :, :3], rgba[:, :, 3]
    full = np.iinfo(rgba.dtype).max
    if alpha.min() == full or alpha.max() == 0:
        return np.ascontiguousarray(rgb)
    blended = rgb.astype(np.uint32)
    blended *= alpha[:, :, None]
    blended += full // 2
    blended //= full
    return blended.astype(rgba.dtype)


def _turn_upright(pixels: np.ndarray, image: Image.Image) -> np.ndarray:
    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION, 1)
    # A photo with damaged metadata is still a photo.
    except Exception:
        orientation = 1
    turn = _UPRIGHT.get(orientation)
    return pixels if turn is None else turn(pixels)
