"""Contact sheets: photo, found band and crop side by side, so that a person sees what is right."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from lib.errors import DataError
from lib.images import read_image, write_png

TILE_WIDTH_PX = 320
_PHOTO_HEIGHT_PX = 200
_CROP_HEIGHT_PX = 30
_TEXT_HEIGHT_PX = 16
_GAP_PX = 4
_COLUMNS = 4
_TILES_A_SHEET = 32

_PAPER = (40, 40, 40)
_INK = (235, 235, 235)
_MARK = (255, 220, 0)
_REFUSED = (255, 110, 90)


def draw_tile(
    photo: np.ndarray | None,
    crop: np.ndarray | None,
    outline: np.ndarray | None,
    blue_end: str,
    caption: Sequence[str],
) -> np.ndarray:
    """Draw one photo with its band outlined, the crop below it and two lines of text.

    Parameters
    ----------
    photo : uint8 array of shape (h, w, 3), or None where it is not readable
    crop : uint8 array of shape (15, 480, 3), or None where no band was found
    outline : float array of shape (n, 2), or None
        Corners x, y of the band in photo pixels.
    blue_end : str
        End of the band to mark with a blue dot: "left", "right", "top", "bottom" or "none".
    caption : sequence of str
        Up to two lines.

    Returns
    -------
    uint8 array of shape (tile height, TILE_WIDTH_PX, 3)
    """
    height = _PHOTO_HEIGHT_PX + _CROP_HEIGHT_PX + 2 * _TEXT_HEIGHT_PX + 2 * _GAP_PX
    tile = np.full((height, TILE_WIDTH_PX, 3), _PAPER, np.uint8)
    if photo is not None:
        _draw_photo(tile[:_PHOTO_HEIGHT_PX], photo, outline, blue_end)
    top = _PHOTO_HEIGHT_PX + _GAP_PX
    if crop is not None:
        size = (TILE_WIDTH_PX, _CROP_HEIGHT_PX)
        tile[top : top + _CROP_HEIGHT_PX] = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    colour = _INK if crop is not None else _REFUSED
    for number, line in enumerate(caption[:2], start=1):
        baseline = top + _CROP_HEIGHT_PX + number * _TEXT_HEIGHT_PX - 4
        _write(tile, line, (2, baseline), colour)
    return tile


def arrange(tiles: Sequence[np.ndarray], columns: int = _COLUMNS) -> np.ndarray:
    """Arrange tiles of one shape in rows; uint8 array of shape (h, w, 3)."""
    height, width = tiles[0].shape[:2]
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    sheet = np.full(
        (rows * (height + _GAP_PX) + _GAP_PX, columns * (width + _GAP_PX) + _GAP_PX, 3),
        0,
        np.uint8,
    )
    for number, tile in enumerate(tiles):
        y = _GAP_PX + (number // columns) * (height + _GAP_PX)
        x = _GAP_PX + (number % columns) * (width + _GAP_PX)
        sheet[y : y + height, x : x + width] = tile
    return sheet


def draw_sheets(
    source: Path, output: Path, rows: Sequence[Mapping[str, object]], *, jobs: int = 1
) -> list[Path]:
    """Write contact sheets of cropped photos, some for each folder.

    Parameters
    ----------
    source : Path
        Folder that the rows' photos are relative to.
    output : Path
        Folder that the rows' crops are relative to; receives sheets/<raw id>-<number>.png.
    rows : sequence of mappings
        Rows of `lib.tables.CROPS_COLUMNS`, those of a folder together.
    jobs : int
        Parallel processes.

    Returns
    -------
    list of Path
        The sheets written.
    """
    tasks = [delayed(_row_tile)(Path(source), Path(output), row) for row in rows]
    tiles = Parallel(n_jobs=jobs, return_as="generator")(tasks)
    progress = tqdm(tiles, total=len(rows), desc="sheets", unit="photo", disable=None)
    written = []
    pairs = zip(rows, progress, strict=True)
    for folder, members in groupby(pairs, key=lambda pair: pair[0]["raw_id"]):
        drawn = [tile for _, tile in members]
        for first in range(0, len(drawn), _TILES_A_SHEET):
            number = first // _TILES_A_SHEET + 1
            path = Path(output) / "sheets" / f"{folder}-{number:02d}.png"
            write_png(path, arrange(drawn[first : first + _TILES_A_SHEET]))
            written.append(path)
    return written


def _row_tile(source: Path, output: Path, row: Mapping[str, object]) -> np.ndarray:
    """Draw the tile of one row of crops.csv."""
    name = str(row["photo"])
    try:
        photo = read_image(source / name, name=name)
    except DataError:
        photo = None
    if row["status"] != "ok":
        return draw_tile(photo, None, None, "none", (name, f"{row['status']}: {row['reason']}"))
    x0, y0, x1, y1 = (float(row[key]) for key in ("x0", "y0", "x1", "y1"))
    outline = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]) - 0.5
    crop = read_image(output / str(row["crop"]))
    note = f"{row['axis']}, blue {row['blue_end']}, {float(row['angle_deg']):+.1f} deg"
    return draw_tile(photo, crop, outline, str(row["blue_end"]), (name, note))


def _draw_photo(
    area: np.ndarray, photo: np.ndarray, outline: np.ndarray | None, blue_end: str
) -> None:
    """Fit the photo into `area`, in place, and mark the band."""
    height, width = photo.shape[:2]
    scale = min(area.shape[1] / width, area.shape[0] / height)
    size = (max(1, int(width * scale)), max(1, int(height * scale)))
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(photo, size, interpolation=shrink)
    if outline is not None:
        corners = (np.asarray(outline) + 0.5) * scale - 0.5
        cv2.polylines(small, [np.round(corners).astype(np.int32)], True, _MARK, 1, cv2.LINE_AA)
        _mark_blue_end(small, corners, blue_end)
    area[: size[1], : size[0]] = small


def _mark_blue_end(picture: np.ndarray, corners: np.ndarray, blue_end: str) -> None:
    """Put a blue dot at the blue end of the band, in place."""
    axis, side = {
        "left": (0, np.min),
        "right": (0, np.max),
        "top": (1, np.min),
        "bottom": (1, np.max),
    }.get(blue_end, (None, None))
    if axis is None:
        return
    spot = corners.mean(axis=0)
    spot[axis] = side(corners[:, axis])
    centre = tuple(int(value) for value in np.round(spot))
    cv2.circle(picture, centre, 4, (60, 110, 255), -1, cv2.LINE_AA)
    cv2.circle(picture, centre, 4, _INK, 1, cv2.LINE_AA)


def _write(picture: np.ndarray, text: str, place: tuple[int, int], colour: tuple) -> None:
    """Write one line of text, cut to the tile's width, in place."""
    scale, longest = 0.36, TILE_WIDTH_PX // 6
    text = text.encode("ascii", "replace").decode()
    if len(text) > longest:
        text = text[: longest - 1] + "~"
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)
