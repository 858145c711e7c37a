"""From profiles to pictures: exposure, rows, stray light, noise, colour, tone and JPEG."""

from collections.abc import Sequence

import cv2
import numpy as np

from lib.simulation.crops.profiles import MARGIN
from lib.simulation.draws import log_uniform
from lib.simulation.instrument.camera import Effects, add_haze, bloom, draw_grid, jpeg
from lib.simulation.instrument.processing import Processing
from lib.simulation.lamps.spectra import NO_LIGHT
from lib.tables import CROP_SHAPE

ROWS, COLUMNS, _ = CROP_SHAPE
# Mean light of a band in a photo whose exposure a camera sets so that the mean of all is a middle
# grey: the less of the photo a band fills, the brighter it gets. Nothing gets brighter than the
# longest exposure allows.
_METERED, _MAX_EXPOSURE = (0.03, 1.5), 300.0
# Part of the crops with a program's scale or stuck columns.
_GRID_SHARE = 0.06
# How many rows of a photo are one row of a crop: their noise is averaged.
_ROWS_AVERAGED = (2, 20)


def draw_pictures(
    rng: np.random.Generator, profile: np.ndarray, cameras: Sequence[Processing], effects: Effects
) -> np.ndarray:
    """Return linear light on the sensors, (n, 15, 480, 3): exposure, charge, rows, haze."""
    balance = np.stack([camera.balance for camera in cameras])
    inside = slice(MARGIN, MARGIN + COLUMNS)
    seen = profile[:, 0, inside] * balance[:, None]
    peak = np.maximum(seen.max(axis=(1, 2)), NO_LIGHT)
    mean = seen.mean(axis=(1, 2)) / peak
    signal = profile * _per_crop(_draw_exposure(rng, mean, effects) / peak)
    spilled = np.array([camera.bloom_share for camera in cameras])
    image = _rows(rng, bloom(signal, share=_per_crop(spilled)), effects)
    if effects.haze:
        _add_haze(rng, image)
    return image


def _draw_exposure(rng: np.random.Generator, mean: np.ndarray, effects: Effects) -> np.ndarray:
    """Return the brightest column in units of full: most in range, some dark, many far beyond.

    `mean`, shape (n,), is the mean light over that of the brightest column. A camera that exposes
    by itself goes by the former, so the fewer lines there are, the further they are clipped.
    """
    n = len(mean)
    if not effects.exposure:
        return np.full(n, 0.7)
    where = rng.random(n)
    metered = np.exp(rng.uniform(*np.log(_METERED), n)) / np.maximum(mean, NO_LIGHT)
    return np.select(
        [where < 0.46, where < 0.54, where < 0.8],
        [
            rng.uniform(0.25, 1.05, n),
            np.exp(rng.uniform(np.log(0.05), np.log(0.25), n)),
            np.exp(rng.uniform(np.log(1.05), np.log(16), n)),
        ],
        np.minimum(metered, _MAX_EXPOSURE),
    )


def _rows(rng: np.random.Generator, profile: np.ndarray, effects: Effects) -> np.ndarray:
    """Return (n, 15, 480, 3): the profile once a row, shifted by slant and shaped by the slit."""
    n = len(profile)
    row = np.linspace(-1, 1, ROWS)
    column = np.arange(COLUMNS, dtype=np.float32)
    where_x = np.tile(column + MARGIN, (n, ROWS, 1))
    if effects.slant:
        slant_px = rng.normal(0, 1, n) * np.where(rng.random(n) < 0.08, 10, 1.2)
        smile_px = rng.normal(0, 1, n) * np.where(rng.random(n) < 0.06, 8, rng.random(n) ** 2)
        keystone_px = rng.normal(0, 0.5, n)
        lean_px = np.outer(slant_px, row) + np.outer(smile_px, row**2)
        where_x += np.float32(lean_px)[..., None]
        where_x += np.float32(np.outer(keystone_px, row))[..., None] * (column / COLUMNS - 0.5)
    np.clip(where_x, 0, profile.shape[2] - 1, out=where_x)
    still = np.zeros((ROWS, COLUMNS), np.float32)
    image = np.empty((n, *CROP_SHAPE), np.float32)
    for strip, x, shown in zip(profile, where_x, image, strict=True):
        cv2.remap(strip, x, still, cv2.INTER_LINEAR, shown, cv2.BORDER_REPLICATE)
    if effects.band_shape:
        _shape_band(rng, image)
    return image


def _shape_band(rng: np.random.Generator, image: np.ndarray) -> None:
    """Make bands (n, 15, 480, 3) uneven across, as slits are; let some leave the strip. In place.

    A seventh of the crops shows the edge of the band, which may bend out of the strip.
    """
    n = len(image)
    row = np.linspace(-1, 1, ROWS, dtype=np.float32)[:, None]
    column = np.linspace(-1, 1, COLUMNS, dtype=np.float32)
    centre = rng.normal(0, [0.5, 0.35, 0.35], (n, 3))
    half_width = rng.uniform(0.25, 1.6, n)
    for i in np.flatnonzero(rng.random(n) < 0.15):
        middle, slope, bend = np.float32(centre[i])
        away = np.abs(row - middle - slope * column - bend * (column**2 - 0.5))
        edge = np.exp(-((away / np.float32(half_width[i])) ** 3))
        image[i] *= edge[..., None]
    streaks = 1 + rng.standard_normal((n, ROWS, 1)) * 0.06 * rng.random((n, 1, 1)) ** 2
    slit = streaks * (1 + 0.08 * rng.normal(0, 1, (n, 1, 1)).clip(-2, 2) * row)
    image *= slit.astype(np.float32)[..., None]


def _add_haze(rng: np.random.Generator, image: np.ndarray) -> None:
    """Add the lamp's own stray light and a background of another colour, in place."""
    n = len(image)
    own = image[:, ::3, ::8].mean(axis=(1, 2)) * (0.5 * rng.random((n, 1)) ** 5)
    level = np.exp(rng.uniform(np.log(0.00003), np.log(0.012), (n, 1)))
    colour = level * np.exp(rng.normal(0, 0.4, (n, 3)))
    slope = _per_crop(rng.normal(0, 0.4, n).clip(-0.9, 0.9))
    add_haze(image, _per_crop(own + colour), slope)


def finish(
    rng: np.random.Generator, light: np.ndarray, cameras: Sequence[Processing], effects: Effects
) -> np.ndarray:
    """Return uint8 crops of linear light: noise, colours, tone curve, resampling and JPEG."""
    images = np.empty(light.shape, np.uint8)
    # One after the other: one crop fits the processor's cache.
    for i, camera in enumerate(cameras):
        averaged = camera.averaged(log_uniform(rng, *_ROWS_AVERAGED))
        images[i] = averaged.picture(rng, light[i], noise=effects.noise)
    n = len(images)
    if effects.grid:
        for i in np.flatnonzero(rng.random(n) < _GRID_SHARE):
            draw_grid(rng, images[i])
    if effects.jpeg:
        for i in np.flatnonzero(rng.random(n) < 0.85):
            images[i] = _stored(rng, images[i])
    return images


def _stored(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Return a crop as cut from a JPEG photo, a third of them from a smaller one enlarged."""
    quality, subsampled = int(rng.integers(45, 98)), rng.random() < 0.8
    width = int(rng.integers(180, COLUMNS)) if rng.random() < 0.33 else COLUMNS
    if width < COLUMNS:
        image = cv2.resize(image, (width, ROWS), interpolation=cv2.INTER_AREA)
    image = jpeg(image, quality, subsampled=subsampled)
    return cv2.resize(image, (COLUMNS, ROWS), interpolation=cv2.INTER_LINEAR)


def _per_crop(values: np.ndarray) -> np.ndarray:
    """Shape one value (or RGB) per crop so that it broadcasts against (n, height, width, 3)."""
    return values.reshape(len(values), 1, 1, -1).astype(np.float32)
