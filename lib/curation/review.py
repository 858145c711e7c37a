"""The review of the labelled photos: opinions on every label, pages to look through, a triage."""

from dataclasses import dataclass
from pathlib import Path

from lib.curation.crawl_tables import read_tables
from lib.curation.opinions import SUSPECTS_TABLE, Opinion, form_opinions, write_suspects
from lib.curation.pages import PhotoNotes, write_pages
from lib.curation.places import LABELS_TABLE, review_folder
from lib.curation.survey import Survey
from lib.curation.triage import TRIAGE_TABLE, count_categories, triage, write_triage
from lib.files import read_csv
from lib.outputs import own_path, require_replaceable
from lib.tables import LABELS_COLUMNS


@dataclass(frozen=True)
class Review:
    """What a review wrote.

    Attributes
    ----------
    pages : list of Path
    opinions : list of Opinion
        The most doubtful labels first.
    counts : dict of str to int
        Files of the heap by category of the triage.
    """

    pages: list[Path]
    opinions: list[Opinion]
    counts: dict[str, int]


def write_review(
    raw_data: Path,
    labelled: Path,
    survey: Survey,
    *,
    model: Path,
    seed: int = 0,
    overwrite: bool = False,
) -> Review:
    """Write the review pages, suspects.csv and triage.csv beside the labelled photos.

    Parameters
    ----------
    raw_data : Path
        Its tables, if it has any, give the photos their titles.
    labelled : Path
    survey : Survey
        Of `labelled`.
    model : Path
        Folder of the frozen model.
    seed : int
        Of the folds in which the labels judge one another.
    overwrite : bool
        As of `lib.outputs.require_replaceable`.

    Raises
    ------
    DataError
        If a file would replace what this program has not made.
    """
    folder = review_folder(labelled)
    tables = (folder / SUSPECTS_TABLE, folder / TRIAGE_TABLE)
    require_replaceable(tables, overwrite=overwrite)
    rows = read_csv(labelled / LABELS_TABLE, LABELS_COLUMNS)
    opinions = form_opinions(survey.photos, survey.groups, survey.store, model, seed=seed)
    notes = _read_notes(raw_data, rows)
    pages = write_pages(opinions, labelled, survey.store, survey.groups, notes, overwrite=overwrite)
    files = triage(rows, opinions, survey.groups)
    for path, write, content in zip(
        tables, (write_suspects, write_triage), (opinions, files), strict=True
    ):
        with own_path(path) as temporary:
            write(temporary, content)
    return Review(pages, opinions, count_categories(files))


def _read_notes(raw_data: Path, rows: list[dict[str, str]]) -> dict[str, PhotoNotes]:
    """Return title and keywords of each content; of duplicates those of the row that counted."""
    folder = raw_data / "DataTable"
    table_rows = read_tables(folder) if folder.is_dir() else []
    titles = {row.image_path: row for row in reversed(table_rows)}
    notes: dict[str, PhotoNotes] = {}
    for row in sorted(rows, key=lambda row: row["status"] == "duplicate"):
        listed = titles.get(row["image_path"])
        if listed is not None and row["sha256"]:
            keywords = ", ".join(listed.keywords)
            notes.setdefault(row["sha256"], PhotoNotes(listed.title, keywords))
    return notes
