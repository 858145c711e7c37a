"""Crops written to TFRecord files, with nnSIC's five features: its files load here, ours there.

``height``, ``width``, ``label`` int64; ``image`` raw RGB bytes; ``filename`` bytes. The label is a
class id, or `UNKNOWN_LABEL` for a lamp that is none of the classes.

A record is a length and a serialised ``tf.train.Example``, each with its checksum (TFRecord and
protocol buffers are described at tensorflow.org and protobuf.dev). TensorFlow writes the same
bytes, and takes five seconds to import.
"""

import struct
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path

import numpy as np
from crc32c import crc32c

from lib.errors import DataError
from lib.files import atomic_path, write_errors
from lib.tables import CROP_SHAPE, UNKNOWN_LABEL
from lib.taxonomy import CLASSES

# One crop to write: its image uint8 of CROP_SHAPE, its label, its file name.
Record = tuple[np.ndarray, int, str]
# Numbers of fields in tf.train.Feature; all other messages on the way have one field, or two.
_BYTES_LIST, _INT64_LIST = 1, 3


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
    # In order of their names, as TensorFlow puts them where it is asked for the same bytes.
    features = {
        "filename": _bytes(name.encode()),
        "height": _int64(height),
        "image": _bytes(image.tobytes()),
        "label": _int64(int(label)),
        "width": _int64(width),
    }
    entries = (
        _field(1, _field(1, key.encode()) + _field(2, value)) for key, value in features.items()
    )
    return _field(1, b"".join(entries))


def _bytes(value: bytes) -> bytes:
    return _field(_BYTES_LIST, _field(1, value))


def _int64(value: int) -> bytes:
    return _field(_INT64_LIST, _field(1, _varint(value % 2**64)))


def _field(number: int, content: bytes) -> bytes:
    """Return a field of a message: bytes, text, or a message inside it."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Return a number, seven bits a byte, the last ones first."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


def _framed(content: bytes) -> bytes:
    """Return a record with its length and the checksums of both."""
    length = struct.pack("<Q", len(content))
    return length + _checksum(length) + content + _checksum(content)


def _checksum(content: bytes) -> bytes:
    """Return a CRC-32C, turned and moved as TFRecord has it."""
    crc = crc32c(content)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32)


def write_tfrecord(path: Path, records: Iterable[Record]) -> int:
    """Write `records` to one file, atomically and one at a time; return how many there were.

    Raises
    ------
    DataError
        If a record is no crop, the disk is full or the file cannot be written.
    """
    count = 0
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        for image, label, name in records:
            content = _framed(encode(image, label, name))
            with write_errors(path):
                file.write(content)
            count += 1
        with write_errors(path):
            file.flush()
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
