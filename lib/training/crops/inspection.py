"""What is in a TFRecord of pictures, ours or anyone's in the same schema."""

from collections import Counter
from pathlib import Path

from lib.files import require_absent
from lib.images.png import write_png
from lib.plots.crop_sheet import draw_crops
from lib.tables import UNKNOWN_LABEL
from lib.taxonomy import CLASSES, UNKNOWN
from lib.training.crops.tfrecord import iterate_features, iterate_tfrecords

SHEET_CROPS = 150


def describe(path: Path) -> str:
    """Return count, shapes, labels and first file names of a TFRecord as text.

    Raises
    ------
    DataError
        If it is missing, empty, cut short, or lacks one of the five features.
    """
    shapes, labels, names = Counter(), Counter(), []
    for batch in iterate_features(path):
        sizes = map(len, batch["image"])
        shapes.update(zip(batch["height"].tolist(), batch["width"].tolist(), sizes, strict=True))
        labels.update(batch["label"].tolist())
        if not names:
            names = [name.decode(errors="replace") for name in batch["filename"][:3]]
    lines = [f"{path}: {labels.total()} records, from {', '.join(names)}"]
    lines += [
        f"{count:>8} of {height} x {width} px in {size} bytes"
        for (height, width, size), count in sorted(shapes.items())
    ]
    lines += [
        f"{count:>8} label {label:>2} {_name(label)}" for label, count in sorted(labels.items())
    ]
    return "\n".join(lines)


def draw_sheet(path: Path, sheet: Path, *, overwrite: bool = False) -> int:
    """Draw a TFRecord's first crops with their labels and names to a PNG; return how many.

    Raises
    ------
    DataError
        If the file holds other than crops, or the sheet exists.
    """
    require_absent(sheet, overwrite=overwrite)
    first = next(iterate_tfrecords(path, batch_size=SHEET_CROPS))
    captions = [
        f"{_name(label)}  {name}" for label, name in zip(first.labels, first.names, strict=True)
    ]
    write_png(sheet, draw_crops(first.images, captions))
    return len(first)


def _name(label: int) -> str:
    if label == UNKNOWN_LABEL:
        return UNKNOWN
    return CLASSES[label] if 0 <= label < len(CLASSES) else "(no class)"
