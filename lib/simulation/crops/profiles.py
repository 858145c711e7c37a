"""The light of a lamp along the dispersion, as grating, optics and sensor give it to a crop."""

import numpy as np

from lib.simulation.crops.limits import draw_limits, seen_light
from lib.simulation.instrument import camera
from lib.simulation.instrument.camera import Effects
from lib.simulation.instrument.grating import Grating, column_flux, draw_dispersion
from lib.simulation.instrument.sensors import draw_sensor
from lib.simulation.lamps.spectra import NO_LIGHT
from lib.tables import CROP_SHAPE

_, COLUMNS, _ = CROP_SHAPE
# Columns simulated beyond either end, so that light can spread and slant into the crop.
MARGIN = 64


def draw_profiles(
    rng: np.random.Generator, spd: np.ndarray, effects: Effects
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sensor RGB along the dispersion, peak 1, and the wavelengths of the crop's columns.

    Shapes (n, 1, 480 + margins, 3) and (n, 480). With them which sensors are monochrome, (n,).
    """
    n = len(spd)
    sensor = draw_sensor(rng, n, varied=effects.sensor)
    seen = seen_light(spd, sensor)
    bare = sensor.monochrome & sensor.bare.are_bare
    limits_nm = draw_limits(rng, seen, bare, varied=effects.limits, zero_order=effects.zero_order)
    # Positions along the crop, which is one unit long.
    edges = np.arange(-MARGIN, COLUMNS + MARGIN + 1) / COLUMNS
    edges_nm, grating = np.empty((n, len(edges))), np.empty(n, bool)
    for i, nm in enumerate(limits_nm):
        dispersion = draw_dispersion(rng, 1.0, nm, curved=effects.curved_dispersion)
        edges_nm[i] = dispersion.nm_at(dispersion.offset_px(nm[0]) + edges)
        grating[i] = isinstance(dispersion, Grating)
    centres_nm = (edges_nm[:, 1:] + edges_nm[:, :-1]) / 2

    # Gratings favour the order they are blazed for; film and discs hardly do.
    profile = column_flux(spd, edges_nm)[:, :, None] * sensor.response(centres_nm)
    if effects.second_order:
        efficiency = 0.7 * rng.random(n) ** 2 * grating
        second = column_flux(spd * efficiency[:, None].astype(np.float32), edges_nm / 2)
        profile += second[:, :, None] * sensor.response(centres_nm / 2)
    if effects.zero_order:
        profile += _zero_order(rng, seen.sum(axis=1), edges_nm)
    profile = profile[:, None]
    if effects.point_spread:
        profile = _blurred(rng, profile)
    inside = slice(MARGIN, MARGIN + COLUMNS)
    peak = profile[:, :, inside].max(axis=(1, 2, 3), keepdims=True)
    profile = np.ascontiguousarray(profile / np.maximum(peak, NO_LIGHT))
    return profile, centres_nm[:, inside], sensor.monochrome


def _zero_order(rng: np.random.Generator, white: np.ndarray, edges_nm: np.ndarray) -> np.ndarray:
    """Return the undispersed light, all in the column where the wavelength passes through 0.

    `white`, shape (n, 3), is the whole light of the lamp.
    """
    light = np.zeros((*edges_nm.shape[:1], edges_nm.shape[1] - 1, 3), np.float32)
    shown = np.flatnonzero((edges_nm[:, 0] < 0) & (edges_nm[:, -1] > 0))
    for i in shown:
        column = np.searchsorted(edges_nm[i], 0) - 1
        light[i, column] = white[i] * rng.uniform(0.3, 3)
    return light


def _blurred(rng: np.random.Generator, profile: np.ndarray) -> np.ndarray:
    """Blur by optics and slit, and a halo."""
    n = len(profile)
    width_px = COLUMNS * camera.draw_line_width(rng, n)
    slit_share = rng.random(n) ** 1.5
    return camera.spread(
        profile,
        sigma_px=width_px * (1 - slit_share) / 2.35 + 0.4,
        slit_px=width_px * slit_share,
        halo_share=0.35 * rng.random(n) ** 3,
        halo_px=np.exp(rng.uniform(np.log(4), np.log(60), n)),
    )
