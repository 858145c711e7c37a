"""FITS images, as the cameras of astronomers save them, to upright RGB of 16 bits.

The format: FITS Standard 4.0. The mosaic of a colour sensor and the order of rows are told by the
keywords of capture programs (BAYERPAT, XBAYROFF, YBAYROFF, ROWORDER), read as Siril reads them.
"""

from collections.abc import Callable
from io import BytesIO

import cv2
import numpy as np

from lib.errors import DataError

FITS_SUFFIXES = ("fits", "fit", "fts")
_START = b"SIMPLE  ="
_EXPECTED = "expected a camera's picture, of one plane or three"
_FULL = 65535
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
    data: bytes, name: str, check_size: Callable[[tuple[int, int]], None], *, deep: bool
) -> np.ndarray:
    """Return the first picture of a FITS file as upright RGB of linear samples.

    BZERO and BSCALE are applied; what is not known or negative is black. Counts stay what they are,
    fractions are those of 65535. A sensor's mosaic becomes colours.

    Parameters
    ----------
    data : bytes
    name : str
        What to call the file in errors.
    check_size : callable
        Called with width and height before a pixel is decoded; refuses by raising.
    deep : bool
        Whether samples must compare with those of other files: then counts may not exceed 16 bits;
        otherwise they are scaled to fit.

    Returns
    -------
    uint16 array of shape (height, width, 3)
        Writable and contiguous.

    Raises
    ------
    DataError
        If there is no picture in it, or astropy is not installed.
    """
    try:
        from astropy.io import fits
    except ImportError as error:
        raise DataError(
            f"{name}: a FITS file; expected astropy to read it: python -m pip install astropy"
        ) from error
    with fits.open(BytesIO(data), memmap=False) as units:
        unit = next(filter(_is_picture, units), None)
        if unit is None:
            raise DataError(
                f"{name}: a FITS file without a picture ({_contents(units)}); {_EXPECTED}"
            )
        shape = _shape(unit)
        check_size((shape[-1], shape[-2]))
        stored = unit.data
        rows = str(unit.header.get("ROWORDER", "")).strip().upper()
        pattern = _pattern(unit.header, name) if len(shape) == 2 else None
    samples = _to_16_bits(stored.reshape(shape), name, deep=deep)
    if len(shape) == 3:
        samples = np.moveaxis(samples, 0, 2)
    # A pattern begins at the first pixel of the upright picture, or of a file that says nothing.
    if rows == "BOTTOM-UP":
        samples = samples[::-1]
    if pattern:
        samples = cv2.cvtColor(np.ascontiguousarray(samples), _DEMOSAIC[pattern])
    elif samples.ndim == 2:
        samples = np.repeat(samples[:, :, None], 3, axis=2)
    # The standard recommends that the first row of a file is the lowest.
    if rows not in ("TOP-DOWN", "BOTTOM-UP"):
        samples = samples[::-1]
    return np.ascontiguousarray(samples)


def _shape(unit) -> tuple[int, ...]:
    """Return the shape of a unit's samples without axes of length 1."""
    return tuple(length for length in unit.shape if length != 1)


def _is_picture(unit) -> bool:
    """Return whether a unit of a FITS file is an image of one plane or three."""
    if not hasattr(unit, "shape") or "TABLE" in type(unit).__name__.upper():
        return False
    shape = _shape(unit)
    return 0 not in shape and (len(shape) == 2 or (len(shape) == 3 and shape[0] == 3))


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


def _to_16_bits(samples: np.ndarray, name: str, *, deep: bool) -> np.ndarray:
    """Return samples of any type as uint16."""
    if samples.dtype.kind == "u" and samples.dtype.itemsize <= 2:
        return samples.astype(np.uint16)
    values = np.nan_to_num(samples.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    brightest = float(values.max())
    if samples.dtype.kind == "f" and brightest <= _FRACTIONS_TO:
        values *= _FULL
    elif brightest > _FULL:
        if deep:
            raise DataError(
                f"{name}: samples of up to {brightest:.0f}; expected at most {_FULL}, "
                "such as the mean of frames in place of their sum"
            )
        values *= _FULL / brightest
    return np.round(np.clip(values, 0, _FULL)).astype(np.uint16)
