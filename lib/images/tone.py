"""Tone curves: which light a stored sample stands for, as files state it or people tell it."""

import re
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from lib.errors import DataError

if TYPE_CHECKING:
    from PIL import ImageCms

# Of the exponents that people tell and PNG files state: beyond, somebody has erred.
_GAMMAS = (0.1, 10.0)
# A profile's curves are read through one of grey and this exponent, so that 16 bits of its
# brightness keep what is dark: sRGB's curve comes back within 0.05 %.
_PROBE_GAMMA = 3
# White point of ICC profiles, D50 (ICC.1:2022, 7.2.16).
_D50 = (0.9642, 1.0, 0.8249)
_FOR_DISPLAYS = re.compile(r"\bPQ|PQ\b|HLG|2084")


@dataclass(frozen=True)
class Tone:
    """A tone curve.

    Attributes
    ----------
    name : str
        For people.
    curve : callable or None
        Takes stored samples as fractions of full scale, float32 of shape (..., 3), and returns
        linear light of full scale 1. None of a curve that is not undone here.
    """

    name: str
    curve: Callable[[np.ndarray], np.ndarray] | None

    def undone(self, shown: np.ndarray, name: str) -> np.ndarray:
        """Return linear light of stored fractions; `name` is what errors call the file.

        Raises
        ------
        DataError
            If the curve is not undone here.
        """
        if self.curve is None:
            raise DataError(
                f"{name}: its tone curve is {self.name}, which is not undone here; expected a "
                "picture without HDR, or --tone to tell the curve"
            )
        return self.curve(shown)


def _same(shown: np.ndarray) -> np.ndarray:
    return shown


def _srgb(shown: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1."""
    return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


def _bt709(shown: np.ndarray) -> np.ndarray:
    """ITU-R BT.709-6, item 1.2, turned round."""
    return np.where(shown < 0.081, shown / 4.5, ((shown + 0.099) / 1.099) ** (1 / 0.45))


def _power(exponent: float, shown: np.ndarray) -> np.ndarray:
    return shown ** np.float32(exponent)


def _between(knots: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Interpolate `knots` of shape (n, 3), evenly spaced over full scale."""
    places = np.linspace(0, 1, len(knots))
    parts = [np.interp(shown[..., k], places, knots[:, k]) for k in range(3)]
    return np.stack(parts, axis=-1).astype(np.float32)


LINEAR = Tone("linear", _same)
SRGB = Tone("sRGB", _srgb)
_BT709 = Tone("BT.709", _bt709)


def by_gamma(exponent: float) -> Tone | None:
    """Return the curve of an exponent, 1 for linear; None of what cannot be one."""
    if not _GAMMAS[0] <= exponent <= _GAMMAS[1]:
        return None
    if abs(exponent - 1) < 1e-3:
        return LINEAR
    return Tone(f"gamma {exponent:.4g}", partial(_power, exponent))


def told(words: str) -> Tone:
    """Return the curve that a person tells: "linear", "srgb" or an exponent such as "2.2".

    Raises
    ------
    DataError
        If it names no tone curve.
    """
    named = {"linear": LINEAR, "srgb": SRGB}.get(words.strip().lower())
    if named is None:
        with suppress(ValueError):
            named = by_gamma(float(words))
    if named is None:
        raise DataError(
            f"tone {words!r}: expected linear, srgb, or an exponent between "
            f"{_GAMMAS[0]:g} and {_GAMMAS[1]:g} such as 2.2"
        )
    return named


# Transfer characteristics of ITU-T H.273, table 3, that cICP of PNG and nclx of HEIF state. What
# is missing there is not undone; 0, 2 and 3 state nothing.
_BY_CODE = {
    **dict.fromkeys((1, 6, 11, 14, 15), _BT709),
    4: by_gamma(2.2),
    5: by_gamma(2.8),
    8: LINEAR,
    13: SRGB,
    16: Tone("PQ", None),
    17: by_gamma(2.6),
    18: Tone("HLG", None),
}
_STATES_NOTHING = (None, 0, 2, 3)


def by_code(code: int | None) -> Tone | None:
    """Return the curve of a number of H.273; None where it states nothing."""
    if code in _STATES_NOTHING:
        return None
    return _BY_CODE.get(code) or Tone(f"number {code} of H.273", None)


def by_table(values: tuple[int, ...], bits: int) -> Tone | None:
    """Return the curve of a TIFF's TransferFunction: one table for all colours, or three."""
    if len(values) not in (2**bits, 3 * 2**bits):
        return None
    knots = np.asarray(values, np.float64).reshape(-1, 2**bits).T / 65535
    return Tone("its own table", partial(_between, np.repeat(knots, 3 // knots.shape[1], axis=1)))


@lru_cache(maxsize=8)
def by_profile(data: bytes | None) -> Tone | None:
    """Return the curves of an ICC profile of colour or grey; None of any other, or a damaged one.

    Each channel's is what the profile's brightness (Y) does along it; where a profile is more than
    curves and a matrix, what it does along grey.
    """
    if not data:
        return None
    from PIL import ImageCms

    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(data))
        mode = {"RGB": "RGB", "GRAY": "L"}.get(profile.profile.xcolor_space.strip())
        if mode is None:
            return None
        said = " ".join(ImageCms.getProfileDescription(profile).split())
        name = f"ICC profile {said}".strip()
        if _FOR_DISPLAYS.search(said):
            return Tone(name, None)
        apart = mode == "RGB" and profile.profile.is_matrix_shaper
        knots = _probed(profile, mode, apart=apart)
    # Whatever little CMS says of a damaged profile, it states nothing then.
    except Exception:
        return None
    if (np.diff(knots, axis=0) < -1e-3).any() or not (knots[-1] > 0).all():
        return None
    return Tone(name, partial(_between, knots / knots[-1]))


def _probed(profile: "ImageCms.ImageCmsProfile", mode: str, *, apart: bool) -> np.ndarray:
    """Return the brightness of 256 levels of each channel, alone or of all, shape (256, 3)."""
    from PIL import ImageCms

    probe = ImageCms.buildTransform(
        profile,
        ImageCms.ImageCmsProfile(BytesIO(_grey_profile(_PROBE_GAMMA))),
        mode,
        "I;16",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.NOOPTIMIZE,
    )
    ramp = np.arange(256, dtype=np.uint8)[None, :]
    channels = []
    for channel in range(3):
        levels = ramp
        if mode == "RGB":
            levels = np.repeat(ramp[:, :, None], 3, axis=2)
            levels = levels * np.eye(3, dtype=np.uint8)[channel] if apart else levels
        seen = ImageCms.applyTransform(Image.fromarray(levels), probe)
        channels.append((np.asarray(seen)[0] / 65535.0) ** _PROBE_GAMMA)
    return np.stack(channels, axis=1)


def _grey_profile(gamma: int) -> bytes:
    """Return an ICC profile (version 2.4) of grey, of which Pillow makes none."""

    def fixed(values: tuple[float, ...]) -> bytes:
        return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))

    white = b"XYZ \0\0\0\0" + fixed(_D50)
    curve = struct.pack(">4s4xIHxx", b"curv", 1, gamma * 256)
    start = 128 + 4 + 2 * 12
    tags = struct.pack(">I4sII", 2, b"wtpt", start, len(white))
    tags += struct.pack(">4sII", b"kTRC", start + len(white), len(curve))
    size = start + len(white) + len(curve)
    kinds = (b"\2\x40\0\0", b"mntr", b"GRAY", b"XYZ ")
    head = struct.pack(">I4x4s4s4s4s12x4s", size, *kinds, b"acsp").ljust(68, b"\0") + fixed(_D50)
    return head.ljust(128, b"\0") + tags + white + curve
