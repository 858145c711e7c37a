"""The network that reads a line through a photo, trained on simulated photos alone."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lib.files import require_absent
from lib.litert import open_network
from lib.making.examples import trace_lines
from lib.making.examples.shards import load_shards, make_shards

# Held back for validation.
VALIDATION_SHARE = 0.048


def make_trace_network(
    output: Path,
    *,
    photos: int,
    epochs: int,
    seed: int,
    cache: Path,
    teachers: Sequence[Path],
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
    """
    require_absent(output / f"{output.name}.json", overwrite=overwrite)
    teaching = [open_network(folder) for folder in teachers]
    tasks = [
        (cache / f"lines-{seed}-{number:04d}.npz", seed, number)
        for number in range(-(-photos // trace_lines.SHARD_PHOTOS))
    ]
    paths = make_shards(trace_lines.simulate_lines, tasks, jobs=jobs, what="lines")
    from lib.making.networks.trace import RATE, taught, train_trace_network
    from lib.training.freezing.freezer import freeze_network

    first_held = len(paths) - max(1, round(VALIDATION_SHARE * len(paths)))
    light, targets = load_shards(paths[:first_held], "light", "targets")
    held = load_shards(paths[first_held:], "light", "targets")
    if teaching:
        targets = taught(teaching, light, targets)
    network, figures = train_trace_network(light, targets, held, seed=seed, epochs=epochs)
    training = {
        "seed": seed,
        "lines": len(light),
        "epochs": epochs,
        "rate": RATE,
        "teachers": [teacher.card["sha256"] for teacher in teaching],
    }
    card = {"training": training, "validation": figures}
    return freeze_network(network, output, held[0][:32].astype(np.float32), card)
