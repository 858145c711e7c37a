"""Light of simulated crops over the wavelengths that the shipped axis network reads in them."""

import numpy as np

from lib.recognition.name.crop_light import read_crop
from lib.recognition.name.opinion import light_over_wavelengths
from lib.simulation.crops.crops import simulate_crops
from lib.taxonomy import CLASSES
from lib.training.examples.crop_profiles import crop_profiles

# Part of the crops, and of the verdict's photos, whose lamp has no class: as common as two classes.
UNKNOWN_SHARE = 0.3
SHARD = 2048
# So that nothing drawn here is drawn by another training, or by a benchmark.
_STREAM = 80_000_000


def simulate(seed: int, number: int) -> dict[str, np.ndarray]:
    """Return `SHARD` crops, as of `simulate_light`."""
    return simulate_light(SHARD, _STREAM + 100_000 * seed + number)


def simulate_light(count: int, seed: int) -> dict[str, np.ndarray]:
    """Return the ``light`` of simulated crops and their ``labels``.

    Returns
    -------
    dict
        float16 (n, bins, channels), as of `lib.recognition.name.opinion.light_over_wavelengths`;
        int (n,), the number of classes for a lamp of none.
    """
    rng = np.random.default_rng(seed)
    light, labels = [], []
    for batch in simulate_crops(count, seed, unknown_share=UNKNOWN_SHARE):
        for rgb in crop_profiles(rng, batch.images):
            light.append(light_over_wavelengths(rgb, read_crop(rgb)))
        labels += [label if label >= 0 else len(CLASSES) for label in batch.labels]
    return {"light": np.array(light, np.float16), "labels": np.array(labels)}
