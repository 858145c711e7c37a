"""The network that reads a line through a photo, trained on simulated photos alone."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lib.files import require_absent
from lib.litert import open_network
from lib.training.examples import trace_lines
from lib.training.examples.shards import load_shards, make_shards

# Held back for validation.
VALIDATION_SHARE = 0.048
# On which a thawed network's normalisations are set.
_EXAMPLES = 512


def make_trace_network(
    output: Path,
    *,
    photos: int,
    epochs: int,
    seed: int,
    cache: Path,
    teachers: Sequence[Path],
    start: Path | None,
    rate: float,
    jobs: int,
    overwrite: bool,
) -> dict:
    """Simulate lines, train, freeze into `output`; return the network's card.

    Parameters
    ----------
    cache : Path
        Folder in which lines are kept.
    teachers : sequence of Path
        Folders of trace networks whose opinions are learned.
    start : Path or None
        Folder of a frozen network to go on from.
    rate : float
        Highest learning rate.
    """
    require_absent(output / f"{output.name}.json", overwrite=overwrite)
    frozen = open_network(start) if start else None
    teaching = [open_network(folder) for folder in teachers]
    tasks = [
        (cache / f"lines-{seed}-{number:04d}.npz", seed, number)
        for number in range(-(-photos // trace_lines.SHARD_PHOTOS))
    ]
    paths = make_shards(trace_lines.simulate_lines, tasks, jobs=jobs, what="lines")
    import keras

    from lib.training.freezing.freezer import freeze_network
    from lib.training.freezing.thawing import thaw
    from lib.training.networks.trace import build_trace_network, taught, train_trace_network

    first_held = len(paths) - max(1, round(VALIDATION_SHARE * len(paths)))
    light, targets = load_shards(paths[:first_held], "light", "targets")
    held = load_shards(paths[first_held:], "light", "targets")
    if teaching:
        targets = taught(teaching, light, targets)
    keras.utils.set_random_seed(seed)
    network, rounds = build_trace_network(*light.shape[1:]), []
    if frozen is not None:
        thaw(network, frozen, held[0][:_EXAMPLES].astype(np.float32))
        rounds = frozen.card["rounds"]
    figures = train_trace_network(
        network, light, targets, held, seed=seed, epochs=epochs, rate=rate
    )
    this = {
        "seed": seed,
        "lines": len(light),
        "epochs": epochs,
        "rate": rate,
        "teachers": [teacher.card["sha256"] for teacher in teaching],
    }
    card = {"rounds": [*rounds, this], "validation": figures}
    return freeze_network(network, output, held[0][:32].astype(np.float32), card)
