"""The network that finds spectra in photos, trained on simulated photos alone."""

from pathlib import Path

import numpy as np

from lib.making.band_views import training_views
from lib.making.work import draw_photo, in_order

VIEWS_PER_PHOTO = 4
SHARD_PHOTOS = 50
# One scene without a spectrum for two photos with one: scenes vary more than boxes do.
SCENE_SHARE = 0.3
# What a finder learns slowest.
HARD = (
    "small",
    "thin",
    "zero_order",
    "mirrored",
    "light_leak",
    "oblique",
    "cluttered",
    "dark",
    "monochrome",
    "pedestal",
    "scattered",
)
# Held back for validation.
VALIDATION_SHARE = 0.04


def make_band_network(
    output: Path,
    *,
    photos: int,
    epochs: int,
    seed: int,
    cache: Path,
    start: Path | None,
    rate: float,
    jobs: int,
    overwrite: bool,
) -> dict:
    """Simulate views, train, freeze into `output`; return the network's card.

    Parameters
    ----------
    cache : Path
        Folder in which views are kept: with them there, training starts at once.
    start : Path or None
        Folder of an earlier round to go on from.
    rate : float
        Highest learning rate.
    """
    shards = -(-photos // SHARD_PHOTOS)
    list(in_order(make_shard, [(seed, n, cache) for n in range(shards)], jobs=jobs, what="views"))
    from lib.making.band_fit import fit_band_network

    held = max(1, round(VALIDATION_SHARE * shards))
    return fit_band_network(
        cache,
        output,
        seed=seed,
        shards=(shards - held, held),
        epochs=epochs,
        start=start,
        rate=rate,
        overwrite=overwrite,
    )


def make_shard(seed: int, number: int, folder: Path) -> None:
    """Simulate `SHARD_PHOTOS` photos and write their views and targets, unless they are there."""
    path = folder / f"targets-{seed}-{number:04d}.npy"
    if path.exists():
        return
    rng = np.random.default_rng([seed, number])
    pixels, targets = [], []
    for _ in range(SHARD_PHOTOS):
        photo = draw_photo(rng, SCENE_SHARE, HARD)
        whole = [box for box in photo.truth.boxes if box.part == "whole"]
        views = training_views(rng, photo.image, whole, VIEWS_PER_PHOTO)
        pixels.append(views[0])
        targets.append(views[1])
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"views-{seed}-{number:04d}.npy", np.concatenate(pixels))
    np.save(path, np.concatenate(targets))
