"""The network that reads wavelengths along a band, trained on simulated crops alone.

It also trains under Keras' JAX backend on an accelerator without TensorFlow; freezing needs
TensorFlow.
"""

from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import read_json, require_absent, write_json
from lib.recognition.axis.reading import COLUMNS_PER_PLACE, NM_UNIT
from lib.training.examples.axis_bands import simulate_bands
from lib.training.examples.shards import load_shards, make_shards

SHARD_CROPS = 8192
# Held back for validation.
VALIDATION_CROPS = 8192
# So that nothing drawn here is drawn by another training, or by a benchmark.
STREAM = 60_000_000
NETWORK_NAME, TRAINING_NAME = "axis.keras", "training.json"


def make_axis_network(
    output: Path,
    *,
    crops: int,
    crops_seed: int,
    epochs: int,
    seed: int,
    cache: Path,
    start: Path | None,
    rate: float,
    jobs: int,
    overwrite: bool,
) -> Path:
    """Simulate crops and train; return the path of the network, which is not yet frozen.

    Parameters
    ----------
    crops_seed, seed : int
        Of the simulated crops, and of the training.
    cache : Path
        Folder in which crops are kept.
    start : Path or None
        Network to go on from.
    rate : float
        Highest learning rate.
    """
    weights = output / NETWORK_NAME
    require_absent(weights, overwrite=overwrite)
    held, *training = bands_of(crops, crops_seed, cache, jobs)
    import keras

    from lib.training.networks.axis import train_axis_network
    from lib.training.networks.fitting import save_network

    views, nm = load_shards(training, "views", "nm")
    network = train_axis_network(
        views,
        nm,
        load_shards([held], "views", "nm"),
        columns_per_place=COLUMNS_PER_PLACE,
        seed=seed,
        epochs=epochs,
        rate=rate,
        start=start,
    )
    save_network(network, weights)
    card = {
        "seed": seed,
        "crops": len(views),
        "crops_seed": crops_seed,
        "epochs": epochs,
        "rate": rate,
        "backend": keras.backend.backend(),
    }
    if start is not None:
        card["start"] = read_json(start.parent / TRAINING_NAME)
    write_json(output / TRAINING_NAME, card)
    return weights


def bands_of(crops: int, seed: int, cache: Path, jobs: int) -> list[Path]:
    """Simulate all crops; return their files, of which the first is for validation."""
    sizes = [VALIDATION_CROPS]
    while sum(sizes[1:]) < crops:
        sizes.append(min(SHARD_CROPS, crops - sum(sizes[1:])))
    tasks = [
        (cache / f"crops-{seed}-{number:05d}-{size}.npz", size, STREAM + 100_000 * seed + number)
        for number, size in enumerate(sizes)
    ]
    return make_shards(simulate_bands, tasks, jobs=jobs, what="crops")


def freeze_axis_network(output: Path) -> dict:
    """Freeze the trained network in `output`, measured on fresh crops; return its card."""
    weights = output / NETWORK_NAME
    if not weights.is_file():
        raise DataError(f"{weights}: no such file; expected a trained network")
    import keras

    from lib.training.freezing.freezer import freeze_network
    from lib.training.networks.axis import measure, turned

    network = keras.models.load_model(weights, compile=False)
    fresh = simulate_bands(VALIDATION_CROPS // 2, STREAM - 1)
    told = np.ones(len(fresh["views"]), bool)
    views, nm = turned(fresh["views"], fresh["nm"], told, ~told)
    card = {
        "training": read_json(output / TRAINING_NAME),
        "validation": measure(network.predict(views, verbose=0), nm, fresh["lamps"], NM_UNIT),
    }
    return freeze_network(network, output, views[:32], card, half=True)
