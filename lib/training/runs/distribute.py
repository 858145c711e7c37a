"""One training on several devices or machines, through `tf.distribute`.

Every worker draws its part of the same batches and holds the same weights; batch normalisation
counts the whole batch. The first worker, the chief, holds a plain copy of the network beside: that
is what it validates and writes, as if it had trained alone. The others write nothing.
"""

import hashlib
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import keras
import numpy as np
import tensorflow as tf

from lib.errors import DataError
from lib.files import json_text
from lib.quiet import quiet_stderr
from lib.training.runs.batches import Batches
from lib.training.runs.workers import TF_CONFIG, meet, read_tf_config

Result = TypeVar("Result")

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

    def together(self, work: Callable[[], Result]) -> Result:
        """Return what `work` gives, once no worker has failed at it.

        Raises
        ------
        DataError
            At every worker, if it failed at one of them; there it says why.
        """
        failure = None
        try:
            result = work()
        except DataError as error:
            failure = error
        failed = self.total(np.int64(failure is not None))
        if failure is not None:
            raise failure
        if failed:
            raise DataError(
                f"worker {self.index}: another worker cannot use its files; its own output says why"
            )
        return result

    def require_divisible(self, crops: int) -> None:
        """Raise DataError unless a batch can be dealt out to the devices evenly."""
        if crops % self.replicas:
            raise DataError(
                f"--batch-size {crops}: cannot be dealt out to {self.replicas} devices; "
                f"expected a multiple of {self.replicas}"
            )

    def copy(self, plain: keras.Model, build: Callable[[], keras.Model]) -> keras.Model:
        """Return the network on all devices, in the state of the chief's plain one.

        Parameters
        ----------
        plain : keras.Model
            Compiled.
        build : callable
            Returns a compiled network of the same kind.
        """
        policy = "mixed_float16" if self.mixed else "float32"
        with self.losses_named(), self.strategy.scope(), _dtype_policy(policy):
            network = build()
            state = _state(network)
        for variable, value in zip(state, map(np.asarray, _state(plain)), strict=True):
            variable.assign(self.total(value if self.is_chief else np.zeros_like(value)))
        if self.replicas > 1:
            for layer in network.layers:
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.synchronized = True
        return network

    def write_back(self, network: keras.Model, plain: keras.Model) -> None:
        """Give the plain network the state of the one on all devices."""
        for old, new in zip(_state(plain), _state(network), strict=True):
            old.assign(np.asarray(new))

    def fit(
        self,
        network: keras.Model,
        batches: Batches,
        *,
        epochs: int,
        initial_epoch: int,
        steps_per_epoch: int,
        callbacks: list[keras.callbacks.Callback],
    ) -> None:
        """Fit a network of `copy`, each device on its part of every batch.

        As Keras' own `fit`, which does not know workers on several machines
        (https://github.com/keras-team/keras/issues/20585); its `train_step` does.

        Raises
        ------
        DataError
            If another worker is gone.
        """
        here = self.replicas // self.workers
        parts = range(self.index * here, (self.index + 1) * here)

        def own() -> Iterator[tuple[np.ndarray, ...]]:
            for index in itertools.count():
                for part in parts:
                    yield batches.part(index, part, self.replicas)

        like = tuple(tf.TensorSpec(array.shape, array.dtype) for array in next(own()))
        dealt = self.strategy.distribute_datasets_from_function(
            lambda _: tf.data.Dataset.from_generator(own, output_signature=like).prefetch(2)
        )
        every = keras.callbacks.CallbackList(
            callbacks, model=network, epochs=epochs, steps=steps_per_epoch
        )

        @tf.function(autograph=False)
        def step(batch):
            self.strategy.run(network.train_step, args=(batch,))

        network.stop_training = False
        with self.losses_named():
            iterator = iter(dealt)
            every.on_train_begin()
            for epoch in range(initial_epoch, epochs):
                every.on_epoch_begin(epoch)
                network.reset_metrics()
                for number in range(steps_per_epoch):
                    step(next(iterator))
                    every.on_train_batch_end(number)
                every.on_epoch_end(epoch, dict(network.get_metrics_result()))
                if network.stop_training:
                    break
            every.on_train_end()

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
