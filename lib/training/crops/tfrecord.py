"""Crops in TFRecord files, with nnSIC's five features, so that its files load here and ours there.

``height``, ``width``, ``label`` int64; ``image`` raw RGB bytes; ``filename`` bytes. The label is a
class id, or `UNKNOWN_LABEL` for a lamp that is none of the classes.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
import tensorflow as tf

from lib.errors import DataError
from lib.files import atomic_path
from lib.tables import CROP_SHAPE, UNKNOWN_LABEL
from lib.taxonomy import CLASSES

FEATURES = {
    "height": tf.io.FixedLenFeature([], tf.int64),
    "width": tf.io.FixedLenFeature([], tf.int64),
    "label": tf.io.FixedLenFeature([], tf.int64),
    "image": tf.io.FixedLenFeature([], tf.string),
    "filename": tf.io.FixedLenFeature([], tf.string),
}

# One crop to write: its image uint8 of CROP_SHAPE, its label, its file name.
Record = tuple[np.ndarray, int, str]


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


def encode(image: np.ndarray, label: int, name: str) -> bytes:
    """Return one crop as a serialised ``tf.train.Example``; the same crop gives the same bytes.

    Raises
    ------
    DataError
        If the image is no uint8 array of shape (15, 480, 3) or the label is no class.
    """
    if image.shape != CROP_SHAPE or image.dtype != np.uint8:
        raise DataError(
            f"{name}: expected a crop of shape {CROP_SHAPE} uint8; "
            f"received {image.shape} {image.dtype}"
        )
    if not UNKNOWN_LABEL <= label < len(CLASSES):
        raise DataError(
            f"{name}: expected a label from {UNKNOWN_LABEL} to {len(CLASSES) - 1}; received {label}"
        )
    height, width, _ = CROP_SHAPE
    example = tf.train.Example(
        features=tf.train.Features(
            feature={
                "height": _int64(height),
                "width": _int64(width),
                "label": _int64(int(label)),
                "image": _bytes(image.tobytes()),
                "filename": _bytes(name.encode()),
            }
        )
    )
    return example.SerializeToString(deterministic=True)


def write_tfrecord(path: Path, records: Iterable[Record]) -> int:
    """Write `records` to one file, atomically and one at a time; return how many there were.

    Raises
    ------
    DataError
        If a record is no crop, the disk is full or the file cannot be written.
    """
    count = 0
    with (
        atomic_path(path) as temporary,
        _named_write_errors(path),
        tf.io.TFRecordWriter(str(temporary)) as writer,
    ):
        for image, label, name in records:
            writer.write(encode(image, label, name))
            count += 1
    return count


def write_shards(path: Path, records: Iterable[Record], *, per_shard: int) -> list[Path]:
    """Write `records` to `path`, or where they exceed `per_shard`, to numbered files beside it.

    ``crops.tfrecord`` becomes ``crops-00000.tfrecord``, ``crops-00001.tfrecord``, ... Each
    file is whole or absent. At most one record is held in memory, so any number streams through.

    Returns
    -------
    list of Path
        The files written, in order. `path` itself where one is enough.
    """
    remaining = iter(records)
    shards = []
    for number, first in enumerate(remaining):
        shard = path.with_name(f"{path.stem}-{number:05d}{path.suffix}")
        write_tfrecord(shard, chain([first], islice(remaining, per_shard - 1)))
        shards.append(shard)
    if len(shards) == 1:
        return [shards[0].replace(path)]
    return shards


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


@contextmanager
def _named_write_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise DataError(f"{path}: no space left on the disk") from error
    except tf.errors.OpError as error:
        raise DataError(f"{path}: cannot be written ({_first_line(error)})") from error


def _first_line(error: tf.errors.OpError) -> str:
    """Return TensorFlow's own reason without the names of its internal functions."""
    line = str(error.message).strip().splitlines()[0]
    return re.sub(r"\{\{.*?\}\}|\[Op:.*|Error in .* Name: <unknown>, ", "", line).strip()


def _int64(value: int) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
