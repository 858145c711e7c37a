"""A heap of downloads as SpectralWorkbenchCrawler leaves it, with the faults of real ones.

The crawler counts photo numbers backwards from a start and makes, for each such range, a folder of
images and a table. Here the photos are simulated, and `truth.csv` beside them says what each one
is and which fault was planted in it.
"""

import shutil
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from tqdm.auto import tqdm

from lib.files import json_text, read_csv, require_absent, write_bytes, write_csv
from lib.parallel import map_in_order
from lib.simulation.crawl import captions
from lib.simulation.crawl.crawl import FAULT_RATES, Download, plan
from lib.simulation.crawl.retouch import retouch
from lib.simulation.photos.photos import SimulatedPhoto, simulate_photo, simulate_scene
from lib.tables import TABLE_COLUMNS

# truth.csv: one row a table row. class: of the seven, empty for others. titled_raw_ids: what the
# title says. Box and nm_coefficients (ascending powers of x, or of y where axis is vertical) of
# the best first order; boxes: all usable ones as JSON [[x0, y0, x1, y1], ...].
TRUTH_COLUMNS = (
    "image_path",
    "table",
    "fault",
    "change",
    "duplicate_of",
    "lamp",
    "class",
    "kind",
    "titled_raw_ids",
    "x0",
    "y0",
    "x1",
    "y1",
    "axis",
    "blue_end",
    "angle_deg",
    "saturated",
    "zero_order",
    "nm_coefficients",
    "boxes",
    "family",
    "difficulties",
)

# Half a second of work: little to wait for at the end, much more than handing it out costs.
_ROWS_PER_TASK = 4
_PNG_OPTIONS = (cv2.IMWRITE_PNG_COMPRESSION, 4)
_NOT_IMAGES = (
    b"",
    b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head></html>\n",
    b"GIF89",
    b"The page you were looking for doesn't exist.\n",
)


def write_downloads(
    output: Path,
    count: int,
    seed: int,
    *,
    rates: Mapping[str, float] = FAULT_RATES,
    jobs: int = 1,
    cluster: str | None = None,
    overwrite: bool = False,
) -> list[dict[str, object]]:
    """Write a heap of `count` downloads under `output` and return the rows of its truth.csv.

    The same seed gives the same bytes whatever the number of `jobs`. Nothing is in its place
    before all is made; with `overwrite` the heap that the present truth.csv lists is replaced,
    other downloads are left alone.

    Raises
    ------
    DataError
        If rates are unknown or add up to more than 1, or output exists and may not be replaced.
    """
    output = Path(output)
    heap = plan(count, seed, rates)
    places = sorted(
        {f"Image/{row.folder}" for row in heap} | {f"DataTable/{row.table}" for row in heap}
    )
    for place in ("truth.csv", *places):
        require_absent(output / place, overwrite=overwrite)
    # A run that was killed leaves this behind; the next one starts afresh.
    workshop = output / ".simulating"
    shutil.rmtree(workshop, ignore_errors=True)
    try:
        rows = []
        table_rows: dict[str, list[dict[str, object]]] = {}
        for download, truth, listed in made(heap, seed, workshop, jobs=jobs, cluster=cluster):
            rows.append(truth)
            table_rows.setdefault(download.table, []).append(listed)
        for table, listed_rows in table_rows.items():
            numbered = ({"": number, **row} for number, row in enumerate(listed_rows))
            write_csv(workshop / "DataTable" / table, ("", *TABLE_COLUMNS), numbered)
        if (output / "truth.csv").exists():
            _remove_heap(output)
        for place in places:
            move(workshop / place, output / place)
        write_csv(output / "truth.csv", TRUTH_COLUMNS, rows)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    return rows


def made(
    heap: list[Download], seed: int, folder: Path, *, jobs: int, cluster: str | None
) -> Iterator[tuple[Download, dict[str, object], dict[str, object]]]:
    """Make every picture under `folder`; yield each row with its truth and its table row."""
    pictures = map_in_order(
        partial(make, seed=seed), heap, jobs=jobs, cluster=cluster, per_task=_ROWS_PER_TASK
    )
    for row, truth, listed, data in tqdm(pictures, total=len(heap), unit=" photos", disable=None):
        if data is not None:
            write_bytes(folder / row.image_path, data)
        yield row, truth, listed


def make(
    row: Download, *, seed: int
) -> tuple[Download, dict[str, object], dict[str, object], bytes | None]:
    """Make the picture of one row; return the row, its truth, its table row and its bytes."""
    photo = picture(row, seed)
    own = np.random.default_rng([seed, 3, row.index])
    # An exact duplicate is the same file, so it is encoded as its source is.
    shared = np.random.default_rng([seed, 2, row.index if row.change else row.source])
    data = spoil(own, _encoded(shared, photo.image, row.name), row.fault)
    return row, _truth_row(row, photo), table_row(own, row, photo), data


def picture(row: Download, seed: int) -> SimulatedPhoto:
    """Return the photo that a row shows."""
    rng = np.random.default_rng([seed, 1, row.source])
    if row.lamp is None:
        return simulate_scene(rng, quality=0)
    photo = simulate_photo(rng, row.lamp, quality=0)
    if row.change:
        return retouch(np.random.default_rng([seed, 4, row.index]), photo, row.change)
    return photo


def _encoded(rng: np.random.Generator, image: np.ndarray, name: str) -> bytes:
    """Return the bytes of an image file, of the format that the name says."""
    suffix = name[name.rindex(".") :]
    quality = int(rng.integers(60, 97))
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == ".jpg" else _PNG_OPTIONS
    _, data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    return data.tobytes()


def spoil(rng: np.random.Generator, data: bytes, fault: str) -> bytes | None:
    """Return what arrives in place of a file, None for nothing."""
    if fault == "missing":
        return None
    if fault == "truncated":
        return data[: int(len(data) * rng.uniform(0.05, 0.6))]
    if fault == "not_an_image":
        return _NOT_IMAGES[rng.integers(len(_NOT_IMAGES))]
    return data


def table_row(rng: np.random.Generator, row: Download, photo: SimulatedPhoto) -> dict[str, object]:
    """Return what the crawler writes about a photo, its running number left out."""
    title = captions.draw_title(rng, row.raw_ids, photo.truth.kind)
    height, width = photo.image.shape[:2]
    return {
        "ID": row.photo_id,
        "Title": title,
        "Author": captions.draw_author(rng),
        "UploadDate": captions.upload_date(rng, row.photo_id),
        "Description": captions.draw_description(rng),
        "ImageName": row.name,
        "ImageXsize": width,
        "ImageYsize": height,
        "keyword": str(captions.keywords_of(title)),
    }


def _truth_row(row: Download, photo: SimulatedPhoto) -> dict[str, object]:
    """Return a row of truth.csv."""
    truth = photo.truth
    values: dict[str, object] = {
        "image_path": row.image_path,
        "table": row.table,
        "fault": row.fault,
        "change": row.change,
        "duplicate_of": row.duplicate_of,
        "lamp": row.lamp or "",
        "class": truth.class_name or "",
        "kind": truth.kind,
        "titled_raw_ids": " ".join(map(str, row.raw_ids)),
        "axis": truth.axis,
        "blue_end": truth.blue_end,
        "saturated": truth.saturated,
        "zero_order": truth.zero_order,
        "boxes": json_text([[box.x0, box.y0, box.x1, box.y1] for box in truth.boxes]),
        "family": truth.family,
        "difficulties": " ".join(sorted(truth.difficulties)),
    }
    if truth.boxes:
        best = truth.boxes[0]
        values |= {"x0": best.x0, "y0": best.y0, "x1": best.x1, "y1": best.y1}
        values["angle_deg"] = round(best.angle_deg, 3)
        values["nm_coefficients"] = " ".join(map(repr, best.coefficients))
    return values


def _remove_heap(output: Path) -> None:
    """Remove the files that the present truth.csv lists, and the folders this leaves empty."""
    rows = read_csv(output / "truth.csv", TRUTH_COLUMNS)
    for row in rows:
        (output / row["image_path"]).unlink(missing_ok=True)
        (output / "DataTable" / row["table"]).unlink(missing_ok=True)
    for folder in {(output / row["image_path"]).parent for row in rows}:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    (output / "truth.csv").unlink()


def move(source: Path, target: Path) -> None:
    """Move a file, or the files of a folder, into place."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for path in source.iterdir():
            path.replace(target / path.name)
    elif source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
