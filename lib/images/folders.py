"""Which files of a folder are pictures, and which of them photos."""

import logging
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
