"""Which files of a folder are pictures, and which of them photos."""

import glob
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from lib.errors import DataError
from lib.outputs import is_own

log = logging.getLogger(__name__)

_FITS_SUFFIXES = ("fits", "fit", "fts", "fits.fz", "fits.gz", "fit.gz", "fts.gz")
IMAGE_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "tif", "tiff", "bmp", "dib"),
        *("webp", "avif", "heic", "heif", "hif", "gif", *_FITS_SUFFIXES),
    )
)


def is_image_name(path: Path | str) -> bool:
    """Return whether `path` ends in one of `IMAGE_SUFFIXES` and the file is not hidden."""
    name = Path(path).name
    return name.lower().endswith(tuple(IMAGE_SUFFIXES)) and not name.startswith(".")


def list_images(folder: Path, *, recursive: bool = False) -> list[Path]:
    """Return the image files of `folder` by suffix, sorted by path.

    Raises
    ------
    DataError
        If `folder` is no folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; expected a folder of images")
    found = folder.rglob("*") if recursive else folder.iterdir()
    return sorted(path for path in found if is_image_name(path) and path.is_file())


def list_photos(folder: Path) -> list[Path]:
    """Return the images of a folder and its folders, less what this program has drawn.

    What is left out is logged.

    Raises
    ------
    DataError
        If `folder` is no folder.
    """
    found = list_images(folder, recursive=True)
    drawn = [path for path in found if is_own(path)]
    if drawn:
        left_out = "1 picture" if len(drawn) == 1 else f"{len(drawn)} pictures"
        log.warning(
            "%s: skipped %s that this program has drawn (%s)",
            folder,
            left_out,
            f"{drawn[0]}{', ...' if len(drawn) > 1 else ''}",
        )
    return sorted(set(found) - set(drawn))


def photos_among(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """Return the photos that paths stand for, in order, and what people call them.

    A folder stands for the photos in it. One folder's photos are called by their path inside it,
    those of several folders by their path inside the folder that holds all of these. A pattern
    (`lamps/*.jpg`) stands for what it matches, as not every shell expands one. A file that exists
    is itself, whatever its name.

    Raises
    ------
    DataError
        If a folder holds no photo, or a pattern matches nothing.
    """
    photos, folders = [], []
    for path in _expanded(paths):
        # Of any path, also of one too long for a name.
        if not os.path.isdir(path):  # noqa: PTH112
            photos.append(path)
            continue
        found = list_photos(path)
        if not found:
            raise DataError(f"{path}: no image files; expected a photo or a folder of photos")
        photos += found
        folders.append(path)
    if len(folders) == 1:
        above = folders[0]
    else:
        above = Path(os.path.commonpath(folders)) if _have_one_root(folders) else Path()
    inside = all(photo.is_relative_to(above) for photo in photos)
    return photos, [(photo.relative_to(above) if inside else photo).as_posix() for photo in photos]


def _have_one_root(folders: Sequence[Path]) -> bool:
    """Return whether there is a folder that holds all of these, which may be on several drives."""
    return len({(path.is_absolute(), path.drive) for path in folders}) == 1


def _expanded(paths: Sequence[Path]) -> list[Path]:
    """Return paths with what each pattern among them matches in its place."""
    found = []
    for path in paths:
        text = str(path)
        if not glob.has_magic(text) or os.path.lexists(text):
            found.append(path)
            continue
        matches = sorted(map(Path, glob.glob(text, recursive=True)))  # noqa: PTH207
        if not matches:
            raise DataError(f"{path}: no file matches this pattern")
        found += matches
    return found
