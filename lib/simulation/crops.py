"""Crops of 15 x 480 pixels with known source and wavelengths, simulated in batches.

The light of a lamp goes through grating, optics and sensor as one profile per crop; the profile
then becomes rows of a picture that noise, tone curve and JPEG finish.
"""

import itertools
import multiprocessing
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from lib.simulation import camera
from lib.simulation.camera import Effects
from lib.simulation.grating import column_flux, draw_geometry, wavelength_at
from lib.simulation.lamps import LAMPS, Lamp, class_lamps, unknown_lamps
from lib.simulation.sensors import Sensor, draw_sensor
from lib.simulation.spectra import N_WAVELENGTHS, WAVELENGTHS_NM
from lib.simulation.strips import STRIPS, Strip, unknown_strips
from lib.taxonomy import CLASSES

CROP_HEIGHT, CROP_WIDTH = 15, 480
UNKNOWN_LABEL = -1

# Part of the contract "same seed, same bytes": changing it changes every crop.
_BATCH = 128
# Columns simulated beyond either end, so that light can spread and slant into the crop.
_MARGIN = 64
# Coarse bins in which lamp and sensor are multiplied to find where there is light.
_BIN_STEPS = 20
_BINS_NM = WAVELENGTHS_NM[_BIN_STEPS // 2 :: _BIN_STEPS]
# Instead of a division by zero where a camera sees nothing of a lamp.
_NO_LIGHT = 1e-12

_SOURCES: dict[str, Lamp | Strip] = LAMPS | STRIPS


@dataclass(frozen=True)
class CropBatch:
    """Some simulated crops.

    Attributes
    ----------
    images : uint8 array of shape (n, 15, 480, 3)
        RGB, blue end left except for the few that are flipped.
    labels : int64 array of shape (n,)
        Class id, or -1 for lamps of no class.
    lamps : tuple of str
        Name of each crop's lamp in `lib.simulation.lamps.LAMPS`, or of what is shown in place of
        a spectrum in `lib.simulation.strips.STRIPS`.
    column_nm : float32 array of shape (n, 480)
        True first-order wavelength at the centre of each column, in the middle row; without
        meaning for a strip.
    """

    images: np.ndarray
    labels: np.ndarray
    lamps: tuple[str, ...]
    column_nm: np.ndarray

    def __len__(self) -> int:
        """Return the number of crops."""
        return len(self.labels)


def simulate_crops(
    count: int,
    seed: int,
    *,
    lamps: Sequence[str] | None = None,
    unknown_share: float = 0.0,
    effects: Effects | None = None,
    jobs: int = 1,
) -> Iterator[CropBatch]:
    """Simulate `count` crops; the same seed gives the same bytes whatever the number of `jobs`.

    Parameters
    ----------
    lamps : sequence of str, optional
        Draw only these lamps or strips, by their weights. Default: the seven classes in equal
        shares.
    unknown_share : float
        Share of unknown lamps and strips that are not held out, where `lamps` is None.
    effects : Effects, optional
        Which effects apply. Default: all.
    jobs : int
        Number of processes.

    Yields
    ------
    CropBatch
        In a fixed order, at most 128 crops each; memory does not grow with `count`.
    """
    effects = effects or Effects()
    names, shares = _lamp_shares(lamps, unknown_share)
    sizes = [min(_BATCH, count - start) for start in range(0, count, _BATCH)]
    tasks = ((seed, index, size, names, shares, effects) for index, size in enumerate(sizes))
    if jobs == 1 or len(sizes) == 1:
        yield from map(_simulate_batch, tasks)
        return
    # Spawned, as a forked child of a program that runs TensorFlow hangs.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        first = itertools.islice(tasks, 3 * jobs)
        waiting = deque(pool.submit(_simulate_batch, task) for task in first)
        while waiting:
            batch = waiting.popleft().result()
            if (task := next(tasks, None)) is not None:
                waiting.append(pool.submit(_simulate_batch, task))
            yield batch


def _lamp_shares(
    lamps: Sequence[str] | None, unknown_share: float
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return names of lamps and the probability of each."""
    if lamps is not None:
        groups: list[tuple[float, Sequence[Lamp | Strip]]]
        groups = [(1.0, [_SOURCES[name] for name in lamps])]
    else:
        known_share = (1 - unknown_share) / len(CLASSES)
        groups = [(known_share, class_lamps(name)) for name in CLASSES]
        unknowns = (*unknown_lamps(held_out=False), *unknown_strips(held_out=False))
        groups.append((unknown_share, unknowns))
    names, shares = [], []
    for group_share, members in groups:
        total = sum(lamp.weight for lamp in members)
        names += [lamp.name for lamp in members]
        shares += [group_share * lamp.weight / total for lamp in members]
    return tuple(names), np.array(shares)


def _simulate_batch(task: tuple) -> CropBatch:
    seed, index, size, names, shares, effects = task
    cv2.setNumThreads(1)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
    # Whole batches are drawn and cut, so that a crop does not depend on how many are asked for.
    lamps = [_SOURCES[names[i]] for i in rng.choice(len(names), _BATCH, p=shares)]
    spd = np.ones((_BATCH, N_WAVELENGTHS), np.float32)
    for i, lamp in enumerate(lamps):
        if isinstance(lamp, Lamp):
            spd[i] = lamp.draw(rng)
    profile, column_nm, monochrome = _profiles(rng, spd, effects)
    images = _pictures(rng, profile, effects)
    for i, lamp in enumerate(lamps):
        if isinstance(lamp, Strip):
            images[i] = lamp.draw(rng, (CROP_HEIGHT, CROP_WIDTH))
    images = _finish(rng, images, effects)
    if effects.flip:
        # Without colours nobody knows which end is blue.
        flipped = rng.random(_BATCH) < np.where(monochrome, 0.5, 0.03)
        images[flipped] = images[flipped, :, ::-1]
        column_nm[flipped] = column_nm[flipped, ::-1]
    labels = [
        CLASSES.index(lamp.class_name) if lamp.class_name else UNKNOWN_LABEL for lamp in lamps
    ]
    return CropBatch(
        images=images[:size],
        labels=np.array(labels[:size], np.int64),
        lamps=tuple(lamp.name for lamp in lamps[:size]),
        column_nm=column_nm[:size].astype(np.float32),
    )


def _draw_limits(rng: np.random.Generator, n: int, effects: Effects) -> np.ndarray:
    """Return the wavelengths (nm) at the ends of `n` crops, shape (n, 2).

    Shares and ranges are those seen in hand-cropped collections: mostly the visible band, often
    with a dark margin or the second order, at times loose at both ends, cut into the band, or
    holding the zero order.
    """
    loose = rng.random(n) < 0.12
    where = rng.random(n)
    start = np.select(
        [loose, where < 0.62, where < 0.82, where < 0.91],
        [
            380 - rng.exponential(70, n),
            rng.uniform(378, 425, n),
            385 - rng.exponential(60, n),
            rng.uniform(425, 462, n),
        ],
        rng.uniform(340, 378, n),
    )
    start = np.maximum(start, 130)
    if effects.zero_order:
        start = np.where(rng.random(n) < 0.03, rng.uniform(-120, 60, n), start)
    where = np.where(loose, 1, rng.random(n))
    end = np.select(
        [where < 0.62, where < 0.79],
        [rng.uniform(635, 715, n), rng.uniform(565, 635, n)],
        710 + rng.exponential(95, n),
    )
    return np.stack([start, np.minimum(end, 1020)], axis=1)


def _profiles(
    rng: np.random.Generator, spd: np.ndarray, effects: Effects
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sensor RGB along the dispersion, peak 1, and the wavelengths of the crop's columns.

    Shapes (n, 1, 480 + margins, 3) and (n, 480). With them which sensors are monochrome, (n,).
    """
    n = len(spd)
    geometry = draw_geometry(rng, n, curved=effects.curved_dispersion)
    sensor = draw_sensor(rng, n, varied=effects.sensor)
    seen = _seen_light(spd, sensor)
    limits_nm = np.tile([390.0, 690.0], (n, 1))
    if effects.limits:
        limits_nm = _on_the_light(_draw_limits(rng, n, effects), seen.sum(axis=2))
        tight = rng.random((n, 1)) < 0.22
        limits_nm = np.where(tight, _tight_limits(rng, seen.sum(axis=2)), limits_nm)
    edges = np.arange(-_MARGIN, CROP_WIDTH + _MARGIN + 1) / CROP_WIDTH
    edges_nm = wavelength_at(geometry, limits_nm, edges)
    centres_nm = (edges_nm[:, 1:] + edges_nm[:, :-1]) / 2

    # Gratings favour the order they are blazed for; film and discs hardly do.
    profile = column_flux(spd, edges_nm)[:, :, None] * sensor.response(centres_nm)
    if effects.second_order:
        efficiency = 0.7 * rng.random(n) ** 2
        second = column_flux(spd * efficiency[:, None].astype(np.float32), edges_nm / 2)
        profile += second[:, :, None] * sensor.response(centres_nm / 2)
    if effects.zero_order:
        profile += _zero_order(rng, seen.sum(axis=1), edges_nm)
    profile = profile[:, None]
    if effects.point_spread:
        profile = _blurred(rng, profile)
    inside = slice(_MARGIN, _MARGIN + CROP_WIDTH)
    peak = profile[:, :, inside].max(axis=(1, 2, 3), keepdims=True)
    return profile / np.maximum(peak, _NO_LIGHT), centres_nm[:, inside], sensor.monochrome


def _seen_light(spd: np.ndarray, sensor: Sensor) -> np.ndarray:
    """Return what the sensor's channels see of each lamp in bins of 5 nm, shape (n, n_bins, 3)."""
    bins = spd[:, : len(_BINS_NM) * _BIN_STEPS].reshape(len(spd), -1, _BIN_STEPS).sum(axis=2)
    return bins[:, :, None] * sensor.response(np.broadcast_to(_BINS_NM, bins.shape))


def _on_the_light(limits_nm: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return crop limits, replaced by the visible band where they miss most of the light.

    Nobody crops a photo to where a lamp does not shine. `seen` has shape (n, n_bins).
    """
    inside = (limits_nm[:, :1] < _BINS_NM) & (limits_nm[:, 1:] > _BINS_NM)
    share = (seen * inside).sum(axis=1) / np.maximum(seen.sum(axis=1), _NO_LIGHT)
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
    """Blur by optics and slit: 1-25 px full width at half maximum, and a halo."""
    n = len(profile)
    width_px = np.exp(rng.uniform(np.log(1.0), np.log(25.0), n))
    slit_share = rng.random(n) ** 1.5
    return camera.spread(
        profile,
        sigma_px=width_px * (1 - slit_share) / 2.35 + 0.4,
        slit_px=width_px * slit_share,
        halo_share=0.35 * rng.random(n) ** 3,
        halo_px=np.exp(rng.uniform(np.log(4), np.log(60), n)),
    )


def _per_crop(values: np.ndarray) -> np.ndarray:
    """Shape one value (or RGB) per crop so that it broadcasts against (n, height, width, 3)."""
    return values.reshape(len(values), 1, 1, -1).astype(np.float32)


def _pictures(rng: np.random.Generator, profile: np.ndarray, effects: Effects) -> np.ndarray:
    """Return linear display RGB (n, 15, 480, 3): exposure, rows, haze, noise, colour."""
    n = len(profile)
    balance = np.ones((n, 3))
    if effects.white_balance:
        balance = np.exp(rng.normal(0, 0.3, (n, 3)))
        balance /= balance.min(axis=1, keepdims=True)
    inside = slice(_MARGIN, _MARGIN + CROP_WIDTH)
    peak = (profile[:, 0, inside] * balance[:, None]).max(axis=(1, 2))
    signal = profile * _per_crop(_draw_exposure(rng, n, effects) / np.maximum(peak, _NO_LIGHT))
    if effects.blooming:
        signal = camera.bloom(signal, share=_per_crop(0.5 * rng.random(n) ** 3))
    image = _rows(rng, signal, effects)
    if effects.haze:
        image = _with_haze(rng, image)
    if effects.noise:
        image = camera.add_noise(
            rng,
            image,
            full_well=_per_crop(np.exp(rng.uniform(np.log(250), np.log(2e5), n))),
            read=_per_crop(np.exp(rng.uniform(np.log(0.00005), np.log(0.004), n))),
            grain_px=_per_crop(rng.choice([0, 0.5, 1.0], n)),
        )
    image = camera.clip_full(image) * _per_crop(balance)
    if effects.colour_matrix:
        image = camera.apply_colour_matrix(image, camera.draw_colour_matrix(rng, n))
    return image


def _draw_exposure(rng: np.random.Generator, n: int, effects: Effects) -> np.ndarray:
    """Return the brightest column in units of full: most in range, some dark, many far beyond."""
    if not effects.exposure:
        return np.full(n, 0.7)
    where = rng.random(n)
    return np.select(
        [where < 0.54, where < 0.64],
        [rng.uniform(0.25, 1.05, n), np.exp(rng.uniform(np.log(0.03), np.log(0.25), n))],
        np.exp(rng.uniform(np.log(1.05), np.log(25), n)),
    )


def _rows(rng: np.random.Generator, profile: np.ndarray, effects: Effects) -> np.ndarray:
    """Return (n, 15, 480, 3): the profile once a row, shifted by slant and shaped by the slit."""
    n = len(profile)
    row = np.linspace(-1, 1, CROP_HEIGHT)
    column = np.arange(CROP_WIDTH)
    shift = np.zeros((n, CROP_HEIGHT, CROP_WIDTH), np.float32)
    if effects.slant:
        slant_px = rng.normal(0, 1, n) * np.where(rng.random(n) < 0.1, 12, 1.2)
        smile_px = rng.normal(0, 1.0, n) * rng.random(n) ** 2
        keystone_px = rng.normal(0, 0.5, n)
        shift += (slant_px[:, None] * row + smile_px[:, None] * row**2)[:, :, None]
        shift += keystone_px[:, None, None] * row[:, None] * (column / CROP_WIDTH - 0.5)
    where_x = np.clip(shift + column + _MARGIN, 0, profile.shape[2] - 1).astype(np.float32)
    still = np.zeros(where_x.shape[1:], np.float32)
    image = np.stack(
        [
            cv2.remap(strip, x, still, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            for strip, x in zip(profile, where_x, strict=True)
        ]
    )
    if effects.band_shape:
        image *= _band_shape(rng, n)
    return image


def _band_shape(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return the brightness (n, 15, 480, 1) across the band: uneven slits, and bands that leave.

    A fifth of the crops show the edge of the band, which may bend out of the strip.
    """
    row = np.linspace(-1, 1, CROP_HEIGHT, dtype=np.float32)[:, None]
    column = np.linspace(-1, 1, CROP_WIDTH, dtype=np.float32)
    slope, bend = rng.normal(0, 0.35, (n, 1, 1)), rng.normal(0, 0.35, (n, 1, 1))
    centre = rng.normal(0, 0.5, (n, 1, 1)) + slope * column + bend * (column**2 - 0.5)
    half_width = rng.uniform(0.5, 1.6, (n, 1, 1))
    edge = np.exp(-(np.abs((row - centre.astype(np.float32)) / half_width.astype(np.float32)) ** 3))
    shown = (rng.random((n, 1, 1)) < 0.18).astype(np.float32)
    streaks = 1 + rng.standard_normal((n, CROP_HEIGHT, 1)) * 0.06 * rng.random((n, 1, 1)) ** 2
    slit = streaks * (1 + 0.08 * rng.normal(0, 1, (n, 1, 1)).clip(-2, 2) * row)
    return ((1 - shown + shown * edge) * slit.astype(np.float32))[..., None]


def _with_haze(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Add the lamp's own stray light and a background of another colour."""
    n = len(image)
    own = image[:, ::3, ::8].mean(axis=(1, 2)) * (0.5 * rng.random((n, 1)) ** 5)
    level = np.exp(rng.uniform(np.log(0.00005), np.log(0.02), (n, 1)))
    colour = level * np.exp(rng.normal(0, 0.4, (n, 3)))
    slope = _per_crop(rng.normal(0, 0.4, n).clip(-0.9, 0.9))
    return camera.add_haze(image, _per_crop(own + colour), slope)


def _finish(rng: np.random.Generator, image: np.ndarray, effects: Effects) -> np.ndarray:
    """Return uint8 crops: tone curve, black level, resampling and JPEG."""
    n = len(image)
    if effects.gamma:
        gamma = np.where(rng.random(n) < 0.15, rng.uniform(1, 1.6, n), rng.uniform(1.6, 2.6, n))
        image = camera.tone(
            image,
            gamma=_per_crop(gamma),
            contrast=_per_crop(rng.uniform(0, 0.8, n)),
            saturation=_per_crop(rng.uniform(0.75, 1.6, n)),
        )
    else:
        image = camera.tone(image)
    if effects.haze:
        black = np.where(rng.random((n, 1)) < 0.6, 0, rng.uniform(0, 0.12, (n, 1)))
        black = _per_crop(black * rng.uniform(0.4, 1.4, (n, 3)))
        image = black + (1 - black) * image
    images = camera.to_bytes(image)
    if effects.jpeg:
        for i in np.flatnonzero(rng.random(n) < 0.85):
            images[i] = _stored(rng, images[i])
    return images


def _stored(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Return a crop as cut from a JPEG photo, a third of them from a smaller one enlarged."""
    quality, subsampled = int(rng.integers(45, 98)), rng.random() < 0.8
    width = int(rng.integers(180, CROP_WIDTH)) if rng.random() < 0.33 else CROP_WIDTH
    if width < CROP_WIDTH:
        image = cv2.resize(image, (width, CROP_HEIGHT), interpolation=cv2.INTER_AREA)
    image = camera.jpeg(image, quality, subsampled=subsampled)
    return cv2.resize(image, (CROP_WIDTH, CROP_HEIGHT), interpolation=cv2.INTER_LINEAR)
