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
    raw_data: Path, labelled: Path, survey: Survey, *, model: Path, seed: int = 0
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
    """
    folder = review_folder(labelled)
    rows = read_csv(labelled / LABELS_TABLE, LABELS_COLUMNS)
    opinions = form_opinions(survey.photos, survey.groups, survey.store, model, seed=seed)
    write_suspects(folder / SUSPECTS_TABLE, opinions)
    files = triage(rows, opinions, survey.groups)
    write_triage(folder / TRIAGE_TABLE, files)
    notes = _read_notes(raw_data, rows)
    pages = write_pages(opinions, labelled, survey.store, survey.groups, notes)
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
