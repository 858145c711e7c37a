"""Every lamp the simulator knows: one row each. To add a class, add its lamp here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from lib.simulation.lamps import discharge, glow, outliers, unusual
from lib.simulation.lamps.spectra import WAVELENGTHS_NM
from lib.taxonomy import CLASSES, LINE_CLASSES, class_of_raw_id

__all__ = ["LAMPS", "WAVELENGTHS_NM", "Lamp", "class_lamps", "unknown_lamps"]


@dataclass(frozen=True)
class Lamp:
    """One kind of light source.

    Attributes
    ----------
    name : str
        Unique name.
    draw : callable
        ``draw(rng)`` returns one lamp's spectral power distribution, float32 array of shape
        (n_wavelengths,) on `WAVELENGTHS_NM`.
    class_name : str or None
        One of `lib.taxonomy.CLASSES`; None for a lamp that is to be called unknown.
    kind : str
        Group of unknowns that look alike; the name of the class for known lamps.
    weight : float
        Share of this lamp among those of its class, or among the unknowns.
    held_out : bool
        True for kinds that no training and no fitting may use: they are for evaluation.
    raw_id : int or None
        Of the raw folder that people sort its photos into.
    """

    name: str
    draw: Callable[[np.random.Generator], np.ndarray]
    class_name: str | None
    kind: str
    weight: float = 1.0
    held_out: bool = False
    raw_id: int | None = None


def _known(name: str, raw_id: int, draw: Callable, weight: float = 1.0) -> Lamp:
    class_name = class_of_raw_id(raw_id)
    return Lamp(name, draw, class_name, class_name, weight, raw_id=raw_id)


def _unknown(
    name: str,
    kind: str,
    draw: Callable,
    weight: float = 1.0,
    *,
    held_out: bool = False,
    raw_id: int | None = None,
) -> Lamp:
    return Lamp(name, draw, None, kind, weight, held_out, raw_id)


_KNOWN = (
    _known("white_led", 0, glow.draw_white_led, 5),
    _known("coloured_led", 0, glow.draw_coloured_led, 3),
    _known("phosphor_led", 0, glow.draw_phosphor_led, 0.6),
    _known("rgb_led", 0, glow.draw_rgb_led, 1.4),
    _known("triphosphor", 1, discharge.draw_triphosphor, 6),
    _known("halophosphate", 1, discharge.draw_halophosphate, 2),
    _known("mercury", 4, discharge.draw_mercury, 2.5),
    _known("incandescent", 3, glow.draw_incandescent, 4),
    _known("daylight", 2, glow.draw_daylight, 5),
    _known("star", 2, glow.draw_star, 2),
    _known("neon", 5, discharge.draw_neon),
    _known("helium", 6, discharge.draw_helium),
    _known("hydrogen", 7, discharge.draw_hydrogen),
    _known("nitrogen", 8, discharge.draw_nitrogen),
)


def _draw_mixture(rng: np.random.Generator) -> np.ndarray:
    """Two lamps of different classes in one photo."""
    first, second = rng.choice(len(CLASSES), 2, replace=False)
    return unusual.mix(rng, *(_draw_of_class(rng, CLASSES[i]) for i in (first, second)))


def _draw_of_class(rng: np.random.Generator, class_name: str) -> np.ndarray:
    lamps = [lamp for lamp in _KNOWN if lamp.class_name == class_name]
    weights = np.array([lamp.weight for lamp in lamps])
    return lamps[rng.choice(len(lamps), p=weights / weights.sum())].draw(rng)


def _draw_displaced(rng: np.random.Generator) -> np.ndarray:
    """A lamp of any class but LEDs and continua, which are no stranger out of place."""
    return outliers.displace(rng, _draw_of_class(rng, rng.choice(LINE_CLASSES)))


def _rare_gas(gas: str) -> Callable:
    return partial(discharge.draw_rare_gas, gas=gas)


def _metal(metal: str) -> Callable:
    return partial(discharge.draw_metal_vapour, metal=metal)


def _flame(salt: str) -> Callable:
    return partial(unusual.draw_flame, salt=salt)


_UNKNOWN = (
    _unknown("argon", "argon", _rare_gas("argon"), raw_id=10),
    _unknown("argon_neon", "argon", discharge.draw_argon_neon),
    _unknown("xenon", "xenon", _rare_gas("xenon")),
    _unknown("xenon_arc", "xenon", discharge.draw_xenon_arc, 0.5),
    _unknown("metal_halide", "metal_halide", discharge.draw_metal_halide),
    _unknown("cadmium", "metal_vapour", _metal("cadmium"), 0.5),
    _unknown("zinc", "metal_vapour", _metal("zinc"), 0.5),
    _unknown("flame_lithium", "flame_alkali", _flame("lithium"), 0.5),
    _unknown("flame_potassium", "flame_alkali", _flame("potassium"), 0.5),
    _unknown("flame_strontium", "flame_alkaline_earth", _flame("strontium"), 0.5),
    _unknown("flame_calcium", "flame_alkaline_earth", _flame("calcium"), 0.5),
    _unknown("mixture", "mixture", _draw_mixture, 1.5),
    _unknown("dye_solution", "dye_solution", unusual.draw_dye_solution),
    _unknown("filtered", "filtered_continuum", unusual.draw_filtered),
    _unknown("random_lines", "random_lines", unusual.draw_random_lines, 2),
    _unknown("comb", "comb", outliers.draw_comb, 3),
    _unknown("bumps", "bumps", outliers.draw_bumps, 1.5),
    _unknown("curve", "curve", outliers.draw_curve, 1.5),
    _unknown("notches", "notches", outliers.draw_notches),
    _unknown("lines_on_continuum", "lines_on_continuum", outliers.draw_lines_on_continuum),
    _unknown("displaced", "displaced", _draw_displaced, 1.5),
    _unknown("sodium_low", "sodium_low", discharge.draw_sodium_low, held_out=True),
    _unknown("sodium_high", "sodium_high", discharge.draw_sodium_high, held_out=True),
    _unknown("laser", "laser", unusual.draw_laser, held_out=True, raw_id=9),
    _unknown("krypton", "krypton", _rare_gas("krypton"), held_out=True),
    _unknown("oxygen", "oxygen", _rare_gas("oxygen"), held_out=True),
    _unknown("carbon_dioxide", "carbon_dioxide", _rare_gas("carbon_dioxide"), held_out=True),
    _unknown("thallium", "thallium", _metal("thallium"), held_out=True),
    _unknown("laser_lines", "laser_lines", unusual.draw_laser_lines, held_out=True, raw_id=9),
    _unknown("flame_barium", "flame_barium", _flame("barium"), held_out=True),
    _unknown("flame_copper", "flame_copper", _flame("copper"), held_out=True),
    _unknown("flame_gas", "flame_gas", _flame("gas"), held_out=True),
    _unknown(
        "structured_absorption",
        "structured_absorption",
        unusual.draw_structured_absorption,
        held_out=True,
    ),
    _unknown("fringes", "fringes", unusual.draw_fringes, held_out=True),
)

LAMPS: dict[str, Lamp] = {lamp.name: lamp for lamp in _KNOWN + _UNKNOWN}


def class_lamps(class_name: str) -> tuple[Lamp, ...]:
    """Return the lamps of one of the seven classes."""
    return tuple(lamp for lamp in LAMPS.values() if lamp.class_name == class_name)


def unknown_lamps(*, held_out: bool | None = None) -> tuple[Lamp, ...]:
    """Return the lamps without a class; only those held out for benchmarks, or only the others."""
    unknown = (lamp for lamp in LAMPS.values() if lamp.class_name is None)
    return tuple(lamp for lamp in unknown if held_out in (None, lamp.held_out))
