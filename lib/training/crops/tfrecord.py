"""Crops read from TFRecord files, with the five features of `lib.training.crops.writing`."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from lib.errors import DataError
from lib.tables import CROP_SHAPE, UNKNOWN_LABEL
from lib.taxonomy import CLASSES

FEATURES = {
    "height": tf.io.FixedLenFeature([], tf.int64),
    "width": tf.io.FixedLenFeature([], tf.int64),
    "label": tf.io.FixedLenFeature([], tf.int64),
    "image": tf.io.FixedLenFeature([], tf.string),
    "filename": tf.io.FixedLenFeature([], tf.string),
}


@dataclass(frozen=True)
class Crops:
    """Crops in memory.

    Attributes
    ----------
    images : uint8 array of shape (n_crops, 15, 480, 3)
        RGB, blue left.
    labels : int64 array of shape (n_crops,)
        Class ids, or `UNKNOWN_LABEL`.
    names : tuple of str
        File names.
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of crops."""
        return len(self.labels)


class CropFiles:
    """Crops of several files, numbered through, of which only what is taken is read.

    Parameters
    ----------
    paths : sequence of Path
        Files that have been read through before.
    """

    def __init__(self, paths: Sequence[Path]):
        self._files = [np.memmap(path, np.uint8, "r") for path in paths]
        self._records = [
            (number, start, stop)
            for number, file in enumerate(self._files)
            for start, stop in _records(file)
        ]

    def __len__(self) -> int:
        """Return the number of crops."""
        return len(self._records)

    def take(self, rows: Iterable[int]) -> Crops:
        """Return crops by their numbers."""
        records = (self._records[row] for row in rows)
        serialised = [self._files[n][start:stop].tobytes() for n, start, stop in records]
        return _crops({name: value.numpy() for name, value in parse(serialised).items()})


def _records(file: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield where the records of a file lie: each between its length, in 12 bytes, and 4 more."""
    place = 0
    while place < len(file):
        start = place + 12
        stop = start + int(file[place : place + 8].view("<u8")[0])
        yield start, stop
        place = stop + 4


def count_labels(path: Path) -> Counter[int]:
    """Read all of a file; return how many crops there are of each label.

    Raises
    ------
    DataError
        As `read_tfrecord`.
    """
    counts: Counter[int] = Counter()
    for crops in iterate_tfrecords(path):
        counts.update(crops.labels.tolist())
    return counts


def read_tfrecord(paths: Path | Sequence[Path]) -> Crops:
    """Read all crops of one or several files into memory (21.6 kB each).

    Raises
    ------
    DataError
        If a file is missing, empty, cut short, or holds anything but crops.
    """
    batches = list(iterate_tfrecords(paths))
    return Crops(
        images=np.concatenate([batch.images for batch in batches]),
        labels=np.concatenate([batch.labels for batch in batches]),
        names=tuple(name for batch in batches for name in batch.names),
    )


def iterate_tfrecords(paths: Path | Sequence[Path], *, batch_size: int = 256) -> Iterator[Crops]:
    """Yield the crops of one or several files in order, a checked batch at a time.

    Raises
    ------
    DataError
        As `read_tfrecord`.
    """
    for path in [paths] if isinstance(paths, Path) else paths:
        for batch in iterate_features(path, batch_size=batch_size):
            yield _checked(path, batch)


def iterate_features(path: Path, *, batch_size: int = 256) -> Iterator[dict[str, np.ndarray]]:
    """Yield the five features of a file's records in batches, whatever they hold.

    Raises
    ------
    DataError
        If the file is missing, empty, cut short, or lacks a feature.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; expected a TFRecord file of crops")
    empty = True
    with _named_read_errors(path):
        for batch in tf.data.TFRecordDataset(str(path)).batch(batch_size).map(parse):
            yield {name: value.numpy() for name, value in batch.items()}
            empty = False
    if empty:
        raise DataError(f"{path}: holds no records; expected a TFRecord file of crops")


def parse(serialised: tf.Tensor) -> dict[str, tf.Tensor]:
    """Parse a batch of serialised examples, strings of shape (n,), into their five features."""
    return tf.io.parse_example(serialised, FEATURES)


def _checked(path: Path, batch: dict[str, np.ndarray]) -> Crops:
    """Return a parsed batch as crops, or refuse it."""
    height, width, channels = CROP_SHAPE
    for name, h, w, label, image in zip(
        batch["filename"],
        batch["height"],
        batch["width"],
        batch["label"],
        batch["image"],
        strict=True,
    ):
        if (h, w) != (height, width) or len(image) != height * width * channels:
            raise DataError(
                f"{path}: expected crops of {height} x {width} RGB pixels; "
                f"received {h} x {w} in {len(image)} bytes ({name.decode(errors='replace')})"
            )
        if not UNKNOWN_LABEL <= label < len(CLASSES):
            raise DataError(
                f"{path}: expected labels from {UNKNOWN_LABEL} (unknown) to {len(CLASSES) - 1}; "
                f"received {label} ({name.decode(errors='replace')})"
            )
    return _crops(batch)


def _crops(batch: dict[str, np.ndarray]) -> Crops:
    return Crops(
        images=np.frombuffer(b"".join(batch["image"]), np.uint8).reshape(-1, *CROP_SHAPE),
        labels=batch["label"],
        names=tuple(name.decode(errors="replace") for name in batch["filename"]),
    )


@contextmanager
def _named_read_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        raise DataError(
            f"{path}: expected records with the features {', '.join(FEATURES)} "
            f"({_first_line(error)})"
        ) from error
    except tf.errors.OpError as error:
        raise DataError(
            f"{path}: cut short, damaged or no TFRecord file ({_first_line(error)})"
        ) from error


def _first_line(error: tf.errors.OpError) -> str:
    """Return TensorFlow's own reason without the names of its internal functions."""
    line = str(error.message).strip().splitlines()[0]
    return re.sub(r"\{\{.*?\}\}|\[Op:.*|Error in .* Name: <unknown>, ", "", line).strip()
