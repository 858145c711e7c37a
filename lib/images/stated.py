"""What files say about their samples: tone curve, exposure, white balance."""

import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from PIL import Image

from lib.images.exposure import Exposure, positive
from lib.images.tone import LINEAR, SRGB, Tone, by_code, by_gamma, by_profile, by_table

# Tags of EXIF 3.0, TIFF 6.0 and DNG 1.7.
_EXIF_IFD = 0x8769
_EXPOSURE_TIME, _F_NUMBER, _SHUTTER_APEX, _APERTURE_APEX = 33434, 33437, 37377, 37378
_SENSITIVITY = (34855, 34867, 34866)
_COLOUR_SPACE, _IS_SRGB, _GAMMA, _WHITE_BALANCE = 40961, 1, 42240, 41987
_TRANSFER_FUNCTION, _BITS_PER_SAMPLE, _WHITE_LEVEL = 301, 258, 50717
# DCF 2.0: how a camera says Adobe RGB, whose exponent is 2 and 51 / 256.
_INTEROPERABILITY, _IS_ADOBE_RGB, _ADOBE_RGB_GAMMA = 40965, "R03", 563 / 256
_ISO_ELSEWHERE, _MOST_APEX = 65535, 60
_WHITE_BALANCES = {0: "automatic", 1: "manual"}
# Boxes that state colours stand in front of the samples.
_HEAD_BYTES = 2**16


@dataclass(frozen=True)
class Stated:
    """What a file states of its samples; None where it does not.

    Attributes
    ----------
    tone : Tone or None
    exposure : Exposure
    white_balance : str or None
        "automatic", "manual", or the gains of colours in words.
    full_scale : int or None
        What the sensor's brightest samples are stored as.
    """

    tone: Tone | None = None
    exposure: Exposure = field(default_factory=Exposure)
    white_balance: str | None = None
    full_scale: int | None = None


def stated_by_image(image: Image.Image, data: bytes) -> Stated:
    """Return what a file that Pillow has opened states, in its headers and in EXIF.

    What is damaged states nothing.
    """
    exif: dict[int, object] = {}
    with suppress(Exception):
        tags = image.getexif()
        exif = {**tags, **tags.get_ifd(_EXIF_IFD)}
        exif[_INTEROPERABILITY] = tags.get_ifd(_INTEROPERABILITY).get(1)
    tags = image.tag_v2 if image.format == "TIFF" else {}
    tone = None
    with suppress(Exception):
        tone = _tone(image, data, exif, tags)
    return Stated(
        tone,
        _exposure(exif),
        _WHITE_BALANCES.get(exif.get(_WHITE_BALANCE)),
        _full_scale(tags),
    )


def _tone(image: Image.Image, data: bytes, exif: Mapping, tags: Mapping) -> Tone | None:
    """Return the curve that counts where several are stated.

    The order of PNG is its third edition's, 4.3; elsewhere a profile counts before a number (HEIF,
    ISO 23000-22, 7.3.6.4), except for a number that says HDR.
    """
    info = image.info
    number, profile = by_code(_code(image, data)), by_profile(info.get("icc_profile"))
    if number and (image.format == "PNG" or number.curve is None):
        return number
    if profile or number:
        return profile or number
    if "srgb" in info:
        return SRGB
    if gamma := positive(info.get("gamma")):
        return by_gamma(1 / gamma)
    if table := tags.get(_TRANSFER_FUNCTION):
        return by_table(table, tags.get(_BITS_PER_SAMPLE, (1,))[0])
    if gamma := positive(exif.get(_GAMMA)):
        return by_gamma(gamma)
    if exif.get(_INTEROPERABILITY) == _IS_ADOBE_RGB:
        return by_gamma(_ADOBE_RGB_GAMMA)
    return SRGB if exif.get(_COLOUR_SPACE) == _IS_SRGB else None


def _code(image: Image.Image, data: bytes) -> int | None:
    """Return the number that a PNG (cICP), HEIF or AVIF (nclx) states of its curve."""
    if image.format == "HEIF":
        return (image.info.get("nclx_profile") or {}).get("transfer_characteristics")
    if image.format == "PNG":
        return _png_code(data)
    return nclx_code(data[:_HEAD_BYTES]) if image.format == "AVIF" else None


def _png_code(data: bytes) -> int | None:
    place = 8
    while place + 8 < len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        if kind == b"cICP":
            return data[place + 9]
        if kind == b"IDAT":
            return None
        place += length + 12
    return None


def nclx_code(data: bytes) -> int | None:
    """Return the transfer characteristics of the first colour box of ISO base media."""
    place = max(data.find(b"colrnclx"), data.find(b"colrnclc"))
    if not 0 <= place <= len(data) - 12:
        return None
    return struct.unpack_from(">H", data, place + 10)[0]


def _exposure(exif: Mapping[int, object]) -> Exposure:
    given = [exif.get(tag) for tag in _SENSITIVITY]
    # Several sensitivities may be listed.
    isos = [positive(one[0] if isinstance(one, tuple) and one else one) for one in given]
    return Exposure(
        positive(exif.get(_EXPOSURE_TIME)) or _of_apex(exif.get(_SHUTTER_APEX), -1.0),
        next((iso for iso in isos if iso and iso != _ISO_ELSEWHERE), None),
        positive(exif.get(_F_NUMBER)) or _of_apex(exif.get(_APERTURE_APEX), 0.5),
    )


def _of_apex(value: object, power: float) -> float | None:
    """Return what an APEX value stands for: of a time with the power -1, of an aperture 0.5."""
    number = _number(value)
    return None if number is None or abs(number) > _MOST_APEX else positive(2 ** (power * number))


def _full_scale(tags: Mapping[int, object]) -> int | None:
    values = tags.get(_WHITE_LEVEL) or ()
    level = positive(max(values) if isinstance(values, tuple) and values else values)
    return None if level is None else int(level)


def stated_by_fits(header: Mapping[str, object]) -> Stated:
    """Return what the header of a FITS unit states: its samples are linear, as the standard has it.

    Keywords of capture programs: EXPTIME or EXPOSURE (s), EGAIN (electrons a count), GAIN (in the
    camera's unit), ISOSPEED, SATURATE (counts), and those of white balance, which begin with WB.
    """
    get = header.get
    exposure = Exposure(
        time_s=positive(get("EXPTIME")) or positive(get("EXPOSURE")),
        iso=positive(get("ISOSPEED")),
        electrons=positive(get("EGAIN")),
        gain=_number(get("GAIN")),
    )
    balance = ", ".join(f"{key} {get(key)}" for key in sorted(set(header)) if key.startswith("WB"))
    full_scale = positive(get("SATURATE"))
    # Of an image of fractions it is no count.
    full_scale = full_scale if full_scale and full_scale > 1 else None
    return Stated(LINEAR, exposure, balance or None, full_scale and int(full_scale))


def _number(value: object) -> float | None:
    with suppress(TypeError, ValueError, ZeroDivisionError):
        return float(value)
    return None
