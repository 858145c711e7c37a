"""The network that finds spectra in photos, trained on simulated photos alone."""

from pathlib import Path

from lib.errors import DataError
from lib.files import read_json, require_absent
from lib.making.examples import band_views
from lib.making.examples.shards import in_order

# Held back for validation.
VALIDATION_SHARE = 0.04
CARD_NAME, NETWORK_NAME = "band.json", "band.keras"


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
    require_absent(output / CARD_NAME, overwrite=overwrite)
    earlier, before = [], None
    if start is not None:
        earlier, before = read_json(start / CARD_NAME)["rounds"], start / NETWORK_NAME
        if not before.is_file():
            raise DataError(f"{before}: no such file; expected the network of an earlier round")
    count = -(-photos // band_views.SHARD_PHOTOS)
    tasks = [(seed, number, cache) for number in range(count)]
    list(in_order(band_views.make_views, tasks, jobs=jobs, what="views"))
    from lib.making.networks.band import train_band_network
    from lib.making.networks.fitting import save_network
    from lib.recognition.find.canvas import network_input
    from lib.training.freezing.freezer import freeze_network

    first_held = count - max(1, round(VALIDATION_SHARE * count))
    shards = band_views.open_views(cache, seed, range(count))
    training, held = shards[:first_held], shards[first_held:]
    network, figures = train_band_network(
        training, held, seed=seed, epochs=epochs, rate=rate, start=before
    )
    save_network(network, output / NETWORK_NAME)
    views = sum(len(canvases) for canvases, _ in shards)
    this = {"seed": seed, "views": views, "epochs": epochs, "rate": rate}
    card = {"rounds": [*earlier, this], "validation": figures}
    return freeze_network(network, output, network_input(held[0][0][:32]), card)
