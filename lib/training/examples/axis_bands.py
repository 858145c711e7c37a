"""Profiles of simulated bands, as the axis network sees them, and the wavelengths they show."""

import numpy as np

from lib.recognition.axis.reading import COLUMNS_PER_PLACE, NM_ORIGIN, NM_UNIT, profile_views
from lib.simulation.crops.crops import simulate_crops
from lib.training.examples.axis_truth import LAMPS
from lib.training.examples.crop_profiles import crop_profiles

# Shares of what the network learns to read: lamps whose lines calibrate, the more the harder they
# are to read; every other line list; and light that tells no wavelength but by its colours.
SHARES = dict.fromkeys(LAMPS, 10.0) | {
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
    "krypton": 2,
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
SHARD = 8192
# So that nothing drawn here is drawn by another training, or by a benchmark.
STREAM = 60_000_000
# Wavelengths beyond these are no light that a camera sees.
SEEN_NM = (330.0, 1080.0)


def simulate(seed: int, number: int) -> dict[str, np.ndarray]:
    """Return `SHARD` bands, as of `simulate_bands`."""
    return simulate_bands(SHARD, STREAM + 100_000 * seed + number)


def simulate_bands(count: int, seed: int) -> dict[str, np.ndarray]:
    """Return ``views`` and ``nm`` of simulated crops, and the ``lamps`` that they show.

    Returns
    -------
    dict
        float16 (n, columns, channels - 1), as of `lib.recognition.axis.reading.profile_views`;
        float32 (n, places) in the network's units, nan where a place shows none; str (n,).
    """
    rng = np.random.default_rng(seed)
    views, nm, lamps = [], [], []
    for batch in simulate_crops(count, seed, lamps=SHARES):
        lamps += batch.lamps
        views.append(profile_views(crop_profiles(rng, batch.images)).astype(np.float16))
        places = batch.column_nm.reshape(len(batch), -1, COLUMNS_PER_PLACE).mean(axis=2)
        places[(places < SEEN_NM[0]) | (places > SEEN_NM[1])] = np.nan
        nm.append(((places - NM_ORIGIN) / NM_UNIT).astype(np.float32))
    return {
        "views": np.concatenate(views),
        "nm": np.concatenate(nm),
        "lamps": np.array(lamps),
    }
