"""Batches of examples: the one kind, for every network, in one process or in several."""

from collections.abc import Callable
from functools import lru_cache

import keras
import numpy as np

from lib.training.networks.trainable import Batch


class Batches(keras.utils.PyDataset):
    """Batches of examples by the number of their step.

    To train: endless and whole, each pass over the examples in an order of its own. The seed and
    the step decide a batch, so an interrupted training goes on as if nothing had happened, and
    several workers share a batch out. To judge: without a seed, each example once, in order.

    Parameters
    ----------
    count : int
        Number of examples.
    size : int
        Examples of a batch.
    draw : callable
        Returns the batch of some examples, int (n,), with a generator to vary it by (None: as it
        is).
    seed : int, optional
    first : int
        Step to begin with.
    """

    def __init__(
        self,
        count: int,
        size: int,
        draw: Callable[[np.random.Generator | None, np.ndarray], Batch],
        seed: int | None = None,
        *,
        first: int = 0,
    ):
        super().__init__(workers=1 if seed is None else 2, max_queue_size=16)
        self.count, self.size, self.first = count, size, first
        self._draw, self._seed = draw, seed
        self._order = lru_cache(2)(self._new_order)

    @property
    def num_batches(self) -> int | None:
        """Return how many there are; None without an end."""
        return -(-self.count // self.size) if self._seed is None else None

    def __getitem__(self, index: int) -> Batch:
        """Return one batch."""
        return self.part(index)

    def part(self, index: int, part: int = 0, parts: int = 1) -> Batch:
        """Return every n-th example of a batch, from the i-th on."""
        if self._seed is None:
            rows = np.arange(index * self.size, min((index + 1) * self.size, self.count))
            return self._draw(None, rows[part::parts])
        step = self.first + index
        rng = np.random.default_rng([self._seed, step, part])
        return self._draw(rng, self.rows(step)[part::parts])

    def rows(self, step: int) -> np.ndarray:
        """Return the examples of a step, int (size,)."""
        passes, places = np.divmod(np.arange(step * self.size, (step + 1) * self.size), self.count)
        return np.concatenate(
            [self._order(number)[places[passes == number]] for number in np.unique(passes)]
        )

    def _new_order(self, number: int) -> np.ndarray:
        return np.random.default_rng([self._seed, number]).permutation(self.count)
