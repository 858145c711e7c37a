"""TFRecords to batches for Keras: mixed, shuffled, augmented and prefetched with tf.data."""

from collections import Counter
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from lib.tables import CROP_SHAPE, UNKNOWN_LABEL
from lib.taxonomy import CLASSES
from lib.training.crops.tfrecord import iterate_tfrecords, parse

# 4096 serialised crops are 90 MB; the files themselves are written in random order.
SHUFFLE_BUFFER_CROPS = 4096


def count_labels(path: Path) -> Counter[int]:
    """Read all of a TFRecord file; return how many crops there are of each label.

    Raises
    ------
    DataError
        As `lib.training.crops.tfrecord.read_tfrecord`.
    """
    counts: Counter[int] = Counter()
    for crops in iterate_tfrecords(path):
        counts.update(crops.labels.tolist())
    return counts


def training_batches(
    sizes: dict[Path, int],
    *,
    batch_size: int,
    seed: int,
    flip: bool,
    outlier_weight: float,
    targets: dict[Path, np.ndarray] | None = None,
    part: tuple[int, int] | None = None,
) -> tf.data.Dataset:
    """Return endless shuffled batches of (images, targets, weights) of several files together.

    Each epoch sees every crop once, files mixed in proportion to their sizes. A part of a training
    (see `part`) has full batches alone, so that an epoch may end within one.

    Parameters
    ----------
    sizes : dict of Path to int
        Number of crops of each file.
    flip : bool
        Turn half of the crops upside down, at random: a spectrum has no up.
    outlier_weight : float
        Weight of a crop of an unknown lamp, whose target is every class alike (outlier exposure,
        Hendrycks et al. 2019, https://arxiv.org/abs/1812.04606).
    targets : dict of Path to float32 array of shape (crops, 7), optional
        Probabilities to teach in place of the labels, crops in the order of their file.
    part : (int, int), optional
        i and n: of each file every n-th crop, from the i-th on. (0, 1) is all of them.

    Returns
    -------
    tf.data.Dataset
        images float32 (batch, 15, 480, 3) in [0, 1]; targets float32 (batch, 7); weights (batch,).
    """
    total = sum(sizes.values())
    files = [tf.data.TFRecordDataset(str(path)) for path in sizes]
    if targets is not None:
        told = [tf.data.Dataset.from_tensor_slices(targets[path]) for path in sizes]
        files = [tf.data.Dataset.zip(pair) for pair in zip(files, told, strict=True)]
    if part is not None:
        index, parts = part
        files = [file.shard(parts, index) for file in files]
    records = tf.data.Dataset.sample_from_datasets(
        files,
        weights=[size / total for size in sizes.values()],
        seed=seed,
        rerandomize_each_iteration=True,
    )
    records = records.shuffle(min(total, SHUFFLE_BUFFER_CROPS), seed=seed)
    if part is None:
        batches = records.batch(batch_size).repeat()
    else:
        batches = records.repeat().batch(batch_size, drop_remainder=True)
    numbered = tf.data.Dataset.zip(tf.data.Dataset.counter(), batches)

    def prepare(number, records):
        serialised, told = (records, None) if targets is None else records
        images, labels = _decode(serialised)
        if flip:
            images = _flip_half(images, seed=tf.stack([tf.constant(seed, tf.int64), number]))
        wanted = _targets(labels) if told is None else told
        return _scale(images), wanted, _weights(labels, outlier_weight)

    return numbered.map(prepare, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def evaluation_batches(path: Path, *, batch_size: int) -> tf.data.Dataset:
    """Return the crops of the seven classes of a file, in order, as (images, targets)."""

    def is_known(_, targets):
        return tf.reduce_max(targets) == 1

    known = all_batches(path, batch_size=batch_size).unbatch().filter(is_known)
    return known.batch(batch_size).prefetch(tf.data.AUTOTUNE)


def all_batches(path: Path, *, batch_size: int) -> tf.data.Dataset:
    """Return every crop of a file, in order, as (images, targets)."""

    def prepare(serialised):
        images, labels = _decode(serialised)
        return _scale(images), _targets(labels)

    records = tf.data.TFRecordDataset(str(path)).batch(batch_size)
    return records.map(prepare, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


@keras.saving.register_keras_serializable("spectra")
class KnownAccuracy(keras.metrics.Mean):
    """Accuracy over the crops of one class or another; where all are alike, none counts."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in a batch of targets and logits; `sample_weight` has no say."""
        right = keras.ops.argmax(y_true, -1) == keras.ops.argmax(y_pred, -1)
        known = keras.ops.max(y_true, -1) > keras.ops.min(y_true, -1)
        return super().update_state(right, sample_weight=known)


def _decode(serialised: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return images uint8 (n, 15, 480, 3) and labels (n,) of serialised crops."""
    features = parse(serialised)
    pixels = tf.io.decode_raw(features["image"], tf.uint8, fixed_length=int(np.prod(CROP_SHAPE)))
    return tf.reshape(pixels, (-1, *CROP_SHAPE)), features["label"]


def _scale(images: tf.Tensor) -> tf.Tensor:
    return tf.cast(images, tf.float32) / 255


def _flip_half(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    # Gathering rows of uint8 takes 5 us a crop; choosing between float images took 250.
    flipped = tf.random.stateless_uniform((tf.shape(images)[0], 1), seed) < 0.5
    rows = tf.range(CROP_SHAPE[0])
    return tf.gather(images, tf.where(flipped, rows[::-1], rows), batch_dims=1)


def _targets(labels: tf.Tensor) -> tf.Tensor:
    unknown = tf.cast(labels == UNKNOWN_LABEL, tf.float32)[:, None]
    return tf.one_hot(labels, len(CLASSES)) + unknown / len(CLASSES)


def _weights(labels: tf.Tensor, outlier_weight: float) -> tf.Tensor:
    return tf.where(labels == UNKNOWN_LABEL, float(outlier_weight), 1.0)
