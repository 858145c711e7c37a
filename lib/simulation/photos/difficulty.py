"""What makes a photo of a spectrum hard, each thing on, off or drawn at its natural rate.

Photos come in families (webcam frames, phone photos, cropped strips, astronomers' frames, small
pictures); each family has its own sizes and its own rate of each difficulty. Forcing a difficulty
on or off keeps the rest as natural as it can be: the family is drawn from those that show it.
"""

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class Difficulty:
    """Switches of a simulated photo: True on, False off, None drawn at the family's rate.

    Attributes
    ----------
    vertical : dispersion along the columns
    reversed : blue at the right or at the bottom
    tilted : turned by 2 to 12 degrees, a strip by as little as its height allows
    oblique : turned by 12 to 40 degrees
    slanted : lines lean against the dispersion by 4 to 25 degrees
    curved : smile, keystone and a bent trace
    zero_order : the zero order is in the frame, far brighter than the spectrum
    mirrored : both first orders are in the frame (needs the zero order)
    second_order : faint second orders
    half_slit : two halves of the slit, displaced and leaning differently
    thin : a star's trace, 1 to 5 px high
    small : the spectrum is 5 to 16 % of the frame long
    oversized : the spectrum is longer than the frame
    strip : a cropped picture a few rows to a few hundred rows high
    saturated : the brightest lines clip widely
    dark : near-darkness, the peak at display level 24 to about 60
    monochrome : a sensor without colour
    light_leak : stray light enters at the rim
    cluttered : seen through an opening in a lit wall, box or room
    pedestal : a coloured offset over the whole frame, even or not
    scattered : faint broad light along the slit's image, as gratings scatter it
    overlay : time stamp, logo, marker line, ruler
    large : a phone's 12 megapixels
    thumbnail : 80 to 320 px wide
    """

    vertical: bool | None = None
    reversed: bool | None = None
    tilted: bool | None = None
    oblique: bool | None = None
    slanted: bool | None = None
    curved: bool | None = None
    zero_order: bool | None = None
    mirrored: bool | None = None
    second_order: bool | None = None
    half_slit: bool | None = None
    thin: bool | None = None
    small: bool | None = None
    oversized: bool | None = None
    strip: bool | None = None
    saturated: bool | None = None
    dark: bool | None = None
    monochrome: bool | None = None
    light_leak: bool | None = None
    cluttered: bool | None = None
    pedestal: bool | None = None
    scattered: bool | None = None
    overlay: bool | None = None
    large: bool | None = None
    thumbnail: bool | None = None


DIFFICULTIES = tuple(field.name for field in fields(Difficulty))
PLAIN = Difficulty(**dict.fromkeys(DIFFICULTIES, False))

# Pairs that cannot be in one photo; of two that were drawn, the later in the list gives way.
_CONFLICTS = (
    ("large", "thumbnail"),
    ("strip", "thumbnail"),
    ("strip", "cluttered"),
    ("strip", "oblique"),
    ("strip", "vertical"),
    ("strip", "thin"),
    ("strip", "small"),
    ("strip", "mirrored"),
    ("tilted", "oblique"),
    ("zero_order", "oversized"),
    ("zero_order", "small"),
    ("small", "oversized"),
    ("cluttered", "oversized"),
    ("cluttered", "zero_order"),
    ("cluttered", "dark"),
    ("cluttered", "light_leak"),
    ("cluttered", "pedestal"),
    ("thin", "half_slit"),
    ("thin", "slanted"),
    ("small", "half_slit"),
    ("saturated", "dark"),
    ("pedestal", "dark"),
    ("scattered", "dark"),
    ("light_leak", "dark"),
)


@dataclass(frozen=True)
class PhotoFamily:
    """One kind of picture: how common, its sizes (width, height) and its rates of difficulties."""

    weight: float
    sizes: tuple[tuple[int, int], ...]
    rates: dict[str, float]


# Rates are guesses from SpectralWorkbench, from open spectrometer projects and from the crops of
# nnSIC; they aim at covering what happens rather than at its exact frequency.
_COMMON = {
    "reversed": 0.25,
    "tilted": 0.25,
    "slanted": 0.2,
    "curved": 0.3,
    "saturated": 0.2,
    "dark": 0.06,
    "light_leak": 0.12,
    "pedestal": 0.06,
    "scattered": 0.08,
    "overlay": 0.08,
}
FAMILIES = {
    "webcam": PhotoFamily(
        0.42,
        ((640, 480),) * 6 + ((1280, 720), (320, 240), (800, 600), (352, 288), (1024, 768)),
        _COMMON
        | {
            "vertical": 0.08,
            "oblique": 0.04,
            "half_slit": 0.05,
            "oversized": 0.15,
            "small": 0.05,
            "zero_order": 0.06,
            "second_order": 0.06,
            "monochrome": 0.02,
            "cluttered": 0.02,
        },
    ),
    "phone": PhotoFamily(
        0.24,
        ((885, 664), (1298, 974), (822, 617), (1024, 768), (1280, 960), (629, 839), (720, 1280)),
        _COMMON
        | {
            "vertical": 0.25,
            "oblique": 0.1,
            "zero_order": 0.5,
            "mirrored": 0.6,
            "second_order": 0.2,
            "half_slit": 0.08,
            "small": 0.2,
            "cluttered": 0.25,
            "light_leak": 0.15,
            "large": 0.06,
        },
    ),
    "strip": PhotoFamily(
        0.16,
        (
            (800, 26),
            (640, 60),
            (1473, 320),
            (640, 15),
            (480, 40),
            (1263, 102),
            (462, 63),
            (512, 128),
        ),
        _COMMON
        | {
            "strip": 1.0,
            "tilted": 0.08,
            "zero_order": 0.1,
            "oversized": 0.25,
            "half_slit": 0.03,
            "second_order": 0.05,
            "monochrome": 0.02,
            "light_leak": 0.05,
        },
    ),
    "astro": PhotoFamily(
        0.06,
        ((1600, 1200), (1280, 1024), (752, 480), (1392, 1040), (640, 480)),
        _COMMON
        | {
            "monochrome": 0.8,
            "thin": 0.5,
            "vertical": 0.05,
            "tilted": 0.15,
            "zero_order": 0.2,
            "light_leak": 0.03,
            "overlay": 0.03,
            "oversized": 0.3,
        },
    ),
    "thumbnail": PhotoFamily(
        0.12,
        (
            (150, 80),
            (235, 104),
            (204, 88),
            (275, 112),
            (300, 235),
            (305, 235),
            (320, 240),
            (160, 120),
        ),
        _COMMON
        | {
            "thumbnail": 1.0,
            "vertical": 0.05,
            "half_slit": 0.06,
            "dark": 0.2,
            "overlay": 0.3,
            "oversized": 0.15,
            "zero_order": 0.05,
            "mirrored": 0.02,
        },
    ),
}


@dataclass(frozen=True)
class Setting:
    """A family, a size in pixels and the difficulties that are on."""

    family: str
    width: int
    height: int
    on: frozenset[str]


def draw_setting(rng: np.random.Generator, difficulty: Difficulty) -> Setting:
    """Draw the family, the size and the difficulties of one photo.

    Raises
    ------
    ValueError
        If two forced difficulties cannot be in one photo, or no family shows what is forced.
    """
    forced = {name: getattr(difficulty, name) for name in DIFFICULTIES}
    forced = {name: value for name, value in forced.items() if value is not None}
    if forced.get("mirrored"):
        if forced.get("zero_order") is False:
            raise ValueError("mirrored=True needs the zero order; received zero_order=False")
        forced["zero_order"] = True
    for first, second in _CONFLICTS:
        if forced.get(first) and forced.get(second):
            raise ValueError(f"{first} and {second} cannot both be on in one photo")
    name = _draw_family(rng, forced)
    family = FAMILIES[name]
    drawn = {
        key: forced.get(key, bool(rng.random() < family.rates.get(key, 0.0)))
        for key in DIFFICULTIES
    }
    on = settle(drawn, forced)
    width, height = _draw_size(rng, family, on)
    return Setting(name, width, height, frozenset(on))


def _draw_family(rng: np.random.Generator, forced: dict[str, bool]) -> str:
    """Draw a family, each weighted by how often it shows what is forced.

    A forced difficulty that no family left shows by itself (rate 0) counts as rare, except those
    that make the family what it is.
    """
    weights = []
    for family in FAMILIES.values():
        weight = family.weight
        for key, value in forced.items():
            rate = family.rates.get(key, 0.0)
            if key in ("strip", "thumbnail"):
                weight *= rate == value
            else:
                weight *= max(rate if value else 1 - rate, 0.01)
        weights.append(weight)
    total = sum(weights)
    if total == 0:
        raise ValueError(f"no family of photos fits the forced difficulties {forced}")
    return str(rng.choice(list(FAMILIES), p=np.array(weights) / total))


def settle(drawn: dict[str, bool], forced: dict[str, bool]) -> set[str]:
    """Return the difficulties that are on once drawn ones gave way to what they conflict with."""
    on = {key for key, value in drawn.items() if value}
    for first, second in _CONFLICTS:
        if first in on and second in on:
            on.discard(first if second in forced else second)
    if "mirrored" in on and "zero_order" not in on:
        on.discard("mirrored")
    return on


def _draw_size(rng: np.random.Generator, family: PhotoFamily, on: set[str]) -> tuple[int, int]:
    """Draw the width and height in pixels."""
    if "large" in on:
        return (3000, 4000) if rng.random() < 0.6 else (4000, 3000)
    width, height = family.sizes[rng.integers(len(family.sizes))]
    if "vertical" in on and "thumbnail" in on and rng.random() < 0.5:
        width, height = height, width
    if {"strip", "thumbnail"} & on:
        # Pictures cut out by hand have any size.
        width, height = (round(side * rng.uniform(0.8, 1.25)) for side in (width, height))
        return max(width, 80), max(height, 6)
    return width, height
