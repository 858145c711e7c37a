"""Training: one configuration, one run folder, resumable at every epoch."""

import csv
import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from scipy.special import softmax
from tqdm.auto import tqdm

from lib.errors import DataError
from lib.files import atomic_path, write_csv
from lib.model_card import KERAS_NAME
from lib.plots.training import confusion_figure, png_bytes
from lib.tables import CROP_SHAPE
from lib.taxonomy import CLASSES
from lib.training.crops.input_pipeline import (
    KnownAccuracy,
    all_batches,
    evaluation_batches,
    training_batches,
)
from lib.training.freezing.frozen import load_network
from lib.training.networks.architectures import ARCHITECTURES
from lib.training.networks.config import TrainConfig
from lib.training.runs import distribute
from lib.training.scores import metrics

LOG = logging.getLogger(__name__)

HISTORY_NAME = "history.csv"
LAST_NAME = "last.keras"
LOGS_NAME = "logs"
HISTORY_COLUMNS = (
    "epoch",
    "step",
    "seconds",
    "learning_rate",
    "loss",
    "accuracy",
    "val_loss",
    "val_accuracy",
)
EVALUATION_BATCH_CROPS = 256


def train(
    config: TrainConfig,
    sizes: dict[Path, int],
    validation: Path,
    run_dir: Path,
    *,
    resume: bool,
    on_epoch: Callable[[dict], None] = lambda row: None,
    team: distribute.Team | None = None,
) -> list[dict]:
    """Train a network into `run_dir`: model.keras (best), last.keras, history.csv, logs/.

    Parameters
    ----------
    sizes : dict of Path to int
        Training files and their number of crops.
    resume : bool
        Go on from last.keras, if there is one.
    on_epoch : callable(dict)
        Called with each new row of history.csv as it is written.
    team : Team, optional
        Those who train together, this process as their chief; the others call `assist`.

    Returns
    -------
    list of dict
        The rows of history.csv.
    """
    keras.utils.set_random_seed(config.seed)
    rounds, steps = config.rounds(sum(sizes.values()))
    last = run_dir / LAST_NAME
    if resume and last.is_file():
        network = keras.models.load_model(last)
        done = int(network.optimizer.iterations) // steps
        history = read_history(run_dir / HISTORY_NAME)[:done]
        LOG.info("%s: going on after %d of %d epochs", run_dir, done, rounds)
    else:
        network = compiled_network(config, rounds * steps)
        history = []
    recorder = Recorder(
        run_dir, history, patience=config.patience, validation=validation, on_epoch=on_epoch
    )
    done = rounds if recorder.is_exhausted() else len(history)
    if team is not None:
        _train_together(team, config, sizes, plain=network, callback=recorder, done=done)
    elif done < rounds:
        network.fit(
            _batches(config, sizes, done, taught(config, sizes)),
            steps_per_epoch=steps,
            initial_epoch=done,
            epochs=rounds,
            callbacks=[recorder],
            # The batches come shuffled.
            shuffle=False,
            verbose=0,
        )
    return recorder.history


def assist(config: TrainConfig, sizes: dict[Path, int], team: distribute.Team) -> None:
    """Train as a worker that is not the chief: nothing is written.

    Parameters
    ----------
    sizes : dict of Path to int
        Training files of all workers and their number of crops.
    """
    keras.utils.set_random_seed(config.seed)
    _train_together(team, config, sizes)


def _train_together(
    team: distribute.Team, config: TrainConfig, sizes: dict[Path, int], **of_chief
) -> None:
    """Train with the others, each on its share; `of_chief` as `distribute.train` takes it."""
    rounds, steps = config.rounds(sum(sizes.values()))
    own, part = team.share(sizes)
    batch_size = team.batch_size(config.batch_size)
    targets = taught(config, own)
    distribute.train(
        team,
        # What it starts from is sent by the chief.
        partial(compiled_network, replace(config, init=None), rounds * steps),
        lambda done: _batches(config, own, done, targets, batch_size=batch_size, part=part),
        rounds=rounds,
        steps=steps,
        **of_chief,
    )


def _batches(
    config: TrainConfig,
    sizes: dict[Path, int],
    done: int,
    targets: dict[Path, np.ndarray] | None,
    **parts,
) -> tf.data.Dataset:
    """Return the batches after `done` epochs; `parts` of a team as `training_batches` takes it."""
    return training_batches(
        sizes,
        # Epochs after an interruption are shuffled anew, not as the first were.
        seed=config.seed + done,
        flip=config.flip,
        outlier_weight=config.outlier_weight,
        targets=targets,
        **{"batch_size": config.batch_size} | parts,
    )


def taught(config: TrainConfig, paths: Collection[Path]) -> dict[Path, np.ndarray] | None:
    """Return what is taught of every crop of each file, float32 (crops, 7); None if its label is.

    That is what the teachers say of it, or of a rehearsed file what the start does.
    """
    rehearsed = [path for path in paths if path in map(Path, config.rehearsed)]
    others = [path for path in paths if path not in rehearsed]
    if config.teachers:
        said = teachings(config.teachers, others)
    elif rehearsed:
        said = {path: label_targets(path) for path in others}
    else:
        return None
    return said | (teachings([config.init], rehearsed) if rehearsed else {})


def label_targets(path: Path) -> np.ndarray:
    """Return what the labels of a file say of its crops, float32 (crops, 7)."""
    batches = all_batches(path, batch_size=EVALUATION_BATCH_CROPS)
    return np.concatenate([targets.numpy() for _, targets in batches])


def teachings(teachers: Sequence[str], paths: Iterable[Path]) -> dict[Path, np.ndarray]:
    """Return what the teachers say of every crop of each file.

    float32 (crops, 7): the probabilities of the mean of the teachers' logits.
    """
    networks = [load_network(Path(teacher) / KERAS_NAME) for teacher in teachers]
    said = {}
    for path in paths:
        logits = [
            np.mean([network.predict_on_batch(images) for network in networks], axis=0)
            for images, _ in all_batches(path, batch_size=EVALUATION_BATCH_CROPS)
        ]
        said[path] = softmax(np.concatenate(logits), axis=1).astype(np.float32)
        LOG.info("%s: %d crops seen by %d teachers", path, len(said[path]), len(networks))
    return said


def compiled_network(config: TrainConfig, steps: int) -> keras.Model:
    """Return the network of `config`, fresh or from `config.init`, ready for `steps` steps."""
    if config.init:
        network = load_network(Path(config.init) / KERAS_NAME)
    else:
        network = ARCHITECTURES[config.arch](CROP_SHAPE, len(CLASSES))
    warmup = max(int(config.warmup * steps), 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=config.learning_rate / warmup,
        decay_steps=max(steps - warmup, 1),
        warmup_target=config.learning_rate,
        warmup_steps=warmup,
    )
    network.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=config.weight_decay),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        weighted_metrics=[KnownAccuracy(name="accuracy")],
    )
    return network


class Recorder(keras.callbacks.Callback):
    """After every epoch validate, write history and weights, and stop where nothing improves.

    The files alone say where an interrupted training stood: its step is in last.keras, the best
    loss and the epochs since in history.csv. last.keras comes last, so an epoch cut short between
    the files is done again.
    """

    def __init__(
        self,
        run_dir: Path,
        history: list[dict],
        *,
        patience: int,
        validation: Path,
        on_epoch: Callable[[dict], None],
    ):
        super().__init__()
        self.run_dir = run_dir
        self.history = list(history)
        self.patience = patience
        self.validation = validation
        self.on_epoch = on_epoch
        self._start_s = time.monotonic()
        self._seconds_before = history[-1]["seconds"] if history else 0.0

    def is_exhausted(self) -> bool:
        """Return whether the best epoch is `patience` epochs old."""
        if not self.history:
            return False
        losses = [row["val_loss"] for row in self.history]
        return len(losses) - 1 - int(np.argmin(losses)) >= self.patience

    def on_train_begin(self, logs=None):
        """Open TensorBoard's logs."""
        self._writers = {
            name: tf.summary.create_file_writer(str(self.run_dir / LOGS_NAME / name))
            for name in ("train", "validation")
        }

    def on_train_end(self, logs=None):
        """Close TensorBoard's logs."""
        for writer in self._writers.values():
            writer.close()

    def on_epoch_begin(self, epoch, logs=None):
        """Show how far the epoch is, where someone is watching."""
        self._bar = tqdm(
            total=self.params["steps"], desc=f"epoch {epoch + 1}", disable=None, leave=False
        )

    def on_train_batch_end(self, batch, logs=None):
        """Count one step."""
        self._bar.update()

    def on_epoch_end(self, epoch, logs=None):
        """Validate and record one epoch."""
        self._bar.close()
        labels, logits = predict_logits(self.model, self.validation)
        optimizer = self.model.optimizer
        row = {
            "epoch": epoch + 1,
            "step": int(optimizer.iterations),
            "seconds": round(self._seconds_before + time.monotonic() - self._start_s, 3),
            "learning_rate": float(optimizer.learning_rate),
            "loss": float(logs["loss"]),
            "accuracy": float(logs["accuracy"]),
            "val_loss": metrics.negative_log_likelihood(labels, softmax(logits, axis=1)),
            "val_accuracy": float(np.mean(logits.argmax(axis=1) == labels)),
        }
        if not np.isfinite([row["loss"], row["val_loss"]]).all():
            raise DataError(f"{self.run_dir}: the loss became {row['loss']}; lower --learning-rate")
        self.history.append(row)
        self._log_to_tensorboard(
            row, metrics.confusion(labels, logits.argmax(axis=1), len(CLASSES))
        )
        if row["val_loss"] == min(past["val_loss"] for past in self.history):
            # A twin without the optimizer's state: a third of the size.
            twin = keras.Model(self.model.input, self.model.output, name=self.model.name)
            _save(twin, self.run_dir / KERAS_NAME)
        write_csv(self.run_dir / HISTORY_NAME, HISTORY_COLUMNS, self.history)
        _save(self.model, self.run_dir / LAST_NAME)
        self.on_epoch(row)
        self.model.stop_training = self.is_exhausted()

    def _log_to_tensorboard(self, row: dict, confusion: np.ndarray) -> None:
        figure = confusion_figure(confusion, CLASSES, title=f"validation, epoch {row['epoch']}")
        for name, prefix in (("train", ""), ("validation", "val_")):
            with self._writers[name].as_default(step=row["step"]):
                tf.summary.scalar("loss", row[f"{prefix}loss"])
                tf.summary.scalar("accuracy", row[f"{prefix}accuracy"])
        with self._writers["train"].as_default(step=row["step"]):
            tf.summary.scalar("learning_rate", row["learning_rate"])
        with self._writers["validation"].as_default(step=row["step"]):
            tf.summary.image("confusion", tf.io.decode_png(png_bytes(figure))[None])


def predict_logits(network: keras.Model, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return labels (n,) and logits (n, 7) of the crops of the seven classes in a TFRecord file."""
    labels, logits = [], []
    for images, targets in evaluation_batches(path, batch_size=EVALUATION_BATCH_CROPS):
        labels.append(np.argmax(targets, axis=1))
        logits.append(network.predict_on_batch(images))
    return np.concatenate(labels), np.concatenate(logits)


def read_history(path: Path) -> list[dict]:
    """Read history.csv as numbers; no file is no history."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return [
            {
                name: int(value) if name in ("epoch", "step") else float(value)
                for name, value in row.items()
            }
            for row in csv.DictReader(stream)
        ]


def _save(network: keras.Model, path: Path) -> None:
    with atomic_path(path) as temporary:
        network.save(temporary)
