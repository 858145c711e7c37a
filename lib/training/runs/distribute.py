"""One training on several devices or machines, through `tf.distribute`.

Keras trains on the GPUs of one machine by itself, but its `fit` does not know workers on several
(https://github.com/keras-team/keras/issues/20585). Its `train_step` does, so one loop around that
serves both.

Every worker reads its own share of the crops and holds the same weights; batch normalisation counts
the whole batch. The first worker, the chief, holds a plain copy of the network beside: that is what
it validates and writes, as if it had trained alone. The others write nothing.
"""

import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from lib.errors import DataError
from lib.files import json_text
from lib.quiet import quiet_stderr
from lib.training.runs.workers import TF_CONFIG, meet, read_tf_config

LOG = logging.getLogger(__name__)

# Shares as unlike as this are dealt out crop by crop: a worker with fewer sees its own more often.
_UNEVEN = 1.1
# Older GPUs compute no faster in half precision (https://www.tensorflow.org/guide/mixed_precision).
_HALF_PRECISION_CAPABILITY = (7, 0)
# What TensorFlow raises where a worker has died.
_LOSSES = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)


@dataclass(frozen=True)
class Team:
    """The workers of one training, as one of them sees it.

    Attributes
    ----------
    strategy : tf.distribute.Strategy
    index, workers : int
        Which worker this process is, and how many there are. Worker 0 is the chief.
    mixed : bool
        Compute in half precision, keep weights in single precision.
    """

    strategy: tf.distribute.Strategy
    index: int = 0
    workers: int = 1
    mixed: bool = False

    @property
    def is_chief(self) -> bool:
        """Return whether this worker writes the run."""
        return self.index == 0

    @property
    def replicas(self) -> int:
        """Return how many devices hold the network, over all workers."""
        return self.strategy.num_replicas_in_sync

    def describe(self) -> dict:
        """Return what run.json says of the team."""
        return {
            "workers": self.workers,
            "devices": self.replicas,
            "mixed_precision": self.mixed,
        }

    def total(self, value: np.ndarray) -> np.ndarray:
        """Return the sum of the arrays that the workers give, all of one shape, at each of them.

        Raises
        ------
        DataError
            If another worker is gone.
        """
        if self.workers == 1:
            return value
        own = tf.constant(value)
        here = self.replicas // self.workers

        def given(context):
            # Once a worker, however many devices it has.
            first = context.replica_id_in_sync_group % here == 0
            return own if first else tf.zeros_like(own)

        with self.losses_named():
            values = self.strategy.experimental_distribute_values_from_function(given)
            return self.strategy.reduce("SUM", values, axis=None).numpy()

    def require_same(self, terms: object) -> None:
        """Raise DataError at every worker unless all of them give terms of the same JSON."""
        digest = hashlib.sha256(json_text(terms, sort_keys=True, default=str).encode()).digest()
        given = np.zeros((self.workers, 2), np.int64)
        given[self.index] = np.frombuffer(digest[:16], np.int64)
        given = self.total(given)
        others = np.flatnonzero((given != given[0]).any(axis=1)).tolist()
        if others:
            raise DataError(
                f"worker {', '.join(map(str, others))}: has other flags or files than worker 0; "
                "expected the same command at every worker"
            )

    def deal(self, paths: Sequence[Path]) -> list[list[Path]]:
        """Return the files of each worker, of about as many bytes as the others'."""
        piles: list[list[Path]] = [[] for _ in range(self.workers)]
        heights = [0] * self.workers
        for path in sorted(paths, key=lambda path: (-_bytes(path), str(path))):
            lowest = heights.index(min(heights))
            piles[lowest].append(path)
            heights[lowest] += _bytes(path)
        return piles

    def share(self, sizes: dict[Path, int]) -> tuple[dict[Path, int], tuple[int, int]]:
        """Return this worker's files with their number of crops, and its part of each.

        Whole files, where they can be dealt out evenly, else every n-th crop of every file.
        """
        piles = self.deal(list(sizes))
        crops = [sum(sizes[path] for path in pile) for pile in piles]
        if max(crops) <= _UNEVEN * min(crops):
            pile = piles[self.index]
            return {path: size for path, size in sizes.items() if path in pile}, (0, 1)
        LOG.info(
            "%d training files of %d workers cannot be dealt out evenly: each reads all of them",
            len(sizes),
            self.workers,
        )
        return sizes, (self.index, self.workers)

    def batch_size(self, crops: int) -> int:
        """Return the crops of a batch that each device takes.

        Raises
        ------
        DataError
            If they cannot take the same number.
        """
        if crops % self.replicas:
            raise DataError(
                f"--batch-size {crops}: cannot be dealt out to {self.replicas} devices; "
                f"expected a multiple of {self.replicas}"
            )
        return crops // self.replicas

    @contextmanager
    def losses_named(self) -> Iterator[None]:
        """Turn what TensorFlow says of a lost worker into a DataError."""
        try:
            yield
        except _LOSSES as error:
            if self.workers == 1:
                raise
            raise DataError(
                f"worker {self.index}: another of the {self.workers} workers is gone; its own "
                "output says why. Start all of them again, with --resume if there is a run"
            ) from error


def assemble(kind: str | None, *, mixed: bool = False) -> Team | None:
    """Return the team that this process belongs to; None if it trains alone and as ever.

    Parameters
    ----------
    kind : {"mirrored", "multiworker"} or None
        All GPUs of this machine, or the workers that the variable TF_CONFIG names. To be called
        before TensorFlow has done anything else.
    mixed : bool
        Train in half precision where the device gains by it.

    Raises
    ------
    DataError
        If TF_CONFIG is not as expected, a worker does not answer, or a GPU is missing.
    """
    if kind is None and not mixed:
        return None
    if mixed:
        _require_half_precision()
    if kind == "multiworker":
        addresses, index = read_tf_config(os.environ.get(TF_CONFIG, ""))
        meet(addresses, index)
        with quiet_stderr():
            strategy = tf.distribute.MultiWorkerMirroredStrategy()
        return Team(strategy, index, len(addresses), mixed)
    with quiet_stderr():
        mirrored = tf.distribute.MirroredStrategy() if kind else tf.distribute.get_strategy()
    return Team(mirrored, mixed=mixed)


def train(
    team: Team,
    build: Callable[[], keras.Model],
    batches: Callable[[int], tf.data.Dataset],
    *,
    plain: keras.Model | None = None,
    callback: keras.callbacks.Callback | None = None,
    done: int = 0,
    rounds: int,
    steps: int,
) -> None:
    """Train a network by all workers together.

    Parameters
    ----------
    build : callable
        Returns a compiled network, of the same kind as `plain`.
    batches : callable
        Returns this worker's batches, as large as one device takes, given the epochs that are done.
    plain : keras.Model, optional
        The chief's: the start, with the state of its optimizer, and after every epoch the result.
    callback : keras.callbacks.Callback, optional
        The chief's: sees `plain` after every epoch, and may stop the training.
    done : int
        Epochs before this one; what the chief says counts.
    rounds, steps : int
        Epochs in all, and steps of each.

    Raises
    ------
    DataError
        If another worker is gone.
    """
    with team.losses_named():
        network = _start(team, build, plain)
        done = int(team.total(np.int64(done)))

        @tf.function(autograph=False)
        def step(batch):
            team.strategy.run(network.train_step, args=(batch,))

        callback = callback or keras.callbacks.Callback()
        callback.set_params({"steps": steps, "epochs": rounds})
        callback.set_model(plain)
        dealt = team.strategy.distribute_datasets_from_function(lambda _: batches(done))
        iterator = iter(dealt)
        callback.on_train_begin()
        for epoch in range(done, rounds):
            callback.on_epoch_begin(epoch)
            network.reset_metrics()
            for number in range(steps):
                step(next(iterator))
                callback.on_train_batch_end(number)
            logs = {name: float(value) for name, value in network.get_metrics_result().items()}
            if plain is not None:
                for old, new in zip(_state(plain), _state(network), strict=True):
                    old.assign(np.asarray(new))
            callback.on_epoch_end(epoch, logs)
            if team.total(np.int64(plain is not None and plain.stop_training)):
                break
        callback.on_train_end()


def _start(team: Team, build: Callable[[], keras.Model], plain: keras.Model | None) -> keras.Model:
    """Return the network of this worker, in the state of the chief's plain one."""
    policy = "mixed_float16" if team.mixed else "float32"
    with team.strategy.scope(), _dtype_policy(policy):
        network = build()
        state = _state(network)
    if plain is None:
        start = [np.zeros(variable.shape, variable.dtype) for variable in state]
    else:
        start = [np.asarray(variable) for variable in _state(plain)]
    for variable, value in zip(state, start, strict=True):
        variable.assign(team.total(value))
    if team.replicas > 1:
        for layer in network.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized = True
    return network


def _state(network: keras.Model) -> list[keras.Variable]:
    """Return all that a training changes, in a set order; a loss scale is not of it."""
    if not network.optimizer.built:
        network.optimizer.build(network.trainable_variables)
    optimizer = getattr(network.optimizer, "inner_optimizer", network.optimizer)
    return [*network.variables, *optimizer.variables]


def _require_half_precision() -> None:
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        raise DataError(
            "--mixed-precision: TensorFlow sees no GPU here; expected one, as half precision makes "
            "a CPU no faster"
        )
    for gpu in gpus:
        details = tf.config.experimental.get_device_details(gpu)
        capability = details.get("compute_capability", (0, 0))
        if capability < _HALF_PRECISION_CAPABILITY:
            raise DataError(
                f"--mixed-precision: {details.get('device_name', gpu.name)} has no units for half "
                f"precision (compute capability {capability}); expected 7.0 or more"
            )


@contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    """Let layers that are built meanwhile compute so."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _bytes(path: Path) -> int:
    """Return the size of a file; one that is not there has none, and is reported when read."""
    return path.stat().st_size if path.is_file() else 0
