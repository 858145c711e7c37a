"""FITS images, as the cameras of astronomers save them, to upright RGB of 16 bits.

The format: FITS Standard 4.0. The mosaic of a colour sensor and the order of rows are told by the
keywords of capture programs (BAYERPAT, XBAYROFF, YBAYROFF, ROWORDER), read as Siril reads them.
"""

import math
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO

import cv2
import numpy as np

from lib.errors import DataError
from lib.images.frames_named import Wanted, chosen, described
from lib.images.memory import bytes_per_pixel, row_blocks
from lib.images.picture import Picture
from lib.images.stated import stated_by_fits

_START = b"SIMPLE  ="
_EXPECTED = "expected a camera's picture, of one plane or three"
_FULL = 65535
# Of a cube.
_MOST_FRAMES = 10_000
# Of the arrays that hold compressed tiles: bytes, or whole numbers of 16 or 32 bits.
_ELEMENT_BYTES = {"B": 1, "I": 2, "J": 4}
# Fractions that were processed may go a little beyond 1.
_FRACTIONS_TO = 2.0
_DEMOSAIC = {
    "RGGB": cv2.COLOR_BayerRGGB2RGB,
    "BGGR": cv2.COLOR_BayerBGGR2RGB,
    "GRBG": cv2.COLOR_BayerGRBG2RGB,
    "GBRG": cv2.COLOR_BayerGBRG2RGB,
}


def is_fits(data: bytes) -> bool:
    """Return whether the content of a file begins as FITS does."""
    return data.startswith(_START)


def decode_fits(
    data: bytes, name: str, check_size: Callable[..., None], wanted: Wanted | None, *, deep: bool
) -> Iterator[Picture]:
    """Yield pictures of a FITS file as upright RGB of linear samples.

    BZERO and BSCALE are applied; what is not known or negative is black. Counts stay what they are,
    fractions are those of 65535. A sensor's mosaic becomes colours.

    Parameters
    ----------
    data : bytes
    name : str
        What to call the file in errors.
    check_size : callable
        `lib.images.memory.check_size` but for name and bound; called before a pixel is decoded.
    wanted : Wanted or None
        Which frames; None for the first.
    deep : bool
        Whether samples must compare with those of other files: then counts may not exceed 16 bits;
        otherwise they are scaled to fit.

    Yields
    ------
    Picture
        Of uint16, writable and contiguous.

    Raises
    ------
    DataError
        If there is no picture in it, or not these frames.
    """
    from astropy.io import fits

    with fits.open(BytesIO(data), memmap=False) as units:
        frames = _frames(units, name)
        if not frames:
            raise DataError(
                f"{name}: a FITS file without a picture ({_contents(units)}); {_EXPECTED}"
            )
        if wanted:
            wanted.check(name, len(frames))
        unit = frames[0][0]
        shape = _frame_shape(unit)
        per_pixel = bytes_per_pixel(3 if len(shape) == 3 else 1, abs(unit.header["BITPIX"]))
        check_size((shape[-1], shape[-2]), per_pixel=per_pixel)
        for number, (unit, plane) in chosen(frames, wanted):
            if isinstance(unit, fits.CompImageHDU):
                _check_tiles(data, units.index(unit), unit, name)
            pixels = _upright(_samples(unit, plane, name, deep=deep), unit.header, name)
            words = described(name, number, len(frames), wanted)
            yield Picture(pixels, stated_by_fits(unit.header), *words)


def _upright(samples: np.ndarray, header, name: str) -> np.ndarray:
    """Return samples of shape (height, width) or (3, height, width) as upright RGB."""
    rows = str(header.get("ROWORDER", "")).strip().upper()
    pattern = _pattern(header, name) if samples.ndim == 2 else None
    if samples.ndim == 3:
        samples = np.moveaxis(samples, 0, 2)
    # A pattern begins at the first pixel of the upright picture, or of a file that says nothing.
    if rows == "BOTTOM-UP":
        samples = samples[::-1]
    if pattern:
        samples = cv2.cvtColor(np.ascontiguousarray(samples), _DEMOSAIC[pattern])
    # The standard recommends that the first row of a file is the lowest.
    if rows not in ("TOP-DOWN", "BOTTOM-UP"):
        samples = samples[::-1]
    if samples.ndim == 2:
        return np.repeat(samples[:, :, None], 3, axis=2)
    return np.ascontiguousarray(samples)


def _frames(units, name: str) -> list[tuple[object, int | None]]:
    """Return each picture as its unit and its place along the unit's first axis, None of one.

    Units of the first's shape and of its name (EXTNAME) are frames of one scene; others hold masks
    or errors.
    """
    pictures = [unit for unit in units if _is_picture(unit)]

    def scene(unit) -> tuple:
        return _shape(unit), unit.header.get("EXTNAME", "")

    frames = []
    for unit in (unit for unit in pictures if scene(unit) == scene(pictures[0])):
        single = _shape(unit) == _frame_shape(unit)
        if not single and len(frames) + _shape(unit)[0] > _MOST_FRAMES:
            raise DataError(
                f"{name}: a cube of {_shape(unit)[0]} frames; expected at most {_MOST_FRAMES}"
            )
        frames += [(unit, None)] if single else [(unit, k) for k in range(_shape(unit)[0])]
    return frames


def _frame_shape(unit) -> tuple[int, ...]:
    """Return the shape of one picture: (height, width), or (3, height, width) of one in colours."""
    shape = _shape(unit)
    if len(shape) == 3 and (shape[0] != 3 or "BAYERPAT" in unit.header):
        return shape[1:]
    return shape[-3:]


def _samples(unit, plane: int | None, name: str, *, deep: bool) -> np.ndarray:
    """Return the samples of one picture as uint16, and free what was read of it."""
    if plane is None:
        samples = _to_16_bits(unit.data.reshape(_frame_shape(unit)), name, deep=deep)
        # Of up to 24 bytes a pixel.
        del unit.data
        return samples
    # Fractions and sums are told by the brightest of all planes: each may be dark.
    every = range(_shape(unit)[0]) if abs(unit.header["BITPIX"]) > 16 else ()
    brightest = max((float(_known(_plane(unit, k)).max()) for k in every), default=None)
    return _to_16_bits(_plane(unit, plane), name, deep=deep, brightest=brightest)


def _plane(unit, number: int) -> np.ndarray:
    """Return one picture of a cube, read alone."""
    ones = next(k for k, length in enumerate(unit.shape) if length != 1)
    return unit.section[(0,) * ones + (number,)].reshape(_frame_shape(unit))


def _check_tiles(data: bytes, place: int, unit, name: str) -> None:
    """Refuse a compressed picture of which a tile unpacks to more than its share.

    The other methods of FITS 4.0, section 10.4, fill a tile of known size; gzip has none.
    """
    from astropy.io import fits

    most = 8 * math.prod(map(min, unit.tile_shape, unit.shape))
    with fits.open(BytesIO(data), memmap=False, disable_image_compression=True) as units:
        table = units[place]
        header, start = table.header, table.fileinfo()["datLoc"]
        dtype = table.columns.dtype.newbyteorder(">")
        formats = dict(zip(table.columns.names, table.columns.formats, strict=True))
    rows = np.ndarray(header["NAXIS2"], dtype, data, start)
    heap = memoryview(data)[start + header.get("THEAP", header["NAXIS1"] * header["NAXIS2"]) :]
    packed = ["GZIP_COMPRESSED_DATA"]
    if unit.compression_type.startswith("GZIP"):
        packed.append("COMPRESSED_DATA")
    for column in set(packed) & set(formats):
        width = _ELEMENT_BYTES[formats[column].lstrip("1")[1]]
        for count, offset in rows[column].tolist():
            unpacker = zlib.decompressobj(wbits=31)
            tile = heap[offset : offset + count * width]
            unpacked = unpacker.decompress(tile, most + 1)
            if len(unpacked) > most or unpacker.unused_data:
                raise DataError(f"{name}: a tile of more than {most:,} bytes; damaged")


def _shape(unit) -> tuple[int, ...]:
    """Return the shape of a unit's samples without axes of length 1."""
    return tuple(length for length in unit.shape if length != 1)


def _is_picture(unit) -> bool:
    """Return whether a unit of a FITS file is an image, in grey or colours, or a cube of them."""
    if not hasattr(unit, "shape") or "TABLE" in type(unit).__name__.upper():
        return False
    shape = _shape(unit)
    return 0 not in shape and (len(shape) in (2, 3) or (len(shape) == 4 and shape[1] == 3))


def _contents(units) -> str:
    """Return in words what a FITS file holds."""
    words = []
    for unit in units:
        shape = getattr(unit, "shape", ())
        if "TABLE" in type(unit).__name__.upper():
            words.append(f"a table of {len(unit.columns)} columns")
        elif len(shape) == 1 or (shape and len(_shape(unit)) == 1):
            words.append(f"a spectrum of {max(shape)} samples")
        elif shape:
            words.append("a cube of " + " x ".join(map(str, reversed(shape))))
    return ", ".join(words) or "no data"


def _pattern(header, name: str) -> str:
    """Return the colours of the first two pixels of the first two rows; "" of no mosaic."""
    pattern = str(header.get("BAYERPAT", "")).strip().upper()
    if not pattern:
        return ""
    if pattern not in _DEMOSAIC:
        raise DataError(f"{name}: BAYERPAT is {pattern!r}; expected one of {', '.join(_DEMOSAIC)}")
    if int(header.get("XBAYROFF", 0)) % 2:
        pattern = pattern[1] + pattern[0] + pattern[3] + pattern[2]
    if int(header.get("YBAYROFF", 0)) % 2:
        pattern = pattern[2:] + pattern[:2]
    return pattern


def _to_16_bits(
    samples: np.ndarray, name: str, *, deep: bool, brightest: float | None = None
) -> np.ndarray:
    """Return samples of any type as uint16; `brightest` is of all that they compare with."""
    if samples.dtype.kind == "u" and samples.dtype.itemsize <= 2:
        return samples.astype(np.uint16)
    blocks = list(row_blocks(samples.shape[-2]))
    if brightest is None:
        brightest = max(float(_known(samples[..., rows, :]).max()) for rows in blocks)
    scale = 1.0
    if samples.dtype.kind == "f" and brightest <= _FRACTIONS_TO:
        scale = _FULL
    elif brightest > _FULL:
        if deep:
            raise DataError(
                f"{name}: samples of up to {brightest:.0f}; expected at most {_FULL}, "
                "such as the mean of frames in place of their sum"
            )
        scale = _FULL / brightest
    counts = np.empty(samples.shape, np.uint16)
    for rows in blocks:
        values = _known(samples[..., rows, :]) * np.float32(scale)
        counts[..., rows, :] = np.round(np.clip(values, 0, _FULL))
    return counts


def _known(samples: np.ndarray) -> np.ndarray:
    """Return samples as float32, with 0 for what is not known."""
    return np.nan_to_num(samples.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
