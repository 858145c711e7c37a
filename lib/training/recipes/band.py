"""The network that finds spectra in photos, trained on simulated photos alone."""

from pathlib import Path

from lib.files import require_absent
from lib.litert import open_network
from lib.training.examples import band_views
from lib.training.examples.shards import in_order

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
        Folder of a frozen network to go on from.
    rate : float
        Highest learning rate.
    """
    require_absent(output / f"{output.name}.json", overwrite=overwrite)
    frozen = open_network(start) if start else None
    count = -(-photos // band_views.SHARD_PHOTOS)
    tasks = [(seed, number, cache) for number in range(count)]
    list(in_order(band_views.make_views, tasks, jobs=jobs, what="views"))
    import keras

    from lib.recognition.find.canvas import network_input
    from lib.training.freezing.freezer import freeze_network
    from lib.training.freezing.thawing import thaw
    from lib.training.networks.band import build_band_network, train_band_network

    first_held = count - max(1, round(VALIDATION_SHARE * count))
    shards = band_views.open_views(cache, seed, range(count))
    training, held = shards[:first_held], shards[first_held:]
    keras.utils.set_random_seed(seed)
    network, rounds = build_band_network(), []
    if frozen is not None:
        thaw(network, frozen, network_input(held[0][0]))
        rounds = frozen.card["rounds"]
    figures = train_band_network(network, training, held, seed=seed, epochs=epochs, rate=rate)
    views = sum(len(canvases) for canvases, _ in shards)
    this = {"seed": seed, "views": views, "epochs": epochs, "rate": rate}
    card = {"rounds": [*rounds, this], "validation": figures}
    return freeze_network(network, output, network_input(held[0][0][:32]), card)
