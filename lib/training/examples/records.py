"""Crops as records of TFRecord files: simulated directly, or cut from simulated photos.

Direct ones are fast; cuts have the small mistakes of the band finder.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from tqdm.auto import tqdm

from lib.recognition.band import cut_crop
from lib.recognition.find.finder import BandNotFound, find_band
from lib.simulation.crops.crops import simulate_crops
from lib.simulation.crops.strips import unknown_strips
from lib.simulation.instrument.camera import Effects
from lib.simulation.lamps.catalogue import LAMPS, Lamp, unknown_lamps
from lib.simulation.photos.photos import simulate_photo, weighted
from lib.simulation.photos.truth import overlap_along
from lib.tables import UNKNOWN_LABEL
from lib.taxonomy import CLASSES
from lib.training.examples.store import in_order

# Crop, class id and name.
Record = tuple[np.ndarray, int, str]
# So that no cut comes from a photo that the band finder was trained on.
_CUTS_STREAM = 40_000_000
_LEAST_OVERLAP = 0.5


def crop_records(
    count: int,
    seed: int,
    *,
    lamps: Sequence[str] | None = None,
    unknown_share: float = 0.0,
    effects: Effects | None = None,
    jobs: int = 1,
    cluster: str | None = None,
) -> Iterator[Record]:
    """Yield simulated crops; arguments as of `lib.simulation.crops.crops.simulate_crops`."""
    batches = simulate_crops(
        count,
        seed,
        lamps=lamps,
        unknown_share=unknown_share,
        effects=effects,
        jobs=jobs,
        cluster=cluster,
    )
    number = 0
    with tqdm(total=count, unit=" crops", disable=None) as progress:
        for batch in batches:
            for image, label, lamp in zip(batch.images, batch.labels, batch.lamps, strict=True):
                yield image, label, f"{lamp}_{seed}_{number:07d}.png"
                number += 1
            progress.update(len(batch))


def unknown_sources(*, held_out: bool | None = None) -> list[str]:
    """Return the names of lamps and strips of no class, as `crop_records` takes them.

    Parameters
    ----------
    held_out : bool or None
        Only kinds that benchmarks of unknown lamps hold out, only the others, or all.
    """
    sources = (*unknown_lamps(held_out=held_out), *unknown_strips(held_out=held_out))
    return [source.name for source in sources]


def cut_records(
    count: int,
    seed: int,
    *,
    lamps: Sequence[Lamp] | None = None,
    jobs: int = 1,
    cluster: str | None = None,
) -> Iterator[Record]:
    """Yield the crops cut from `count` simulated photos; some give none.

    Parameters
    ----------
    lamps : sequence of Lamp, optional
        Lamps of no class to draw by their weights; the classes in equal shares if left out.
    """
    others = lamps and [lamp.name for lamp in lamps]
    tasks = [(seed, number, others) for number in range(count)]
    cuts = in_order(cut_photo, tasks, jobs=jobs, cluster=cluster, what="photos")
    return (cut for cut in cuts if cut is not None)


def cut_photo(seed: int, number: int, others: Sequence[str] | None) -> Record | None:
    """Return the crop cut from a simulated photo, its class id and its name.

    None where no band is found, or one that shows less than half of the spectrum: what such a crop
    shows is no example of its lamp.
    """
    rng = np.random.default_rng([_CUTS_STREAM, seed, number])
    if others:
        lamp, label = weighted(rng, [LAMPS[name] for name in others]).name, UNKNOWN_LABEL
    else:
        label = number % len(CLASSES)
        lamp = CLASSES[label]
    photo = simulate_photo(rng, lamp)
    try:
        band = find_band(photo.image)
    except BandNotFound:
        return None
    if max(overlap_along(band, box) for box in photo.truth.boxes) < _LEAST_OVERLAP:
        return None
    return cut_crop(band), label, f"{photo.truth.lamp}_{seed}_{number:07d}.png"
