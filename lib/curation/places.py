"""Where curation keeps things: siblings of the folder of labelled photos."""

from pathlib import Path

from lib.images.folders import is_image_name
from lib.leftovers import clear_leftovers

LABELS_TABLE = "labels.csv"
REJECTED_TABLE = "rejected.csv"
# What decisions of the review threw out: one row a file. rejected_path is relative to the table,
# labelled_path (where it lay) to the folder of labelled photos.
REJECTED_COLUMNS = ("rejected_path", "labelled_path", "sha256", "reason")


def rejected_folder(labelled: Path) -> Path:
    """Return where rejected photos go: RawData/Image_Rejected for RawData/Image_Labeled."""
    return _sibling(labelled, "Rejected")


def review_folder(labelled: Path) -> Path:
    """Return where review pages, triage and the log of applied decisions lie."""
    return _sibling(labelled, "Review")


def analysis_folder(labelled: Path) -> Path:
    """Return where what was measured of each photo is kept; may be deleted at any time."""
    return _sibling(labelled, "Analysis")


def labelled_files(labelled: Path) -> list[Path]:
    """Return the photos in the folders of `labelled`, sorted."""
    return sorted(
        path
        for path in Path(labelled).glob("*/*")
        if is_image_name(path) and path.parent.name[0] != "." and path.is_file()
    )


def remove_leftovers(labelled: Path) -> None:
    """Remove the half-written files that killed runs have left."""
    siblings = (rejected_folder, review_folder, analysis_folder)
    for folder in (Path(labelled), *(sibling(labelled) for sibling in siblings)):
        for inside in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
            clear_leftovers(inside)


def _sibling(labelled: Path, suffix: str) -> Path:
    labelled = Path(labelled)
    return labelled.with_name(f"{labelled.name.removesuffix('_Labeled')}_{suffix}")
