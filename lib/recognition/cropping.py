"""Folders of labelled photos to crops on disk, and one row a photo that says what became of it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
from joblib import Parallel, delayed
from tqdm import tqdm

from lib.errors import DataError
from lib.files import read_csv, sha256, write_csv
from lib.images import list_images, read_image, read_png_text, write_png
from lib.recognition.band import Band, BandNotFound, cut_crop, find_band
from lib.tables import CROPS_COLUMNS, LABELS_COLUMNS

CROPS_TABLE = "crops.csv"
LABELS_TABLE = "labels.csv"
# Text chunk of a crop's PNG that holds the SHA-256 of the photo's file.
_DIGEST_KEYWORD = "photo sha256"


def crop_folders(
    source: Path, output: Path, *, jobs: int = 1, overwrite: bool = False
) -> list[dict[str, object]]:
    """Crop every photo in the folders of `source`, and write crops and crops.csv to `output`.

    A crop that is listed, present and cut from the very content of its photo is kept as it is,
    unless `overwrite`. Crops listed by an earlier run whose photo is gone, moved or no longer
    usable are removed.

    Parameters
    ----------
    source : Path
        Folder of folders of photos; labels.csv in it, if any, names the duplicate groups.
    output : Path
        Receives crops/<folder>/<photo>.png and crops.csv.
    jobs : int
        Parallel processes.
    overwrite : bool
        Make every crop again.

    Returns
    -------
    list of dict
        Rows of `lib.tables.CROPS_COLUMNS`, in order of folder and file name.

    Raises
    ------
    DataError
        If there is no photo, a table is not readable or the output cannot be written.
    """
    source, output = Path(source), Path(output)
    photos = labelled_photos(source)
    groups = _groups(source / LABELS_TABLE)
    earlier = _earlier_rows(output / CROPS_TABLE)
    tasks = []
    for photo in photos:
        name = photo.relative_to(source).as_posix()
        crop = Path("crops", f"{name}.png")
        row = None if overwrite else earlier.get(name)
        tasks.append(delayed(_crop_one)(photo, name, output, crop, groups, row))
    results = Parallel(n_jobs=jobs, return_as="generator")(tasks)
    rows = list(tqdm(results, total=len(tasks), desc="crops", unit="photo", disable=None))
    _remove_stale(output, earlier.values(), rows)
    write_csv(output / CROPS_TABLE, CROPS_COLUMNS, rows)
    return rows


def labelled_photos(source: Path) -> list[Path]:
    """Return the photos in the folders of `source`: numbered folders first, by number.

    Raises
    ------
    DataError
        If `source` is no folder or its folders hold no image.
    """
    if not source.is_dir():
        raise DataError(f"{source}: no such folder; expected a folder of raw-id folders")
    folders = [path for path in source.iterdir() if path.is_dir() and path.name[0] != "."]
    photos = [
        photo for folder in sorted(folders, key=_folder_order) for photo in list_images(folder)
    ]
    if not photos:
        raise DataError(f"{source}: no image in any of its folders; expected <raw id>/<photo>")
    return photos


def crop_photo(photo: Path, name: str, crop: Path, digest: str) -> dict[str, object]:
    """Find the band in `photo`, write its crop, and return what was measured.

    Parameters
    ----------
    photo : Path
    name : str
        What to call the photo in reasons.
    crop : Path
        PNG to write; written exactly if the returned status is "ok".
    digest : str
        SHA-256 of the photo's file, kept in the PNG: a crop is that of this content alone.

    Returns
    -------
    dict
        The columns x0 to reason of `lib.tables.CROPS_COLUMNS`; status is "ok", "no_band" (no
        usable spectrum) or "error" (no readable image), the latter two with their reason.

    Raises
    ------
    DataError
        If the crop cannot be written.
    """
    try:
        image = read_image(photo, name=name)
    except DataError as error:
        return {"status": "error", "reason": str(error)}
    try:
        band = find_band(image)
    except BandNotFound as error:
        return {"status": "no_band", "reason": str(error)}
    write_png(crop, cut_crop(band), {_DIGEST_KEYWORD: digest})
    return {**_band_columns(band), "status": "ok", "reason": None}


def _crop_one(
    photo: Path,
    name: str,
    output: Path,
    crop: Path,
    groups: Mapping[str, str],
    row: dict[str, object] | None,
) -> dict[str, object]:
    """Return the row of one photo; `row` is its earlier one, which may still hold."""
    # The processes are the parallelism; threads inside them would only compete.
    cv2.setNumThreads(1)
    digest = sha256(photo)
    if not _still_valid(row, digest, output / crop):
        row = crop_photo(photo, name, output / crop, digest)
        row["crop"] = crop.as_posix() if row["status"] == "ok" else None
    return {
        **row,
        "photo": name,
        "raw_id": name.split("/", 1)[0],
        "group": groups.get(digest, digest),
    }


def _band_columns(band: Band) -> dict[str, object]:
    return {
        "x0": band.x0,
        "y0": band.y0,
        "x1": band.x1,
        "y1": band.y1,
        "axis": band.axis,
        "blue_end": band.blue_end,
        "angle_deg": f"{band.angle_deg:.3f}",
        "saturated": int(band.saturated),
        "quality": json.dumps(band.quality.as_dict()),
    }


def _folder_order(folder: Path) -> tuple[bool, int, str]:
    number = int(folder.name) if folder.name.isdecimal() else 0
    return (not folder.name.isdecimal(), number, folder.name)


def _groups(table: Path) -> dict[str, str]:
    """Duplicate group by content, so that it follows a photo that was moved by hand."""
    if not table.exists():
        return {}
    rows = read_csv(table, LABELS_COLUMNS)
    return {row["sha256"]: row["group"] for row in rows if row["sha256"] and row["group"]}


def _earlier_rows(table: Path) -> dict[str, dict[str, str]]:
    return {row["photo"]: row for row in read_csv(table, CROPS_COLUMNS)} if table.exists() else {}


def _still_valid(row: dict | None, digest: str, crop: Path) -> bool:
    """Return whether an earlier row's crop is there and was cut from this very content."""
    if row is None or row["status"] != "ok":
        return False
    return read_png_text(crop).get(_DIGEST_KEYWORD) == digest


def _remove_stale(output: Path, earlier: Iterator[dict], rows: list[dict]) -> None:
    """Delete crops that an earlier run listed and this one does not."""
    stale = {row["crop"] for row in earlier} - {row["crop"] for row in rows}
    for crop in stale - {"", None}:
        path = output / crop
        if path.resolve().is_relative_to((output / "crops").resolve()):
            path.unlink(missing_ok=True)
