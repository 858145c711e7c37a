"""Profiles of simulated bands, as the reader sees them, with their wavelengths and lamps."""

import numpy as np

from lib.recognition.reading import COLUMNS_PER_PLACE, NM_ORIGIN, NM_UNIT, profile_views
from lib.simulation.crops.crops import simulate_crops
from lib.simulation.crops.strips import STRIPS
from lib.simulation.lamps.catalogue import LAMPS as CATALOGUE
from lib.simulation.lamps.catalogue import class_lamps
from lib.taxonomy import CLASSES, LINE_CLASSES
from lib.training.examples.axis_truth import LAMPS
from lib.training.examples.crop_profiles import crop_profiles

# What the reader tells apart: every lamp of the simulator and, last, strips without a spectrum.
NO_SPECTRUM = "no_spectrum"
KINDS = (*CATALOGUE, NO_SPECTRUM)
# Shares of the bands that wavelengths are learned from: lamps whose lines calibrate, the more the
# harder they are to read; every other line list; and light that tells wavelengths by its colours.
_WAVELENGTH_SHARES = dict.fromkeys(LAMPS, 10.0) | {
    "triphosphor": 12,
    "mercury": 12,
    "halophosphate": 7,
    "neon": 13,
    "helium": 9,
    "hydrogen": 10,
    "nitrogen": 12,
    "daylight": 5,
    "star": 2,
    "argon": 3,
    "argon_neon": 4,
    "krypton": 3,
    "xenon": 2,
    "sodium_low": 1,
    "sodium_high": 1,
    "cadmium": 1,
    "zinc": 1,
    "thallium": 0.5,
    "metal_halide": 1,
    "oxygen": 0.7,
    "carbon_dioxide": 0.7,
    "mixture": 2,
    "white_led": 2,
    "coloured_led": 1,
    "rgb_led": 1,
    "incandescent": 1,
    "laser": 0.5,
    "laser_lines": 0.5,
    "comb": 0.7,
    "curve": 0.7,
    "flame_gas": 0.3,
    "flame_strontium": 0.2,
}
# Shares of the bands that names are learned from: the classes, other lamps, and strips. Of the
# classes those without lines come more often, as wavelengths are learned from few of them.
_CLASSES_SHARE, _OTHERS_SHARE, _STRIPS_SHARE = 0.53, 0.4, 0.07
# Other lamps that people meet more often than the rest, times the catalogue's weights.
_OFTEN_MET = {"laser": 3, "laser_lines": 2, "sodium_low": 2, "sodium_high": 2}
_OFTEN_MET |= {"argon": 2, "argon_neon": 3, "krypton": 2}
_CLASS_WEIGHTS = {name: 1.0 if name in LINE_CLASSES else 2.0 for name in CLASSES}
# Part of all bands that are drawn by the first shares.
_WAVELENGTHS_PART = 0.6
SHARD = 8192
# So that nothing drawn here is drawn by another training, or by a benchmark.
STREAM = 60_000_000
# Wavelengths beyond these are no light that a camera sees.
SEEN_NM = (330.0, 1080.0)


def class_of_kind(kind: str) -> str | None:
    """Return the class of one of `KINDS`, None for a lamp of none."""
    return CATALOGUE[kind].class_name if kind in CATALOGUE else None


def shares(*, held_out: bool = True) -> dict[str, float]:
    """Return how often each lamp and strip is drawn, of sum 1.

    Parameters
    ----------
    held_out : bool
        Whether kinds are drawn too that benchmarks of unknown lamps call held out.
    """
    drawn = [one for one in (*CATALOGUE.values(), *STRIPS.values()) if held_out or not one.held_out]
    names = {}
    for name, share in _scaled(_CLASS_WEIGHTS, _CLASSES_SHARE).items():
        names |= _scaled({lamp.name: lamp.weight for lamp in class_lamps(name)}, share)
    others = {
        one.name: one.weight * _OFTEN_MET.get(one.name, 1) for one in drawn if not one.class_name
    }
    strips = {name: others.pop(name) for name in STRIPS if name in others}
    names |= _scaled(others, _OTHERS_SHARE) | _scaled(strips, _STRIPS_SHARE)
    allowed = {one.name for one in drawn}
    read = {name: share for name, share in _WAVELENGTH_SHARES.items() if name in allowed}
    read = _scaled(read, _WAVELENGTHS_PART)
    names = _scaled(names, 1 - _WAVELENGTHS_PART)
    return {name: names[name] + read.get(name, 0.0) for name in names}


def _scaled(shares: dict[str, float], total: float) -> dict[str, float]:
    return {name: share * total / sum(shares.values()) for name, share in shares.items()}


def simulate(seed: int, number: int, *, held_out: bool = True) -> dict[str, np.ndarray]:
    """Return `SHARD` bands, as of `simulate_bands`."""
    return simulate_bands(SHARD, STREAM + 100_000 * seed + number, held_out=held_out)


def simulate_bands(count: int, seed: int, *, held_out: bool = True) -> dict[str, np.ndarray]:
    """Return ``views`` and ``nm`` of simulated crops, and the ``kinds`` of their lamps.

    Returns
    -------
    dict
        float16 (n, columns, channels - 1), as of `lib.recognition.reading.profile_views`;
        float32 (n, places) in the network's units, nan where a place shows none; int (n,), indices
        into `KINDS`.
    """
    rng = np.random.default_rng(seed)
    views, nm, kinds = [], [], []
    for batch in simulate_crops(count, seed, lamps=shares(held_out=held_out)):
        strip = np.array([name in STRIPS for name in batch.lamps])
        names = np.where(strip, NO_SPECTRUM, batch.lamps)
        kinds += [KINDS.index(name) for name in names]
        views.append(profile_views(crop_profiles(rng, batch.images)).astype(np.float16))
        places = batch.column_nm.reshape(len(batch), -1, COLUMNS_PER_PLACE).mean(axis=2)
        places[(places < SEEN_NM[0]) | (places > SEEN_NM[1]) | strip[:, None]] = np.nan
        nm.append(((places - NM_ORIGIN) / NM_UNIT).astype(np.float32))
    return {"views": np.concatenate(views), "nm": np.concatenate(nm), "kinds": np.array(kinds)}
