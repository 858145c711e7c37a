"""What a network needs to be trained on simulated examples and frozen."""

from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np

from lib.training.examples.store import Arrays

# Inputs, targets and perhaps weights.
Batch = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Trainable:
    """A kind of network.

    Attributes
    ----------
    build : callable
        Returns the untrained network.
    loss : callable or keras.losses.Loss
    draw : callable
        Returns the batch of some examples: varied by a generator, or as they are, where it is None.
    measure : callable
        Returns the figures of a network's output for examples as they are, given these.
    batch : int
        Examples a step.
    half : bool
        Whether weights are kept in half precision, in a file of half the size.
    soft_targets : callable, optional
        Returns soft targets, given teachers and examples.
    says : dict
        What the card tells of every network of this kind.
    """

    build: Callable[[], keras.Model]
    loss: Callable
    draw: Callable[[np.random.Generator | None, Arrays], Batch]
    measure: Callable[[np.ndarray, Arrays], dict]
    batch: int
    half: bool = False
    soft_targets: Callable[..., np.ndarray] | None = None
    says: dict = field(default_factory=dict)
