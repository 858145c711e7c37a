"""How many of a heap of downloads are usable, and why the rest are not: one category per file."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lib.curation import labelling
from lib.curation.analysis import ERROR, NO_BAND
from lib.curation.opinions import Opinion
from lib.curation.suspects import DOUBTFUL
from lib.files import write_csv

TRIAGE_TABLE = "triage.csv"
# One row per file of the heap and per missing file, and one per photo that people added.
TRIAGE_COLUMNS = ("image_path", "category", "detail")

USABLE = "usable"
# In the order in which they are counted out.
CATEGORIES = (
    USABLE,
    "doubtful label",
    "near duplicate",
    "exact duplicate",
    "no spectrum",
    "unreadable",
    "no keyword",
    "several sources",
    "two labels",
    "no table row",
    "no image name",
    "rejected",
    "removed by hand",
    "missing",
)
_OF_STATUS = {
    labelling.DUPLICATE: "exact duplicate",
    labelling.REJECTED: "rejected",
    labelling.REMOVED: "removed by hand",
    labelling.MISSING: "missing",
}
_OF_REASON = {
    labelling.NO_SOURCE: "no keyword",
    labelling.SEVERAL_SOURCES: "several sources",
    labelling.SEVERAL_LABELS: "two labels",
    labelling.NO_ROW: "no table row",
    labelling.NO_SUFFIX: "no image name",
}


def triage(
    label_rows: Iterable[Mapping[str, str]],
    opinions: Sequence[Opinion],
    groups: Mapping[str, str],
) -> list[dict[str, str]]:
    """Give every file of the heap one category.

    Parameters
    ----------
    label_rows : iterable of mapping
        Rows of labels.csv.
    opinions : sequence of Opinion
        Of every labelled photo.
    groups : mapping of str to str
        Content hash to duplicate group. Of each group the least doubtful photo is usable.

    Returns
    -------
    list of dict
        Rows of `TRIAGE_COLUMNS`, in the order of `label_rows`; a file that several rows name
        has one, of the row that was followed.
    """
    of_content = _categories_of_contents(opinions, groups)
    files: dict[str, dict[str, str]] = {}
    for row in label_rows:
        category, detail = _category(row, of_content)
        known = files.get(row["image_path"])
        if known is None or CATEGORIES.index(category) < CATEGORIES.index(known["category"]):
            files[row["image_path"]] = {
                "image_path": row["image_path"],
                "category": category,
                "detail": detail,
            }
    return list(files.values())


def count_categories(rows: Iterable[Mapping[str, str]]) -> dict[str, int]:
    """Return the number of files of each category that occurs."""
    counts = Counter(row["category"] for row in rows)
    return {category: counts[category] for category in CATEGORIES if counts[category]}


def write_triage(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Write triage.csv."""
    write_csv(path, TRIAGE_COLUMNS, rows)


def _categories_of_contents(
    opinions: Sequence[Opinion], groups: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    best: dict[str, Opinion] = {}
    categories = {}
    for opinion in sorted(opinions, key=lambda one: (one.suspicion, one.photo)):
        digest = opinion.sha256
        if opinion.status == ERROR:
            categories[digest] = ("unreadable", opinion.reason)
        elif opinion.status == NO_BAND:
            categories[digest] = ("no spectrum", opinion.reason)
        elif (keeper := best.setdefault(groups.get(digest, digest), opinion)) is not opinion:
            if keeper.sha256 != digest:
                categories[digest] = ("near duplicate", f"of {keeper.photo}")
        elif opinion.suspicion >= DOUBTFUL:
            categories[digest] = ("doubtful label", f"suspicion {opinion.suspicion:.2f}")
        else:
            categories[digest] = (USABLE, "")
    return categories


def _category(row: Mapping[str, str], of_content: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    if row["status"] in _OF_STATUS:
        return _OF_STATUS[row["status"]], row["reason"]
    if row["status"] == labelling.LEFT_OUT:
        reason = row["reason"]
        return next(name for start, name in _OF_REASON.items() if reason.startswith(start)), reason
    # Gone from the folders, or changed there, since labels.csv was written.
    return of_content.get(row["sha256"], ("removed by hand", row["reason"]))
