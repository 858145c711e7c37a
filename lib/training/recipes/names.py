"""The network of the second opinion on a lamp, trained on simulated crops alone."""

from pathlib import Path

import numpy as np

from lib.files import require_absent
from lib.taxonomy import CLASSES
from lib.training.examples.name_light import simulate_light
from lib.training.examples.shards import load_shards, make_shards

SHARD_CROPS = 2048
# So that nothing drawn here is drawn by another training, or by a benchmark.
_STREAM = 80_000_000


def make_name_network(
    output: Path, *, crops: int, epochs: int, seed: int, cache: Path, jobs: int, overwrite: bool
) -> dict:
    """Simulate crops, train, freeze into `output`; return the network's card.

    Parameters
    ----------
    cache : Path
        Folder in which light over wavelengths is kept.
    """
    require_absent(output / f"{output.name}.json", overwrite=overwrite)
    tasks = [
        (cache / f"crops-{seed}-{number:04d}.npz", SHARD_CROPS, _STREAM + 100_000 * seed + number)
        for number in range(-(-crops // SHARD_CROPS) + 1)
    ]
    held, *training = make_shards(simulate_light, tasks, jobs=jobs, what="crops")
    from lib.training.freezing.freezer import freeze_network
    from lib.training.networks.names import train_name_network

    light, labels = load_shards(training, "light", "labels")
    known = load_shards([held], "light", "labels")
    network, figures = train_name_network(
        light, labels, known, outputs=len(CLASSES) + 1, seed=seed, epochs=epochs
    )
    made = {"seed": seed, "crops": len(light), "epochs": epochs}
    card = {"classes": [*CLASSES, None], "training": made, "validation": figures}
    return freeze_network(network, output, known[0][:32].astype(np.float32), card, half=True)
