"""Crops of 15 x 480 pixels with known source and wavelengths, simulated in batches.

The light of a lamp goes through grating, optics and sensor as one profile per crop; the profile
then becomes rows of a picture that noise, tone curve and JPEG finish.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lib.parallel import map_in_order
from lib.simulation.crops.pictures import draw_pictures, finish
from lib.simulation.crops.profiles import draw_profiles
from lib.simulation.crops.strips import STRIPS, Strip, unknown_strips
from lib.simulation.instrument.camera import Effects, without_colour
from lib.simulation.instrument.processing import draw_processing
from lib.simulation.lamps.catalogue import LAMPS, Lamp, class_lamps, unknown_lamps
from lib.simulation.lamps.spectra import N_WAVELENGTHS
from lib.tables import CROP_SHAPE, UNKNOWN_LABEL
from lib.taxonomy import CLASSES

# Part of the contract "same seed, same bytes": changing either changes every crop.
_BATCH, _PART = 128, 32

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
        Name of each crop's lamp in `lib.simulation.lamps.catalogue.LAMPS`, or of what is shown
        in place of a spectrum in `lib.simulation.crops.strips.STRIPS`.
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
    lamps: Sequence[str] | Mapping[str, float] | None = None,
    unknown_share: float = 0.0,
    effects: Effects | None = None,
    jobs: int = 1,
    cluster: str | None = None,
) -> Iterator[CropBatch]:
    """Simulate `count` crops; the same seed gives the same bytes whatever the number of `jobs`.

    Parameters
    ----------
    lamps : sequence of str, or mapping of str to float, optional
        Draw only these lamps or strips, by their weights or by the shares given. Default: the
        seven classes in equal shares.
    unknown_share : float
        Share of unknown lamps and strips that are not held out, where `lamps` is None.
    effects : Effects, optional
        Which effects apply. Default: all.
    jobs, cluster
        As of `lib.parallel.map_in_order`.

    Yields
    ------
    CropBatch
        In a fixed order, at most 128 crops each; memory does not grow with `count`.
    """
    effects = effects or Effects()
    names, shares = _lamp_shares(lamps, unknown_share)
    sizes = [min(_BATCH, count - start) for start in range(0, count, _BATCH)]
    tasks = ((seed, index, size, names, shares, effects) for index, size in enumerate(sizes))
    yield from map_in_order(_simulate_batch, tasks, jobs=jobs, cluster=cluster)


def _lamp_shares(
    lamps: Sequence[str] | Mapping[str, float] | None, unknown_share: float
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return names of lamps and the probability of each."""
    if isinstance(lamps, Mapping):
        shares = np.array(list(lamps.values()), float)
        return tuple(lamps), shares / shares.sum()
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
    parts = [_simulate_part(rng, names, shares, effects) for _ in range(-(-size // _PART))]
    return CropBatch(
        images=np.concatenate([part.images for part in parts])[:size],
        labels=np.concatenate([part.labels for part in parts])[:size],
        lamps=tuple(itertools.chain(*(part.lamps for part in parts)))[:size],
        column_nm=np.concatenate([part.column_nm for part in parts])[:size],
    )


def _simulate_part(
    rng: np.random.Generator, names: tuple[str, ...], shares: np.ndarray, effects: Effects
) -> CropBatch:
    """Simulate as many crops at once as stay in the processor's cache.

    Parts are always drawn whole, so that a crop does not depend on how many are asked for.
    """
    lamps = [_SOURCES[names[i]] for i in rng.choice(len(names), _PART, p=shares)]
    spd = np.ones((_PART, N_WAVELENGTHS), np.float32)
    for i, lamp in enumerate(lamps):
        if isinstance(lamp, Lamp):
            spd[i] = lamp.draw(rng)
    profile, column_nm, monochrome = draw_profiles(rng, spd, effects)
    cameras = [draw_processing(rng, bool(grey), effects) for grey in monochrome]
    light = draw_pictures(rng, profile, cameras, effects)
    for i, (lamp, camera) in enumerate(zip(lamps, cameras, strict=True)):
        if isinstance(lamp, Strip):
            # The camera balances its colours, so that white things are white.
            strip = lamp.draw(rng, CROP_SHAPE[:2]) / camera.balance
            light[i] = without_colour(strip) if camera.monochrome else strip
    images = finish(rng, light, cameras, effects)
    if effects.flip:
        # Without colours nobody knows which end is blue.
        flipped = rng.random(_PART) < np.where(monochrome, 0.5, 0.03)
        images[flipped] = images[flipped, :, ::-1]
        column_nm[flipped] = column_nm[flipped, ::-1]
    labels = [
        CLASSES.index(lamp.class_name) if lamp.class_name else UNKNOWN_LABEL for lamp in lamps
    ]
    return CropBatch(
        images=images,
        labels=np.array(labels, np.int64),
        lamps=tuple(lamp.name for lamp in lamps),
        column_nm=column_nm.astype(np.float32),
    )
