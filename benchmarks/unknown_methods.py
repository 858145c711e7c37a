"""Ways to tell unknown lamps from those of the classes, and the networks they are tried on.

Every method is a function of what it may be fitted on and of what it scores; larger is more known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from scipy.special import logsumexp, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from lib.simulation.crops.crops import simulate_crops
from lib.simulation.crops.strips import unknown_strips
from lib.simulation.lamps.catalogue import unknown_lamps
from lib.taxonomy import CLASSES
from lib.training.crops.tfrecord import iterate_tfrecords
from lib.training.networks.architectures import ARCHITECTURES, FEATURES_LAYER
from lib.training.networks.config import TrainConfig

# Share of the known that is kept, at which the refused unknowns are counted.
KNOWN_KEPT = 0.95
_NEIGHBOURS = 10


@dataclass(frozen=True)
class Lamps:
    """Row means of crops, with what they show.

    Attributes
    ----------
    rgb : float32 array of shape (n, 480, 3)
        In [0, 1].
    labels : int64 array of shape (n,)
        Class ids, -1 for unknown lamps.
    names : str array of shape (n,)
        Of each lamp or strip; empty for real crops.
    """

    rgb: np.ndarray
    labels: np.ndarray
    names: np.ndarray


@dataclass(frozen=True)
class Seen:
    """What a network makes of some crops; arrays of n rows."""

    lamps: Lamps
    logits: np.ndarray
    flipped_logits: np.ndarray
    features: np.ndarray


@dataclass(frozen=True)
class Fitting:
    """What methods may be fitted on: known crops and unknown ones of kinds met in training."""

    known: Seen
    exposed: Seen

    def nameable(self) -> np.ndarray:
        """Return for known and then exposed crops whether naming the best guess is right."""
        right = self.known.logits.argmax(axis=1) == self.known.lamps.labels
        return np.concatenate([right, np.zeros(len(self.exposed.logits), bool)])


Scorer = Callable[[Seen], np.ndarray]


def simulate(count: int, seed: int, which: str, *, jobs: int = 2) -> Lamps:
    """Simulate crops of the classes ("known"), or of "exposed" or "held_out" unknowns."""
    lamps = None
    if which != "known":
        held_out = which == "held_out"
        sources = (*unknown_lamps(held_out=held_out), *unknown_strips(held_out=held_out))
        lamps = [source.name for source in sources]
    batches = list(simulate_crops(count, seed, lamps=lamps, jobs=jobs))
    names = [name for batch in batches for name in batch.lamps]
    return Lamps(*_means(batches), np.array(names))


def read_real(path: Path) -> Lamps:
    """Read the profiles of real crops from a TFRecord file."""
    rgb, labels = _means(list(iterate_tfrecords(path)))
    return Lamps(rgb, labels, np.full(len(labels), ""))


def _means(batches: list) -> tuple[np.ndarray, np.ndarray]:
    rgb = [batch.images.mean(axis=1, dtype=np.float32) / 255 for batch in batches]
    return np.concatenate(rgb), np.concatenate([batch.labels for batch in batches])


def class_or_none(targets, logits):
    """Return the cross-entropy with one more class, "none of these", whose logit is held at zero.

    An unknown lamp (targets all zero) is right where every logit is low. It separates simulated
    lamps best, and costs coverage of real ones: see the results.
    """
    none = 1 - ops.sum(targets, axis=-1, keepdims=True)
    return keras.losses.categorical_crossentropy(
        ops.concatenate([targets, none], axis=-1),
        ops.concatenate([logits, ops.zeros_like(none)], axis=-1),
        from_logits=True,
    )


def train(
    known: Lamps, unknown: Lamps | None, *, target: str, seed: int, epochs: int
) -> keras.Model:
    """Train the default network on profiles as s4_train.py does.

    Parameters
    ----------
    unknown : Lamps or None
        Outliers to expose the network to.
    target : str
        Theirs: "uniform" over the classes, or "none" of them (`class_or_none`).
    """
    config = TrainConfig(seed=seed, epochs=epochs)
    parts = [known] if unknown is None else [known, unknown]
    rgb, labels = (np.concatenate([getattr(p, name) for p in parts]) for name in ("rgb", "labels"))
    targets = np.eye(len(CLASSES), dtype=np.float32)[labels]
    targets[labels < 0] = 1 / len(CLASSES) if target == "uniform" else 0
    keras.utils.set_random_seed(seed)
    network = ARCHITECTURES[config.arch]((1, *rgb.shape[1:]), len(CLASSES))
    steps = epochs * -(-len(rgb) // config.batch_size)
    warmup = max(int(config.warmup * steps), 1)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warmup, warmup_target=config.learning_rate, warmup_steps=warmup
    )
    uniform = keras.losses.CategoricalCrossentropy(from_logits=True)
    network.compile(
        keras.optimizers.AdamW(rate, weight_decay=config.weight_decay),
        uniform if target == "uniform" else class_or_none,
    )
    batches = tf.data.Dataset.from_tensor_slices((rgb[:, None], targets))
    batches = batches.shuffle(len(rgb), seed=seed).batch(config.batch_size).prefetch(4)
    network.fit(batches, epochs=epochs, verbose=0)
    return network


def look(network: keras.Model, lamps: Lamps) -> Seen:
    """Return what a network of `train` makes of crops."""
    outputs = keras.Model(network.input, [network.output, network.get_layer(FEATURES_LAYER).output])
    logits, features = outputs.predict(lamps.rgb[:, None], verbose=0, batch_size=512)
    flipped = network.predict(lamps.rgb[:, None, ::-1], verbose=0, batch_size=512)
    return Seen(lamps, logits.astype(float), flipped.astype(float), features.astype(float))


def max_softmax(_: Fitting) -> Scorer:
    """Largest probability (Hendrycks & Gimpel 2017)."""
    return lambda seen: softmax(seen.logits, axis=1).max(axis=1)


def largest_logit(_: Fitting) -> Scorer:
    """Largest logit (Hendrycks et al. 2022)."""
    return lambda seen: seen.logits.max(axis=1)


def energy(_: Fitting) -> Scorer:
    """Free energy, the log of the summed exponentials of the logits (Liu et al. 2020)."""
    return lambda seen: logsumexp(seen.logits, axis=1)


def flip_vote(_: Fitting) -> Scorer:
    """nnSIC's vote of the image and its two flips; upside down, a profile stays as it is."""

    def score(seen: Seen) -> np.ndarray:
        both = 2 * softmax(seen.logits, axis=1) + softmax(seen.flipped_logits, axis=1)
        return both.max(axis=1) / 3

    return score


def nearest_features(fitting: Fitting) -> Scorer:
    """Distance to the tenth nearest features of known crops, on the sphere (Sun et al. 2022)."""

    def on_sphere(seen: Seen) -> np.ndarray:
        return seen.features / np.linalg.norm(seen.features, axis=1, keepdims=True)

    bank = NearestNeighbors(n_neighbors=_NEIGHBOURS).fit(on_sphere(fitting.known))
    return lambda seen: -bank.kneighbors(on_sphere(seen))[0][:, -1]


def mahalanobis(fitting: Fitting) -> Scorer:
    """Distance to the nearest class in features, in their common covariance (Lee et al. 2018)."""
    features, labels = fitting.known.features, fitting.known.lamps.labels
    means = np.stack([features[labels == i].mean(axis=0) for i in range(len(CLASSES))])
    covariance = np.cov((features - means[labels]).T) + 1e-3 * np.eye(features.shape[1])
    whiten = np.linalg.cholesky(np.linalg.inv(covariance))

    def score(seen: Seen) -> np.ndarray:
        offsets = (seen.features[:, None] - means) @ whiten
        return -(offsets**2).sum(axis=2).min(axis=1)

    return score


def one_class_svm(fitting: Fitting) -> Scorer:
    """One-class support vector machine on the features (Schoelkopf et al. 2001)."""
    model = make_pipeline(StandardScaler(), OneClassSVM(nu=0.05, gamma="scale"))
    model.fit(fitting.known.features[:3000])
    return lambda seen: model.decision_function(seen.features)


def autoencoder(fitting: Fitting) -> Scorer:
    """Error of an autoencoder of profiles with 16 numbers in its waist."""

    def profile(seen: Seen) -> np.ndarray:
        rgb = seen.lamps.rgb.reshape(len(seen.logits), 120, 4, 3).mean(axis=2)
        level = rgb.max(axis=(1, 2), keepdims=True)
        return (rgb / np.maximum(level, 1 / 255)).reshape(len(rgb), -1)

    model = MLPRegressor(hidden_layer_sizes=(64, 16, 64), max_iter=40, random_state=0)
    model.fit(profile(fitting.known), profile(fitting.known))
    return lambda seen: -((model.predict(profile(seen)) - profile(seen)) ** 2).mean(axis=1)


def linear_test(fitting: Fitting) -> Scorer:
    """Logistic regression of features and sorted logits, fitted on known and exposed crops."""
    return _fitted(
        LogisticRegression(C=0.01, max_iter=1000),
        fitting,
        lambda seen: np.hstack([np.sqrt(seen.features), np.sort(seen.logits, axis=1)]),
    )


def class_tests(fitting: Fitting) -> Scorer:
    """The same with weights of its own for each named class."""

    def design(seen: Seen) -> np.ndarray:
        roots = np.sqrt(seen.features)
        named = np.eye(len(CLASSES))[seen.logits.argmax(axis=1)]
        of_class = (named[:, :, None] * roots[:, None]).reshape(len(roots), -1)
        return np.hstack([roots, np.sort(seen.logits, axis=1), named, of_class])

    return _fitted(LogisticRegression(C=0.01, max_iter=1000), fitting, design)


def small_network(fitting: Fitting) -> Scorer:
    """A network with 32 hidden units on features and sorted logits."""
    return _fitted(
        MLPClassifier(
            hidden_layer_sizes=(32,), alpha=1.0, max_iter=40, early_stopping=True, random_state=0
        ),
        fitting,
        lambda seen: np.hstack([np.sqrt(seen.features), np.sort(seen.logits, axis=1)]),
    )


def all_scores(fitting: Fitting) -> Scorer:
    """Logistic regression of the other scores together."""
    parts = [make(fitting) for make in (max_softmax, largest_logit, energy, nearest_features)]
    return _fitted(
        LogisticRegression(max_iter=1000),
        fitting,
        lambda seen: np.column_stack([part(seen) for part in parts]),
    )


def _fitted(model: object, fitting: Fitting, design: Callable[[Seen], np.ndarray]) -> Scorer:
    pipeline = make_pipeline(StandardScaler(), model)
    rows = np.vstack([design(fitting.known), design(fitting.exposed)])
    pipeline.fit(rows, fitting.nameable())
    return lambda seen: pipeline.predict_proba(design(seen))[:, 1]


METHODS: dict[str, Callable[[Fitting], Scorer]] = {
    method.__name__: method
    for method in (
        max_softmax,
        largest_logit,
        energy,
        flip_vote,
        nearest_features,
        mahalanobis,
        one_class_svm,
        autoencoder,
        linear_test,
        class_tests,
        small_network,
        all_scores,
    )
}


def separation(known: np.ndarray, unknown: np.ndarray) -> tuple[float, float]:
    """Return AUROC, and the share of the unknown refused where `KNOWN_KEPT` of the known stays."""
    truth = np.concatenate([np.ones(len(known)), np.zeros(len(unknown))])
    auroc = roc_auc_score(truth, np.concatenate([known, unknown]))
    return float(auroc), float((unknown < np.quantile(known, 1 - KNOWN_KEPT)).mean())
