"""Which files of a folder are pictures."""

from pathlib import Path

from lib.errors import DataError
from lib.images.fits import FITS_SUFFIXES

IMAGE_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "tif", "tiff", "bmp", "dib"),
        *("webp", "avif", "heic", "heif", "hif", "gif", *FITS_SUFFIXES),
    )
)


def is_image_name(path: Path | str) -> bool:
    """Return whether the suffix of `path` is one of `IMAGE_SUFFIXES` and the file is not hidden."""
    path = Path(path)
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


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
