"""How the networks are fitted: batches drawn anew each epoch, one optimizer, one schedule."""

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np

from lib.files import atomic_path

# Inputs and targets.
Batch = tuple[np.ndarray, np.ndarray]


class Batches(keras.utils.PyDataset):
    """Examples in batches, shuffled anew each epoch; only whole ones, so that steps are alike.

    Parameters
    ----------
    count : int
        Number of examples.
    size : int
        Examples of a batch.
    draw : callable
        Returns the batch of some indices, int (size,), with a generator of its own to vary it by.
    seed : int
    workers : int
        Threads that prepare batches.
    """

    def __init__(
        self,
        count: int,
        size: int,
        draw: Callable[[np.random.Generator, np.ndarray], Batch],
        seed: int,
        *,
        workers: int = 1,
    ):
        super().__init__(workers=workers, max_queue_size=16)
        self._size, self._draw = size, draw
        self._rng = np.random.default_rng(seed)
        self._order = np.arange(count)
        self.on_epoch_end()

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._order) // self._size

    def __getitem__(self, index: int) -> Batch:
        """Return one batch."""
        rows = self._order[index * self._size : (index + 1) * self._size]
        return self._draw(np.random.default_rng(self._seeds[index]), rows)

    def on_epoch_end(self) -> None:
        """Shuffle, and draw by what each batch will be varied."""
        self._rng.shuffle(self._order)
        self._seeds = self._rng.integers(2**32, size=len(self))


def fit(
    network: keras.Model,
    loss: Callable | keras.losses.Loss,
    batches: Batches,
    held: Batches | Batch,
    *,
    epochs: int,
    rate: float,
    warmup: float = 0.1,
    last: float = 0.01,
    metrics: Sequence[str] = (),
) -> dict[str, float]:
    """Train a network; return its figures on held-back examples after the last epoch.

    Parameters
    ----------
    rate : float
        Highest learning rate, reached after a short rise and followed by a cosine's fall.
    warmup : float
        Part of the steps that the rise takes, 500 steps at most.
    last : float
        Of the highest rate, what is left in the end.
    metrics : sequence of str
        Beside the loss.
    """
    steps = epochs * len(batches)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 20,
        steps,
        alpha=last,
        warmup_target=rate,
        warmup_steps=min(500, int(warmup * steps)),
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=1e-3, clipnorm=1.0)
    network.compile(optimizer, loss, metrics=list(metrics))
    history = network.fit(batches, validation_data=held, epochs=epochs, verbose=2).history
    return {
        name.removeprefix("val_"): float(values[-1])
        for name, values in history.items()
        if name.startswith("val_")
    }


def save_network(network: keras.Model, path: Path) -> None:
    """Write a network without its optimizer's memory, which is twice as large."""
    with atomic_path(path) as temporary:
        keras.Model(network.inputs, network.outputs, name=network.name).save(temporary)
