"""Contact sheets: photo, found band and crop side by side, so that a person can check them."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import groupby, islice
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from tqdm.auto import tqdm

from lib.errors import DataError
from lib.images.png import write_png
from lib.images.reading import read_image
from lib.outputs import own_path, require_replaceable
from lib.parallel import map_in_order
from lib.plots.fonts import drawable, runs

TILE_WIDTH_PX = 320
_PHOTO_HEIGHT_PX = 240
_CROP_HEIGHT_PX = 30
_TEXT_PX = 12
_LINE_HEIGHT_PX = 16
_MARGIN_PX = 4
_GAP_PX = 8
_COLUMNS = 4
_TILES_A_SHEET = 32

# What lies between the tiles is paper, so that tiles of different heights leave no holes.
_PAPER = (255, 255, 255)
_INK = (30, 30, 30)
_QUIET_INK = (95, 95, 95)
_MARK = (255, 220, 0)
_REFUSED = (190, 40, 20)


def draw_tile(
    photo: np.ndarray | None,
    crop: np.ndarray | None,
    outline: np.ndarray | None,
    blue_end: str,
    caption: Sequence[str],
) -> np.ndarray:
    """Draw one photo with its band outlined, the crop below it and its caption.

    Parameters
    ----------
    photo : uint8 array of shape (h, w, 3), or None where it is not readable
    crop : uint8 array of shape (15, 480, 3), or None where no band was found
    outline : float array of shape (n, 2), or None
        Corners x, y of the band in photo pixels.
    blue_end : str
        End of the band to mark with a blue dot: "left", "right", "top", "bottom" or "none".
    caption : sequence of str
        The photo's name, then the verdict and remarks; each is wrapped and shown whole.

    Returns
    -------
    uint8 array of shape (tile height, TILE_WIDTH_PX, 3)
        As high as its parts need.
    """
    parts = []
    if photo is not None:
        parts.append(_fitted_photo(photo, outline, blue_end))
    if crop is not None:
        size = (TILE_WIDTH_PX, _CROP_HEIGHT_PX)
        parts.append(cv2.resize(crop, size, interpolation=cv2.INTER_AREA))
    parts.append(_caption(caption, refused=crop is None))
    gap = np.full((_MARGIN_PX, TILE_WIDTH_PX, 3), _PAPER, np.uint8)
    return np.vstack([piece for part in parts for piece in (part, gap)])


def arrange(tiles: Sequence[np.ndarray], columns: int = _COLUMNS) -> np.ndarray:
    """Arrange tiles of one width in rows, each as high as its highest; uint8 (h, w, 3)."""
    width = tiles[0].shape[1]
    columns = min(columns, len(tiles))
    rows = [tiles[first : first + columns] for first in range(0, len(tiles), columns)]
    heights = [max(tile.shape[0] for tile in row) for row in rows]
    size = (sum(heights) + (len(rows) + 1) * _GAP_PX, columns * (width + _GAP_PX) + _GAP_PX, 3)
    sheet = np.full(size, _PAPER, np.uint8)
    y = _GAP_PX
    for row, height in zip(rows, heights, strict=True):
        for number, tile in enumerate(row):
            x = _GAP_PX + number * (width + _GAP_PX)
            sheet[y : y + tile.shape[0], x : x + width] = tile
        y += height + _GAP_PX
    return sheet


def draw_sheets(
    source: Path,
    output: Path,
    rows: Sequence[Mapping[str, object]],
    *,
    jobs: int = 1,
    overwrite: bool = False,
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
    overwrite : bool
        As of `lib.outputs.require_replaceable`.

    Returns
    -------
    list of Path
        The sheets written.

    Raises
    ------
    DataError
        If a sheet would replace what this program has not made.
    """
    pages = list(_pages(Path(output) / "sheets", rows))
    require_replaceable((path for path, _ in pages), overwrite=overwrite)
    drawn = map_in_order(partial(_row_tile, Path(source), Path(output)), rows, jobs=jobs)
    tiles = iter(tqdm(drawn, total=len(rows), desc="sheets", unit="photo", disable=None))
    for path, count in pages:
        sheet = arrange(list(islice(tiles, count)))
        with own_path(path) as temporary:
            write_png(temporary, sheet)
    tiles.close()
    return [path for path, _ in pages]


def _pages(folder: Path, rows: Sequence[Mapping[str, object]]) -> Iterator[tuple[Path, int]]:
    """Yield the path of each sheet and how many of the rows it shows, in order."""
    for raw_id, members in groupby(rows, key=lambda row: row["raw_id"]):
        count = len(list(members))
        for number, first in enumerate(range(0, count, _TILES_A_SHEET), start=1):
            yield folder / f"{raw_id}-{number:02d}.png", min(_TILES_A_SHEET, count - first)


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


def _fitted_photo(photo: np.ndarray, outline: np.ndarray | None, blue_end: str) -> np.ndarray:
    """Return the photo at the tile's width, or at full height in its middle, the band marked."""
    height, width = photo.shape[:2]
    scale = min(_PHOTO_HEIGHT_PX / height, TILE_WIDTH_PX / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(photo, size, interpolation=shrink)
    if outline is not None:
        corners = (np.asarray(outline) + 0.5) * scale - 0.5
        cv2.polylines(small, [np.round(corners).astype(np.int32)], True, _MARK, 1, cv2.LINE_AA)
        _mark_blue_end(small, corners, blue_end)
    area = np.full((size[1], TILE_WIDTH_PX, 3), _PAPER, np.uint8)
    left = (TILE_WIDTH_PX - size[0]) // 2
    area[:, left : left + size[0]] = small
    return area


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
    cv2.circle(picture, centre, 4, _PAPER, 1, cv2.LINE_AA)


def _caption(caption: Sequence[str], *, refused: bool) -> np.ndarray:
    """Return the caption as a picture: the photo's name, then the words on it."""
    lines = [(line, index) for index, text in enumerate(caption) for line in _wrapped(text)]
    picture = Image.new("RGB", (TILE_WIDTH_PX, _LINE_HEIGHT_PX * len(lines)), _PAPER)
    pen = ImageDraw.Draw(picture)
    for number, (line, index) in enumerate(lines):
        colour = _INK if index == 0 else _REFUSED if refused else _QUIET_INK
        x, baseline = float(_MARGIN_PX), number * _LINE_HEIGHT_PX + _TEXT_PX
        for piece, file in runs(line):
            pen.text((x, baseline), piece, fill=colour, font=_font(file), anchor="ls")
            x += _font(file).getlength(piece)
    return np.asarray(picture)


@cache
def _font(file: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, _TEXT_PX)


def _length(text: str) -> float:
    """Return the length of a text as it is drawn, pixels."""
    return sum(_font(file).getlength(piece) for piece, file in runs(text))


def _wrapped(text: str) -> list[str]:
    """Return the lines of a text at the tile's width, broken at spaces, and inside long words."""
    text = drawable(text.replace("\n", " "))
    lines, room = [], TILE_WIDTH_PX - 2 * _MARGIN_PX
    while text:
        end = len(text)
        while _length(text[:end]) > room:
            end -= 1
        if end < len(text):
            end = text.rfind(" ", 1, end + 1) if " " in text[1 : end + 1] else end
        lines.append(text[:end])
        text = text[end:].lstrip(" ")
    return lines
