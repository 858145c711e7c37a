"""crops.csv to the three TFRecords that train, validate and test."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import read_csv, require_absent, scratch_folder, sha256, write_csv, write_json
from lib.images import read_image
from lib.tables import CROP_SHAPE, CROPS_COLUMNS, SPLITS_COLUMNS
from lib.taxonomy import (
    CLASSES,
    UNKNOWN,
    class_id,
    class_of_folder,
    folder_names,
    is_folder_name,
)
from lib.training.split import SPLITS, oversample, split_groups
from lib.training.tfrecord import Record, write_tfrecord

CROPS_NAME = "crops.csv"
SPLITS_NAME = "splits.csv"
DATASET_NAME = "dataset.json"


@dataclass(frozen=True)
class LabelledCrop:
    """One crop file with its class id and its duplicate group."""

    path: Path
    name: str
    label: int
    group: str


def read_crops(table: Path) -> tuple[list[LabelledCrop], Counter[str]]:
    """Read crops.csv.

    Returns
    -------
    crops, left_out : list of LabelledCrop, Counter of str
        The crops of the seven classes, and how many of each other raw folder take no part.

    Raises
    ------
    DataError
        If the table is missing or lacks a column, or there is no crop of the classes.
    """
    crops, left_out = [], Counter()
    for row in read_csv(table, CROPS_COLUMNS):
        if row["status"] != "ok":
            continue
        folder = row["raw_id"]
        name = class_of_folder(folder) if is_folder_name(folder) else UNKNOWN
        if name == UNKNOWN:
            left_out[folder] += 1
            continue
        path = table.parent / row["crop"]
        crops.append(LabelledCrop(path, row["crop"], class_id(name), row["group"] or row["crop"]))
    if not crops:
        raise DataError(
            f"{table}: lists no crop of the classes; expected rows with status ok in folders of "
            f"{folder_names()}"
        )
    return crops, left_out


def write_dataset(
    table: Path,
    output: Path,
    *,
    shares: tuple[float, ...],
    minimum: int,
    flips: bool,
    partial: bool,
    seed: int,
    overwrite: bool = False,
) -> dict:
    """Split, then balance, then write TFRecords, splits.csv and dataset.json.

    Parameters
    ----------
    table : Path
        crops.csv; its crops lie beside it.
    shares : tuple of float
        Of train, validation and test.
    minimum : int
        Crops of each class in the training file at least, by drawing rare ones again.
    flips : bool
        Turn half of the training crops upside down.
    partial : bool
        Accept classes without a crop, and let those with one or two images only train.

    Returns
    -------
    dict
        What dataset.json holds.

    Raises
    ------
    DataError
        If a class has too few images, a crop is missing or of another shape, or output exists.
        Nothing is written then.
    """
    crops, left_out = read_crops(table)
    _require_classes(table, crops, partial)
    names = [f"{split}.tfrecord" for split in SPLITS] + [SPLITS_NAME, DATASET_NAME]
    for name in names:
        require_absent(output / name, overwrite=overwrite)
    rng = np.random.default_rng(seed)
    split_of = _split_of(table, crops, shares, rng, partial=partial)
    members, counts = _balanced(crops, split_of, minimum, rng)
    with scratch_folder(output) as folder:
        for split in SPLITS:
            turned = rng.random(len(members[split])) < (0.5 if flips and split == "train" else 0)
            write_tfrecord(folder / f"{split}.tfrecord", _records(members[split], turned))
        record = {
            "classes": list(CLASSES),
            "counts": counts,
            "left_out": dict(left_out),
            "image_shape": list(CROP_SHAPE),
            "seed": seed,
            "shares": dict(zip(SPLITS, shares, strict=True)),
            "minimum": minimum,
            "flips": flips,
            "sha256": {name: sha256(folder / name) for name in names[: len(SPLITS)]},
        }
        write_json(folder / DATASET_NAME, record)
        write_csv(folder / SPLITS_NAME, SPLITS_COLUMNS, _split_rows(crops, split_of))
        for name in names:
            (folder / name).replace(output / name)
    return record


def _balanced(
    crops: list[LabelledCrop], split_of: list[str], minimum: int, rng: np.random.Generator
) -> tuple[dict[str, list[LabelledCrop]], dict[str, dict]]:
    """Return the crops of each split, rare classes drawn again, and the counts of dataset.json."""
    members = {
        split: [crop for crop, of in zip(crops, split_of, strict=True) if of == split]
        for split in SPLITS
    }
    before = {split: _count(members[split]) for split in SPLITS}
    drawn = oversample([crop.label for crop in members["train"]], minimum, rng)
    members["train"] = [members["train"][i] for i in drawn]
    after = {split: _count(members[split]) for split in SPLITS}
    return members, {"before": before, "after": after}


def _split_of(
    table: Path,
    crops: list[LabelledCrop],
    shares: tuple[float, ...],
    rng: np.random.Generator,
    *,
    partial: bool,
) -> list[str]:
    """Return the split of each crop; an error names the table."""
    labels, groups = [crop.label for crop in crops], [crop.group for crop in crops]
    try:
        return split_groups(labels, groups, shares, rng, partial=partial)
    except DataError as error:
        raise DataError(f"{table}: {error}") from error


def class_table(counts: dict[str, dict[str, dict[str, int]]]) -> str:
    """Return the counts of dataset.json as a table for people, before and after balancing."""
    lines = [f"{'class':<12}" + "".join(f"{split:>12}" for split in SPLITS) + f"{'balanced':>12}"]
    after = counts["after"]["train"]
    for name in CLASSES:
        cells = [counts["before"][split][name] for split in SPLITS] + [after[name]]
        lines.append(f"{name:<12}" + "".join(f"{cell:>12}" for cell in cells))
    totals = [sum(counts["before"][split].values()) for split in SPLITS] + [sum(after.values())]
    lines.append(f"{'all':<12}" + "".join(f"{total:>12}" for total in totals))
    return "\n".join(lines)


def missing(counts: dict[str, dict[str, dict[str, int]]]) -> list[str]:
    """Return what a training will lack that reads the files of these counts of dataset.json."""
    before = counts["before"]
    lacking = [
        f"{split}.tfrecord is empty, and s4_train.py needs one to {verb} on; add photos until a "
        f"class has {len(SPLITS)} different ones, or give s4_train.py another with --{split}"
        for split, verb in (("validation", "validate"), ("test", "test"))
        if not any(before[split].values())
    ]
    absent = [name for name in CLASSES if not before["train"][name]]
    if absent:
        lacking.append(
            f"no crop of {', '.join(absent)}: a network that trains on these files alone forgets "
            "them; s4_train.py --init mixes simulated crops in"
        )
    return lacking


def _require_classes(table: Path, crops: list[LabelledCrop], partial: bool) -> None:
    empty = [name for name, count in _count(crops).items() if not count]
    if empty and not partial:
        raise DataError(
            f"{table}: no crop of {', '.join(empty)}; expected some of each class (or --partial)"
        )


def _records(crops: list[LabelledCrop], turned: np.ndarray) -> Iterator[Record]:
    for crop, upside_down in zip(crops, turned, strict=True):
        image = read_image(crop.path)
        yield image[::-1] if upside_down else image, crop.label, crop.name


def _split_rows(crops: list[LabelledCrop], split_of: list[str]) -> Iterator[dict]:
    for crop, split in zip(crops, split_of, strict=True):
        yield {"crop": crop.name, "label": crop.label, "group": crop.group, "split": split}


def _count(crops: list[LabelledCrop]) -> dict[str, int]:
    counts = Counter(crop.label for crop in crops)
    return {name: counts[i] for i, name in enumerate(CLASSES)}
