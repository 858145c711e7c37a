"""crops.csv to the three TFRecords that train, validate and test."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lib.errors import DataError
from lib.files import read_csv, require_absent, scratch_folder, sha256, write_csv, write_json
from lib.images.reading import read_image
from lib.tables import CROP_SHAPE, CROPS_COLUMNS, SPLITS_COLUMNS
from lib.taxonomy import (
    CLASSES,
    UNKNOWN,
    class_id,
    class_of_folder,
    folder_names,
    in_short,
    is_folder_name,
)
from lib.training.crops.split import SPLITS, oversample, split_groups
from lib.training.crops.writing import Record, write_tfrecord

CROPS_NAME = "crops.csv"
SPLITS_NAME = "splits.csv"
DATASET_NAME = "dataset.json"


def read_crops(table: Path) -> tuple[pd.DataFrame, Counter[str]]:
    """Read crops.csv.

    Returns
    -------
    crops, left_out : DataFrame, Counter of str
        `crop`, its `label` (class id) and its duplicate `group`, of the crops of the classes; and
        how many of each other raw folder take no part.

    Raises
    ------
    DataError
        If the table is missing or lacks a column, or there is no crop of the classes.
    """
    rows = pd.DataFrame(read_csv(table, CROPS_COLUMNS), columns=CROPS_COLUMNS, dtype=object)
    rows = rows[rows["status"] == "ok"]
    names = rows["raw_id"].map(lambda one: class_of_folder(one) if is_folder_name(one) else UNKNOWN)
    left_out = Counter(rows["raw_id"][names == UNKNOWN])
    crops = rows[names != UNKNOWN]
    if crops.empty:
        raise DataError(
            f"{table}: lists no crop of the classes; expected rows with status ok in folders of "
            f"{folder_names()}"
        )
    group = crops["group"].where(crops["group"].astype(bool), crops["crop"])
    return crops[["crop"]].assign(label=names[crops.index].map(class_id), group=group), left_out


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
    crops["split"] = _split_of(table, crops, shares, rng, partial=partial)
    members = {split: crops[crops["split"] == split] for split in SPLITS}
    drawn = oversample(members["train"]["label"].tolist(), minimum, rng)
    members["train"] = members["train"].iloc[drawn]
    counts = {"before": _counts(crops), "after": _counts(pd.concat(members.values()))}
    with scratch_folder(output) as folder:
        for split in SPLITS:
            turned = rng.random(len(members[split])) < (0.5 if flips and split == "train" else 0)
            records = _records(members[split], turned, table.parent)
            write_tfrecord(folder / f"{split}.tfrecord", records)
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
        rows = crops[list(SPLITS_COLUMNS)].to_dict("records")
        write_csv(folder / SPLITS_NAME, SPLITS_COLUMNS, rows)
        for name in names:
            (folder / name).replace(output / name)
    return record


def _split_of(
    table: Path,
    crops: pd.DataFrame,
    shares: tuple[float, ...],
    rng: np.random.Generator,
    *,
    partial: bool,
) -> list[str]:
    """Return the split of each crop; an error names the table."""
    labels, groups = crops["label"].tolist(), crops["group"].tolist()
    try:
        return split_groups(labels, groups, shares, rng, partial=partial)
    except DataError as error:
        raise DataError(f"{table}: {error}") from error


def _counts(crops: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return how many crops of each class each split has, by split and class."""
    counts = pd.crosstab(crops["label"], crops["split"])
    counts = counts.reindex(index=range(len(CLASSES)), columns=list(SPLITS), fill_value=0)
    return counts.set_axis(list(CLASSES)).to_dict()


def class_table(counts: dict[str, dict[str, dict[str, int]]]) -> str:
    """Return the counts of dataset.json as a table for people, before and after balancing."""
    table = pd.DataFrame(counts["before"]).assign(balanced=counts["after"]["train"])
    table = table.rename(index=in_short)
    table.loc["all"] = table.sum()
    return table.rename_axis(columns="class").to_string(col_space=12)


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


def _require_classes(table: Path, crops: pd.DataFrame, partial: bool) -> None:
    seen = set(crops["label"])
    empty = [name for number, name in enumerate(CLASSES) if number not in seen]
    if empty and not partial:
        raise DataError(
            f"{table}: no crop of {', '.join(empty)}; expected some of each class (or --partial)"
        )


def _records(crops: pd.DataFrame, turned: np.ndarray, folder: Path) -> Iterator[Record]:
    for crop, upside_down in zip(crops.itertuples(), turned, strict=True):
        image = read_image(folder / crop.crop)
        yield image[::-1] if upside_down else image, crop.label, crop.crop
