"""Where crops begin and end: by hand, or as a band finder draws them around the light."""

import numpy as np

from lib.simulation.instrument.sensors import Sensor
from lib.simulation.lamps.spectra import NO_LIGHT, WAVELENGTHS_NM

# Coarse bins in which lamp and sensor are multiplied to find where there is light.
_BIN_STEPS = 20
_BINS_NM = WAVELENGTHS_NM[_BIN_STEPS // 2 :: _BIN_STEPS]
_FIXED_NM = (390.0, 690.0)
# Share of crops drawn just around the light; the rest are cut as people cut.
_TIGHT_SHARE = 0.22
# Share of crops that show a part of the spectrum, as a camera that sees only some of it gives.
# Astronomers' spectrographs, whose sensors have no dyes, spread little of it over all they have.
_PART_SHARE, _BARE_PART_SHARE = 0.06, 0.3
# Part of these bare sensors that see a narrow stretch (nm) about some of the lamp's light: slit
# spectrographs of high dispersion.
_NARROW_SHARE, _NARROW_NM = 0.4, (10.0, 80.0)
# Where a camera without infrared filter sees this part of the light beyond this wavelength, half
# of the crops take it in.
_INFRARED_NM, _INFRARED_PART = 760.0, 0.05


def seen_light(spd: np.ndarray, sensor: Sensor) -> np.ndarray:
    """Return what the sensor's channels see of each lamp in bins of 5 nm, shape (n, n_bins, 3)."""
    bins = spd[:, : len(_BINS_NM) * _BIN_STEPS].reshape(len(spd), -1, _BIN_STEPS).sum(axis=2)
    return bins[:, :, None] * sensor.response(np.broadcast_to(_BINS_NM, bins.shape))


def draw_limits(
    rng: np.random.Generator,
    seen: np.ndarray,
    bare: np.ndarray,
    *,
    varied: bool = True,
    zero_order: bool = True,
) -> np.ndarray:
    """Return the wavelengths (nm) at the ends of crops, shape (n, 2).

    Parameters
    ----------
    seen : float array of shape (n, n_bins, 3)
        Of `seen_light`.
    bare : bool array of shape (n,)
        Which cameras have a sensor without dyes.
    varied : bool
        False for 390-690 nm everywhere.
    zero_order : bool
        Whether some crops begin left of the zero order.
    """
    n, light = len(seen), seen.sum(axis=2)
    if not varied:
        return np.tile(_FIXED_NM, (n, 1))
    limits_nm = _hand_limits(rng, n, zero_order)
    infrared = light[:, _BINS_NM > _INFRARED_NM].sum(axis=1)
    infrared = infrared > _INFRARED_PART * np.maximum(light.sum(axis=1), NO_LIGHT)
    farther = np.maximum(limits_nm[:, 1], rng.uniform(760, 1020, n))
    limits_nm[:, 1] = np.where(infrared & (rng.random(n) < 0.5), farther, limits_nm[:, 1])
    limits_nm = _on_the_light(limits_nm, light)
    tight = rng.random((n, 1)) < _TIGHT_SHARE
    limits_nm = np.where(tight, _tight_limits(rng, light), limits_nm)
    part = rng.random((n, 1)) < np.where(bare, _BARE_PART_SHARE, _PART_SHARE)[:, None]
    limits_nm = _on_the_light(np.where(part, _part_limits(rng, n), limits_nm), light)
    narrow = part[:, 0] & bare & (rng.random(n) < _NARROW_SHARE)
    return np.where(narrow[:, None], _narrow_limits(rng, light), limits_nm)


def _part_limits(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return limits (nm) that leave out most of the blue or the red end, shape (n, 2)."""
    start = rng.uniform(380, 590, n)
    return np.stack([start, start + rng.uniform(90, 220, n)], axis=1)


def _narrow_limits(rng: np.random.Generator, light: np.ndarray) -> np.ndarray:
    """Return limits (nm) of a narrow stretch that holds light, shape (n, 2)."""
    n = len(light)
    below = np.cumsum(light, axis=1) / np.maximum(light.sum(axis=1, keepdims=True), NO_LIGHT)
    held = _BINS_NM[np.minimum((below < rng.random((n, 1))).sum(axis=1), len(_BINS_NM) - 1)]
    width = np.exp(rng.uniform(*np.log(_NARROW_NM), n))
    start = held - width * rng.uniform(0.1, 0.9, n)
    # Where a sensor sees none of a lamp, nothing says where to look.
    start = np.clip(start, WAVELENGTHS_NM[0], WAVELENGTHS_NM[-1] - width)
    return np.stack([start, start + width], axis=1)


def _hand_limits(rng: np.random.Generator, n: int, zero_order: bool) -> np.ndarray:
    """Return the wavelengths (nm) at the ends of `n` crops, shape (n, 2).

    Shares and ranges are those seen in hand-cropped collections: mostly the visible band, often
    with a dark margin or the second order, at times loose at both ends, cut into the band, or
    holding the zero order.
    """
    where = rng.random(n)
    start = np.select(
        [where < 0.62, where < 0.82, where < 0.91],
        [rng.uniform(378, 425, n), 385 - rng.exponential(60, n), rng.uniform(425, 462, n)],
        rng.uniform(340, 378, n),
    )
    where = rng.random(n)
    end = np.select(
        [where < 0.62, where < 0.79],
        [rng.uniform(635, 715, n), rng.uniform(565, 635, n)],
        np.minimum(710 + rng.exponential(95, n), 1020),
    )
    loose = rng.random(n) < 0.14
    # All of a wide strip, of which the visible band takes 25-90 %.
    gap_nm = 320 * (1 / rng.uniform(0.25, 0.9, n) - 1)
    left = rng.random(n)
    start = np.where(loose, 385 - gap_nm * left, start)
    end = np.where(loose, 705 + gap_nm * (1 - left), end)
    start = np.maximum(start, 130)
    if zero_order:
        start = np.where(rng.random(n) < 0.045, rng.uniform(-150, 60, n), start)
    return np.stack([start, end], axis=1)


def _on_the_light(limits_nm: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return crop limits, replaced by the visible band where they miss most of the light.

    Nobody crops a photo to where a lamp does not shine. `seen` has shape (n, n_bins).
    """
    inside = (limits_nm[:, :1] < _BINS_NM) & (limits_nm[:, 1:] > _BINS_NM)
    share = (seen * inside).sum(axis=1) / np.maximum(seen.sum(axis=1), NO_LIGHT)
    return np.where(share[:, None] < 0.15, [375.0, 720.0], limits_nm)


def _tight_limits(rng: np.random.Generator, seen: np.ndarray) -> np.ndarray:
    """Return crop limits just around the light, as a band finder draws them, shape (n, 2).

    `seen` has shape (n, n_bins). Light counts from 0.3-10 % of the brightest bin on.
    """
    n = len(seen)
    least = np.exp(rng.uniform(np.log(0.003), np.log(0.1), (n, 1)))
    lit = seen > least * seen.max(axis=1, keepdims=True)
    first = _BINS_NM[lit.argmax(axis=1)]
    last = _BINS_NM[len(_BINS_NM) - 1 - lit[:, ::-1].argmax(axis=1)]
    margin = rng.uniform(4, 16, (n, 2)) + 0.12 * (last - first)[:, None] * rng.random((n, 2)) ** 2
    return np.stack([first - margin[:, 0], last + margin[:, 1]], axis=1)
