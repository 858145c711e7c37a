"""The classifier's training: crops in TFRecord files, their targets, one run folder."""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
from scipy.special import softmax

from lib.model_card import KERAS_NAME
from lib.tables import CROP_SHAPE, UNKNOWN_LABEL
from lib.taxonomy import CLASSES
from lib.training.crops.tfrecord import CropFiles, iterate_tfrecords
from lib.training.freezing.frozen import load_network
from lib.training.networks.architectures import ARCHITECTURES
from lib.training.networks.config import TrainConfig
from lib.training.networks.trainable import Batch
from lib.training.runs.batches import Batches
from lib.training.runs.distribute import Team
from lib.training.runs.fitting import (
    HISTORY_NAME,
    LAST_NAME,
    compile_network,
    fit,
    read_history,
)
from lib.training.scores import metrics

LOG = logging.getLogger(__name__)


@keras.saving.register_keras_serializable("spectra")
class KnownAccuracy(keras.metrics.Mean):
    """Accuracy over the crops of one class or another; where all are alike, none counts."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in a batch of targets and logits; `sample_weight` has no say."""
        right = keras.ops.argmax(y_true, -1) == keras.ops.argmax(y_pred, -1)
        known = keras.ops.max(y_true, -1) > keras.ops.min(y_true, -1)
        return super().update_state(right, sample_weight=known)


def train(
    config: TrainConfig,
    files: Sequence[Path],
    validation: Path | None = None,
    run_dir: Path | None = None,
    *,
    resume: bool = False,
    team: Team | None = None,
    **options,
) -> list[dict]:
    """Train a network into `run_dir`: model.keras (best), last.keras, history.csv, logs/.

    Parameters
    ----------
    files : sequence of Path
        Training files.
    validation, run_dir : Path, optional
        Of the chief of a team, or of a process alone.
    resume : bool
        Go on from last.keras, if there is one.
    options
        As `lib.training.runs.fitting.fit` takes them.

    Returns
    -------
    list of dict
        The rows of history.csv.
    """
    keras.utils.set_random_seed(config.seed)
    batches = training_batches(config, files)
    rounds, steps = config.rounds(batches.count)
    last = run_dir / LAST_NAME if run_dir else None
    history = []
    if resume and last and last.is_file():
        network = keras.models.load_model(last)
        done = int(network.optimizer.iterations) // steps
        history = read_history(run_dir / HISTORY_NAME)[:done]
        LOG.info("%s: going on after %d of %d epochs", run_dir, done, rounds)
    else:
        network = compiled_network(config, rounds * steps)

    def validate(network: keras.Model) -> dict[str, float]:
        labels, logits = predict_logits(network, validation)
        return {
            "val_loss": metrics.negative_log_likelihood(labels, softmax(logits, axis=1)),
            "val_accuracy": float(np.mean(logits.argmax(axis=1) == labels)),
        }

    return fit(
        network,
        batches,
        validate,
        epochs=rounds,
        steps=steps,
        folder=run_dir,
        history=history,
        patience=config.patience,
        team=team,
        build=partial(compiled_network, replace(config, init=None), rounds * steps),
        **options,
    )


def training_batches(config: TrainConfig, files: Sequence[Path]) -> Batches:
    """Return batches of images (n, 15, 480, 3) in [0, 1], targets (n, 7) and weights (n,).

    Some crops are turned upside down: a spectrum has no up. An unknown lamp's target is every class
    alike (outlier exposure, Hendrycks et al. 2019, https://arxiv.org/abs/1812.04606).
    """
    crops = CropFiles(files)
    said = soft_targets(config, files)
    said = None if said is None else np.concatenate([said[path] for path in files])

    def draw(rng: np.random.Generator, rows: np.ndarray) -> Batch:
        taken = crops.take(rows)
        images, labels = taken.images.copy(), taken.labels
        if config.flip:
            turned = rng.random(len(rows)) < 0.5
            images[turned] = images[turned, ::-1]
        targets = class_targets(labels) if said is None else said[rows]
        weights = np.where(labels == UNKNOWN_LABEL, config.outlier_weight, 1.0)
        return scaled(images), targets, weights.astype(np.float32)

    return Batches(len(crops), config.batch_size, draw, config.seed)


def scaled(images: np.ndarray) -> np.ndarray:
    """Return uint8 images as networks take them, float32 in [0, 1]."""
    return images.astype(np.float32) / 255


def class_targets(labels: np.ndarray) -> np.ndarray:
    """Return what labels (n,) say, float32 (n, 7); of unknown lamps every class alike."""
    unknown = np.full(len(CLASSES), 1 / len(CLASSES), np.float32)
    return np.vstack([np.eye(len(CLASSES), dtype=np.float32), unknown])[labels]


def soft_targets(config: TrainConfig, paths: Collection[Path]) -> dict[Path, np.ndarray] | None:
    """Return the targets of every crop of each file, float32 (crops, 7); None for its label.

    They are the mean opinion of the teachers, and of a rehearsed file that of the start.
    """
    rehearsed = [path for path in paths if path in map(Path, config.rehearsed)]
    others = [path for path in paths if path not in rehearsed]
    if config.teachers:
        said = predictions(config.teachers, others)
    elif rehearsed:
        said = {
            path: np.concatenate([class_targets(crops.labels) for crops in iterate_tfrecords(path)])
            for path in others
        }
    else:
        return None
    return said | (predictions([config.init], rehearsed) if rehearsed else {})


def predictions(teachers: Sequence[str], paths: Iterable[Path]) -> dict[Path, np.ndarray]:
    """Return what networks predict for every crop of each file.

    float32 (crops, 7): the probabilities of the mean of their logits.
    """
    networks = [load_network(Path(teacher) / KERAS_NAME) for teacher in teachers]
    said = {}
    for path in paths:
        logits = [
            np.mean(
                [network.predict_on_batch(scaled(crops.images)) for network in networks], axis=0
            )
            for crops in iterate_tfrecords(path)
        ]
        said[path] = softmax(np.concatenate(logits), axis=1).astype(np.float32)
        LOG.info("%s: %d crops seen by %d teachers", path, len(said[path]), len(networks))
    return said


def predict_logits(network: keras.Model, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return labels (n,) and logits (n, 7) of the crops of the seven classes in a TFRecord file."""
    labels, logits = [], []
    for crops in iterate_tfrecords(path):
        known = crops.labels != UNKNOWN_LABEL
        if known.any():
            labels.append(crops.labels[known])
            logits.append(network.predict_on_batch(scaled(crops.images[known])))
    return np.concatenate(labels), np.concatenate(logits)


def compiled_network(config: TrainConfig, steps: int) -> keras.Model:
    """Return the network of `config`, fresh or from `config.init`, ready for `steps` steps."""
    if config.init:
        network = load_network(Path(config.init) / KERAS_NAME)
    else:
        network = ARCHITECTURES[config.arch](CROP_SHAPE, len(CLASSES))
    return compile_network(
        network,
        keras.losses.CategoricalCrossentropy(from_logits=True),
        rate=config.learning_rate,
        steps=steps,
        warmup=config.warmup,
        weight_decay=config.weight_decay,
        weighted_metrics=[KnownAccuracy(name="accuracy")],
    )
