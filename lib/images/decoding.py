"""Bytes of a picture to upright RGB: formats, depths, rotations; damage refused."""

import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from io import BytesIO

import cv2
import numpy as np
import simplejpeg
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from lib.errors import DataError
from lib.extras import how_to_install
from lib.images.depth import to_depth
from lib.images.fits import decode_fits, is_fits
from lib.images.frames_named import Wanted, chosen, described
from lib.images.jpeg import START_OF_SCAN, decode_unended_jpeg
from lib.images.memory import BYTES_PER_PIXEL, bytes_per_pixel, check_size, row_blocks
from lib.images.picture import Picture
from lib.images.rgb import put_on_black, to_rgb
from lib.images.stated import stated_by_image

# A burst, a live photo or a scan of pages; walking the frames of a film costs time.
MAX_FRAMES = 100
# Progressive JPEGs have about ten passes over the whole picture. A pass can be made of 20 bytes,
# so that a small file keeps a decoder busy for minutes: 64 megapixels take 28 ms a pass.
MAX_JPEG_PASSES = 100
# Only these decoders ever see a stranger's bytes; JPEG's is also that of MPO.
_FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "DIB", "WEBP", "AVIF", "GIF")
# Ends the first box of HEIF and AVIF, and of films (ISO/IEC 14496-12).
_ISO_MEDIA, _AVIF_BRANDS = b"ftyp", (b"avif", b"avis")
EXPECTED = "expected a JPEG, PNG, TIFF, BMP, WebP, AVIF, HEIC, GIF or FITS image"
_EXIF_ORIENTATION = 274
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
_TIFF_SAMPLES_PER_PIXEL = 277
_TIFF_TILE_SIZE = (322, 323)
_TIFF_SAMPLE_FORMAT = 339
# TIFF 6.0 (NewSubfileType, SubfileType) and DNG 1.7.
_TIFF_NEW_SUBFILE_TYPE = 254
_TIFF_SUBFILE_TYPE = 255
_TIFF_DNG_VERSION = 50706
# Bits of NewSubfileType: a reduced picture, a mask of transparency.
_REDUCED_OR_MASK = 1 | 4
# Whose pictures are frames of one scene. Those of an MPO are views, previews or gain maps.
_FRAMED = ("TIFF", "PNG", "GIF", "WEBP", "AVIF", "HEIF")


def decode(
    data: bytes, name: str, max_pixels: int, depth: type, wanted: Wanted | None = None
) -> Iterator[Picture]:
    """Decode frames of a picture file to upright RGB.

    Parameters
    ----------
    data : bytes
        The content of a file, of any format but video.
    name : str
        What to call it in errors.
    max_pixels : int
        Bound on width x height, checked before a pixel is decoded; of less where samples are
        deeper than 8 bits (`lib.images.memory.check_size`).
    depth : type
        numpy.uint8, or numpy.uint16 to keep what samples of 16 bits hold.
    wanted : Wanted, optional
        Default the first frame, which is said where there are more.

    Yields
    ------
    Picture
        Of uint8 or uint16.

    Raises
    ------
    DataError
        If it is no picture, too large, cut short, damaged, or a raw file, or does not have these
        frames.
    """
    frames = _fits_frames if is_fits(data) else _image_frames
    pictures = frames(data, name, max_pixels, depth, wanted)
    while picture := _next(pictures, name, max_pixels):
        yield picture


def _next(pictures: Iterator[Picture], name: str, max_pixels: int) -> Picture | None:
    """Return the next picture, None at their end; whatever goes wrong becomes a DataError."""
    with warnings.catch_warnings():
        # Pillow and astropy warn of damaged metadata, which we do without, and of sizes, which we
        # check.
        warnings.simplefilter("ignore")
        try:
            return next(pictures, None)
        except DataError:
            raise
        except ModuleNotFoundError as error:
            raise DataError(f"{name}: {how_to_install(error.name.partition('.')[0])}") from error
        except Image.UnidentifiedImageError as error:
            raise DataError(f"{name}: not a readable image; {EXPECTED}") from error
        except Image.DecompressionBombError as error:
            raise DataError(f"{name}: too many pixels; expected at most {max_pixels:,}") from error
        # Decoders of a dozen formats raise what they like on a damaged file; whatever it is, the
        # file is not readable.
        except Exception as error:
            if isinstance(error, MemoryError) or getattr(error, "code", 0) == cv2.Error.StsNoMem:
                raise DataError(f"{name}: needs more memory to decode than is free") from error
            said = " ".join(str(error).split())
            raise DataError(f"{name}: damaged or cut short ({said}); {EXPECTED}") from error


def _fits_frames(
    data: bytes, name: str, max_pixels: int, depth: type, wanted: Wanted | None
) -> Iterator[Picture]:
    check = partial(check_size, name=name, max_pixels=max_pixels)
    for picture in decode_fits(data, name, check, wanted, deep=depth is np.uint16):
        yield replace(picture, pixels=to_depth(picture.pixels, depth))


def _image_frames(
    data: bytes, name: str, max_pixels: int, depth: type, wanted: Wanted | None
) -> Iterator[Picture]:
    _check_depth(data, name)
    with Image.open(BytesIO(data), formats=_formats(data)) as image:
        check_size(_held(image), name, max_pixels, _bytes_held(image, data))
        _check_frames(image, data, name)
        _check_full_picture(image, data, name)
        stated, places = stated_by_image(image, data), _frame_places(image)
        if wanted:
            wanted.check(name, len(places))
        for number, place in chosen(places, wanted):
            if place:
                image.seek(place)
                check_size(_held(image), name, max_pixels, _bytes_held(image, data))
            pixels = _decode_16_bit_colour(image, data, depth, place)
            if pixels is None:
                pixels = _decode_whole_jpeg(image, data)
            if pixels is None:
                pixels = _decode_by_pillow(image, data, depth)
            pixels = _turn_upright(pixels, image)
            yield Picture(pixels, stated, *described(name, number, len(places), wanted))


def _formats(data: bytes) -> tuple[str, ...]:
    """Return the formats that a file is tried as; Pillow knows HEIF only once it is registered."""
    if data[4:8] != _ISO_MEDIA or data[8:12] in _AVIF_BRANDS:
        return _FORMATS
    _register_heif()
    return (*_FORMATS, "HEIF")


@cache
def _register_heif() -> None:
    """Teach Pillow iPhone photos; on first use, as the import is not free."""
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)


def _stored(image: Image.Image, data: bytes) -> tuple[int, int]:
    """Return the samples of a pixel, and the bits of a sample, as a PNG or TIFF holds them."""
    if image.format == "PNG":
        # IHDR: bit depth at byte 24, colour type at 25.
        bits, colour_type = struct.unpack_from(">BB", data, 24)
        return {2: 3, 4: 2, 6: 4}.get(colour_type, 1), bits
    bits = image.tag_v2.get(_TIFF_BITS_PER_SAMPLE, (1,))
    return max(len(bits), image.tag_v2.get(_TIFF_SAMPLES_PER_PIXEL, 1)), max(bits)


def _bytes_held(image: Image.Image, data: bytes) -> int:
    """Return what the decoder holds of a pixel."""
    if image.format in ("PNG", "TIFF"):
        return bytes_per_pixel(*_stored(image, data))
    # That of WebP is made for films, and holds two more pictures.
    return BYTES_PER_PIXEL * (2 if image.format == "WEBP" else 1)


def _held(image: Image.Image) -> tuple[int, int]:
    """Return width and height of what the decoder holds: a TIFF's tile can exceed its picture."""
    if image.format != "TIFF":
        return image.size
    tile = (image.tag_v2.get(tag, 0) for tag in _TIFF_TILE_SIZE)
    return tuple(map(max, image.size, tile))


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
    """Refuse films and JPEGs of endless passes."""
    passes = data.count(START_OF_SCAN) if image.format in ("JPEG", "MPO") else 0
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


def _frame_places(image: Image.Image) -> list[int]:
    """Return where a file holds frames of one scene: not its previews, masks and gain maps.

    They are as large as the first, and no page calls itself reduced or a mask.
    """
    if image.format not in _FRAMED:
        return [0]
    if image.format not in ("TIFF", "HEIF"):
        return list(range(getattr(image, "n_frames", 1)))
    size, alike, first = image.size, [], image.tell()
    # The length of a TIFF's chain of pages is known only by walking it.
    with suppress(EOFError):
        for place in range(MAX_FRAMES):
            image.seek(place)
            tags = image.tag_v2 if image.format == "TIFF" else {}
            reduced = tags.get(_TIFF_NEW_SUBFILE_TYPE, 0) & _REDUCED_OR_MASK
            if image.size == size and not reduced:
                alike.append(place)
    # A HEIF file opens with its primary picture, which need not be its first.
    image.seek(first)
    return alike or [first]


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


def _decode_16_bit_colour(
    image: Image.Image, data: bytes, depth: type, place: int
) -> np.ndarray | None:
    """Decode 16-bit colour PNG and TIFF, None for any other: Pillow would cut to the high byte."""
    if image.format not in ("PNG", "TIFF"):
        return None
    samples, bits = _stored(image, data)
    if samples == 1 or bits != 16:
        return None
    # Pillow's decoder checks that the file is whole; OpenCV's gives what it has. Opened apart, as
    # Pillow's pixels are not needed.
    with Image.open(BytesIO(data), formats=[image.format]) as checked:
        checked.seek(place)
        checked.load()
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    stored = np.frombuffer(data, np.uint8)
    if place:
        _, (pixels,) = cv2.imdecodemulti(stored, flags, range=(place, place + 1))
    else:
        pixels = cv2.imdecode(stored, flags)
    if pixels is None or pixels.dtype != np.uint16 or pixels.shape[2:] not in ((3,), (4,)):
        return None
    # In place: a copy is as large again.
    rgb = pixels[:, :, :3]
    if pixels.shape[2] == 4:
        put_on_black(lambda rows: pixels[rows], rgb)
    for rows in row_blocks(len(rgb)):
        rgb[rows] = rgb[rows, :, ::-1].copy()
    return np.ascontiguousarray(to_depth(rgb, depth))


def _decode_whole_jpeg(image: Image.Image, data: bytes) -> np.ndarray | None:
    """Decode a JPEG of grey or colours to RGB, as Pillow does; None of any other, or a damaged one.

    Straight into an array: of 12 megapixels in less than half of Pillow's time.
    """
    if image.format not in ("JPEG", "MPO") or image.mode not in ("L", "RGB"):
        return None
    try:
        return simplejpeg.decode_jpeg(data)
    # Whatever the decoder has to remark, Pillow decides what can be read of it.
    except ValueError:
        return None


def _decode_by_pillow(image: Image.Image, data: bytes, depth: type) -> np.ndarray:
    """Decode what Pillow holds whole, to RGB of 8 bits, grey of up to `depth`, not yet turned."""
    try:
        image.load()
    except OSError:
        pixels = decode_unended_jpeg(data) if image.format in ("JPEG", "MPO") else None
        if pixels is None:
            raise
        return pixels
    return to_rgb(image, depth)


def _turn_upright(pixels: np.ndarray, image: Image.Image) -> np.ndarray:
    # Both decoders have turned it.
    if image.format == "TIFF":
        return pixels
    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION, 1)
    # A photo with damaged metadata is still a photo.
    except Exception:
        orientation = 1
    turn = _UPRIGHT.get(orientation)
    return pixels if turn is None else turn(pixels)
