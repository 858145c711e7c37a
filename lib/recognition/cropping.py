"""Folders of labelled photos to crops on disk, with one row per photo on what became of it."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from lib.errors import DataError
from lib.files import json_text, read_csv, sha256, write_csv
from lib.images.folders import list_images
from lib.images.png import read_png_text, write_png
from lib.images.reading import read_image
from lib.leftovers import clear_leftovers
from lib.outputs import short_name
from lib.parallel import map_in_order
from lib.paths import real_path
from lib.recognition.band import Band, cut_crop
from lib.recognition.find.finder import BandNotFound, find_band
from lib.tables import CROPS_COLUMNS, LABELS_COLUMNS

CROPS_TABLE = "crops.csv"
LABELS_TABLE = "labels.csv"
# Text chunk of a crop's PNG that holds the SHA-256 of the photo's file.
_DIGEST_KEYWORD = "photo sha256"
_HASHING_THREADS = 4
# Of a photo's name that its crop takes over: file systems allow 255, and .png is appended.
_NAME_BYTES = 250


def crop_folders(
    source: Path,
    output: Path,
    *,
    jobs: int = 1,
    cluster: str | None = None,
    overwrite: bool = False,
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
    jobs, cluster
        As of `lib.parallel.map_in_order`.
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
    for folder in (output / "crops").glob("*/"):
        clear_leftovers(folder)
    groups = _groups(source / LABELS_TABLE)
    earlier = _earlier_rows(output / CROPS_TABLE)
    named = {photo.relative_to(source).as_posix(): photo for photo in photos}
    kept = {} if overwrite else _still_valid(named, earlier, output)
    cropped = map_in_order(
        _crop_one,
        ((photo.absolute(), name) for name, photo in named.items() if name not in kept),
        jobs=jobs,
        cluster=cluster,
        reads=lambda item: item[:1],
    )
    rows = []
    for name in tqdm(named, desc="crops", unit="photo", disable=None):
        row, digest = kept[name] if name in kept else _written(*next(cropped), name, output)
        own = {"photo": name, "raw_id": name.split("/", 1)[0], "group": groups.get(digest, digest)}
        rows.append({**row, **own})
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


def crop_photo(photo: Path, name: str) -> tuple[dict[str, object], np.ndarray | None]:
    """Find the band in `photo`, and cut it out.

    Parameters
    ----------
    photo : Path
    name : str
        What to call the photo in reasons.

    Returns
    -------
    columns : dict
        The columns x0 to reason of `lib.tables.CROPS_COLUMNS`; status is "ok", "no_band" (no
        usable spectrum) or "error" (no readable image), the latter two with their reason.
    crop : uint8 array of shape (15, 480, 3), or None
        Of a photo whose status is "ok".
    """
    try:
        image = read_image(photo, name=name)
    except DataError as error:
        return {"status": "error", "reason": str(error)}, None
    try:
        band = find_band(image)
    except BandNotFound as error:
        return {"status": "no_band", "reason": str(error)}, None
    return {**_band_columns(band), "status": "ok", "reason": None}, cut_crop(band)


def _crop_one(photo: tuple[Path, str]) -> tuple[dict[str, object], np.ndarray | None, str]:
    """Return the columns and the crop of one photo, and the SHA-256 of its file."""
    path, name = photo
    row, crop = crop_photo(path, name)
    try:
        return row, crop, sha256(path)
    except OSError as error:
        reason = f"{name}: cannot be read ({error.strerror or error})"
        return {"status": "error", "reason": reason}, None, ""


def _written(
    row: dict[str, object], crop: np.ndarray | None, digest: str, name: str, output: Path
) -> tuple[dict[str, object], str]:
    """Write a crop, if there is one, and return its row and the SHA-256 of its photo."""
    if crop is None:
        return {**row, "crop": None}, digest
    place = _crop_place(name)
    if (output / place).exists() and _digest_of(output / place) is None:
        reason = f"{output / place}: is no crop of this program, and is not replaced"
        return {"crop": None, "status": "error", "reason": reason}, digest
    # A crop is that of this content alone.
    write_png(output / place, crop, {_DIGEST_KEYWORD: digest})
    return {**row, "crop": place}, digest


def _crop_place(name: str) -> str:
    folder, _, photo = name.partition("/")
    return f"crops/{folder}/{short_name(photo, _NAME_BYTES)}.png"


def _digest_of(crop: Path) -> str | None:
    """Return the SHA-256 of the photo that a crop was cut from, None of any other file."""
    return read_png_text(crop).get(_DIGEST_KEYWORD)


def _band_columns(band: Band) -> dict[str, object]:
    quality = json_text(band.quality.as_dict())
    return band.as_dict() | {"saturated": int(band.saturated), "quality": quality}


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


def _still_valid(
    named: Mapping[str, Path], earlier: Mapping[str, dict[str, str]], output: Path
) -> dict[str, tuple[dict[str, str], str]]:
    """Return the earlier rows whose crop is there and was cut from this very content.

    With each its photo's SHA-256.
    """
    names = [name for name in named if earlier.get(name, {}).get("status") == "ok"]
    # hashlib releases the interpreter lock, so threads read and hash side by side.
    with ThreadPoolExecutor(_HASHING_THREADS) as pool:
        digests = pool.map(sha256, [named[name] for name in names])
        digests = tqdm(digests, total=len(names), desc="checking", unit="photo", disable=None)
        return {
            name: (earlier[name], digest)
            for name, digest in zip(names, digests, strict=True)
            if _digest_of(output / _crop_place(name)) == digest
        }


def _remove_stale(output: Path, earlier: Iterator[dict], rows: list[dict]) -> None:
    """Delete crops that an earlier run listed and this one does not."""
    stale = {row["crop"] for row in earlier} - {row["crop"] for row in rows}
    for crop in stale - {"", None}:
        path = output / crop
        if real_path(path).is_relative_to(real_path(output / "crops")):
            path.unlink(missing_ok=True)
