"""Fit the band network on cached views, freeze it to LiteRT, and check one against the other."""

from pathlib import Path

import keras
import numpy as np

from lib.errors import DataError
from lib.files import atomic_path, read_json, require_absent
from lib.making.band_network import band_loss, build_band_network
from lib.making.band_views import turn
from lib.making.freeze import freeze
from lib.recognition.find.canvas import network_input

CARD_NAME = "band.json"
BATCH = 32


class Views(keras.utils.PyDataset):
    """Cached views in batches, shuffled anew each epoch; read from disk as they are needed."""

    def __init__(
        self,
        shards: list[tuple[np.ndarray, np.ndarray]],
        rng: np.random.Generator,
        *,
        turning: bool,
    ):
        super().__init__(workers=1)
        self._turning = turning
        self.shards = shards
        self._rng = rng
        self._places = np.concatenate(
            [
                np.column_stack([np.full(len(views), number), np.arange(len(views))])
                for number, (views, _) in enumerate(shards)
            ]
        )
        self.on_epoch_end()

    def __len__(self) -> int:
        """Whole batches only, so that every step is alike."""
        return len(self._places) // BATCH

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return one batch: canvases float32 (n, 160, 160, 6), targets float32 (n, 40, 40, 3)."""
        places = self._places[index * BATCH : (index + 1) * BATCH]
        pixels = np.stack([self.shards[shard][0][row] for shard, row in places])
        targets = np.stack([self.shards[shard][1][row] for shard, row in places])
        if self._turning:
            # A band may lie any way up: each epoch sees every view turned anew, a batch alike.
            pairs = [
                turn(np.random.default_rng(self._turns[index]), *pair)
                for pair in zip(pixels, targets, strict=True)
            ]
            pixels, targets = (np.stack(parts) for parts in zip(*pairs, strict=True))
        return network_input(pixels), targets.astype(np.float32)

    def on_epoch_end(self) -> None:
        """Shuffle, and draw how each batch will be turned."""
        self._rng.shuffle(self._places)
        self._turns = self._rng.integers(2**32, size=len(self))


def load_shards(folder: Path, seed: int, numbers: range) -> list[tuple[np.ndarray, np.ndarray]]:
    """Open cached views and targets without reading them.

    Raises
    ------
    DataError
        If one is missing.
    """
    shards = []
    for number in numbers:
        views = folder / f"views-{seed}-{number:04d}.npy"
        targets = folder / f"targets-{seed}-{number:04d}.npy"
        if not (views.exists() and targets.exists()):
            raise DataError(f"{views}: expected cached views and their targets; not there")
        shards.append((np.load(views, mmap_mode="r"), np.load(targets, mmap_mode="r")))
    return shards


def fit_band_network(
    cache: Path,
    output: Path,
    *,
    seed: int,
    shards: tuple[int, int],
    epochs: int,
    overwrite: bool = False,
    start: Path | None = None,
    rate: float = 3e-3,
) -> dict:
    """Train, freeze and write the band network.

    Parameters
    ----------
    cache : Path
        Folder of views; the first shards[0] train, the next shards[1] validate.
    output : Path
        Receives band.keras, band.tflite and band.json.
    start : Path, optional
        Folder of an earlier round to go on from; a new network by default.
    rate : float
        Highest learning rate, reached after a short rise and followed by a cosine's fall.

    Returns
    -------
    dict
        What band.json says.
    """
    require_absent(output / CARD_NAME, overwrite=overwrite)
    keras.utils.set_random_seed(seed)
    count = sum(shards)
    training = Views(
        load_shards(cache, seed, range(shards[0])), np.random.default_rng(seed), turning=True
    )
    held = load_shards(cache, seed, range(shards[0], count))
    validation = Views(held, np.random.default_rng(seed), turning=False)
    network = build_band_network() if start is None else _reopen(start)
    steps = epochs * len(training)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 20,
        steps,
        warmup_target=rate,
        warmup_steps=min(500, steps // 10),
        alpha=0.01,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=1e-3, clipnorm=1.0)
    network.compile(optimizer, band_loss)
    history = network.fit(training, validation_data=validation, epochs=epochs, verbose=2)
    earlier = read_json(start / CARD_NAME)["rounds"] if start else []
    views = sum(len(shard[0]) for shard in [*training.shards, *held])
    card = {
        "rounds": [*earlier, {"seed": seed, "views": views, "epochs": epochs, "rate": rate}],
        "validation": {
            "loss": round(float(history.history["val_loss"][-1]), 5),
            **measure(network, held),
        },
    }
    with atomic_path(output / "band.keras") as temporary:
        network.save(temporary)
    return freeze(network, output, network_input(held[0][0][:32]), card)


def measure(network: keras.Model, shards: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
    """Return the mask's overlap and the share of axes right within 22 deg on held-back views."""
    inside = union = right_axis = axes = 0
    for views, targets in shards:
        output = network.predict_on_batch(network_input(views))
        truth = targets.astype(np.float32)
        marked, covered = output[..., 0] > 0, truth[..., 0] > 0.5
        inside += int((marked & covered).sum())
        union += int((marked | covered).sum())
        weight = truth[..., :1]
        mean = (weight * output[..., 1:]).sum(axis=(1, 2))
        wanted = (weight * truth[..., 1:]).sum(axis=(1, 2))
        sizes = np.hypot(*mean.T) * np.hypot(*wanted.T)
        axis = (mean * wanted).sum(axis=1) / np.maximum(sizes, 1e-9)
        shown = weight.sum(axis=(1, 2, 3)) > 0
        # 22 deg of the axis are 45 of its doubled angle.
        right_axis += int((axis[shown] > np.cos(np.pi / 4)).sum())
        axes += int(shown.sum())
    return {
        "cell_overlap": round(inside / max(union, 1), 4),
        "axis": round(right_axis / max(axes, 1), 4),
        "views": axes,
    }


def _reopen(folder: Path) -> keras.Model:
    path = folder / "band.keras"
    if not path.is_file():
        raise DataError(f"{path}: no such file; expected the network of an earlier round")
    return keras.models.load_model(path, compile=False)
