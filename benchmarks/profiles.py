"""Crops as RGB profiles in memory, and the default network trained on them.

The default network looks at the mean of a crop's rows and nothing else, so benchmarks that train
it many times keep only that: a seventh of the memory and none of the decoding.
"""

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from scipy.special import softmax

from lib.paths import ROOT
from lib.simulation.crops.crops import simulate_crops
from lib.simulation.instrument.camera import Effects
from lib.taxonomy import CLASSES
from lib.training.crops.tfrecord import iterate_tfrecords
from lib.training.networks.architectures import ARCHITECTURES
from lib.training.networks.config import TrainConfig
from lib.training.scores import metrics

REAL_DATA = Path(os.environ.get("SPECTRA_REAL_DATA", ROOT.parent / "shared" / "real"))
REAL_CROPS = REAL_DATA / "crops" / "MyDataV2_test_dev87.tfrecords"


@dataclass(frozen=True)
class Profiles:
    """Row means of crops.

    Attributes
    ----------
    rgb : float32 array of shape (n, 480, 3)
        In [0, 1].
    labels : int64 array of shape (n,)
        Class ids, -1 for unknown lamps.
    """

    rgb: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        """Return the number of profiles."""
        return len(self.labels)

    def take(self, index: np.ndarray | slice) -> "Profiles":
        """Return some of them."""
        return Profiles(self.rgb[index], self.labels[index])


def simulate_profiles(
    count: int,
    seed: int,
    *,
    effects: Effects | None = None,
    unknown_share: float = 0.0,
    jobs: int = 2,
) -> Profiles:
    """Simulate crops and keep their profiles."""
    batches = simulate_crops(count, seed, effects=effects, unknown_share=unknown_share, jobs=jobs)
    return _collect(batches)


def read_profiles(path: Path) -> Profiles:
    """Read the profiles of a TFRecord file of crops."""
    return _collect(iterate_tfrecords(path))


def _collect(batches: Iterable) -> Profiles:
    rgb, labels = [], []
    for batch in batches:
        rgb.append(batch.images.mean(axis=1, dtype=np.float32) / 255)
        labels.append(batch.labels)
    return Profiles(np.concatenate(rgb), np.concatenate(labels))


def train_network(
    profiles: Profiles,
    *,
    seed: int,
    epochs: int,
    arch: str = "compact",
    targets: np.ndarray | None = None,
) -> keras.Model:
    """Train a profile network as s4_train.py does, with `TrainConfig`'s other defaults.

    `targets`, float32 (n, 7), stand in place of the labels.
    """
    config = TrainConfig(arch=arch, epochs=epochs, seed=seed)
    keras.utils.set_random_seed(seed)
    network = ARCHITECTURES[arch]((1, *profiles.rgb.shape[1:]), len(CLASSES))
    steps = epochs * math.ceil(len(profiles) / config.batch_size)
    warmup = int(config.warmup * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warmup, warmup_target=config.learning_rate, warmup_steps=max(warmup, 1)
    )
    network.compile(
        keras.optimizers.AdamW(rate, weight_decay=config.weight_decay),
        keras.losses.CategoricalCrossentropy(from_logits=True),
    )
    unknown = profiles.labels < 0
    if targets is None:
        targets = np.eye(len(CLASSES), dtype=np.float32)[profiles.labels]
        targets[unknown] = 1 / len(CLASSES)
    weights = np.where(unknown, config.outlier_weight, 1).astype(np.float32)
    batches = (
        tf.data.Dataset.from_tensor_slices((profiles.rgb[:, None], targets, weights))
        .shuffle(len(profiles), seed=seed)
        .batch(config.batch_size)
        .prefetch(4)
    )
    network.fit(batches, epochs=epochs, verbose=0)
    return network


def predict_logits(network: keras.Model, profiles: Profiles) -> np.ndarray:
    """Return the logits (n, 7) of a network of `train_network`."""
    return network.predict(profiles.rgb[:, None], verbose=0, batch_size=512).astype(float)


def score(network: keras.Model, profiles: Profiles, *, temperature: float = 1.0) -> dict:
    """Return accuracy, right, n, nll and ece on profiles of known classes."""
    probabilities = softmax(predict_logits(network, profiles) / temperature, axis=1)
    right = probabilities.argmax(axis=1) == profiles.labels
    return {
        "n": len(profiles),
        "right": int(right.sum()),
        "accuracy": round(float(right.mean()), 4),
        "nll": round(metrics.negative_log_likelihood(profiles.labels, probabilities), 4),
        "ece": round(metrics.expected_calibration_error(profiles.labels, probabilities), 4),
    }


def calibrated_temperature(network: keras.Model, profiles: Profiles) -> float:
    """Return the temperature fitted on `profiles`."""
    return metrics.fit_temperature(profiles.labels, predict_logits(network, profiles))
