"""The labelled photos as they lie: their contents, their analyses, their duplicate groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lib.curation.analysis import AnalysisStore, analyse_all
from lib.curation.duplicates import near_duplicates
from lib.curation.labelling import added_rows, hash_files
from lib.curation.places import LABELS_TABLE, analysis_folder, labelled_files
from lib.errors import DataError
from lib.files import read_csv, write_csv
from lib.tables import LABELS_COLUMNS


@dataclass(frozen=True)
class Survey:
    """What lies in the folders of labelled photos.

    Attributes
    ----------
    photos : dict of str to str
        "<raw folder>/<name>" to content hash.
    groups : dict of str to str
        Content hash to duplicate group, for every photo.
    near_groups : list of list of str
        Contents that are copies of one another, two or more.
    store : AnalysisStore
        Holds the analysis of every photo.
    analysed : int
        Photos that this run had to analyse.
    """

    photos: dict[str, str]
    groups: dict[str, str]
    near_groups: list[list[str]]
    store: AnalysisStore
    analysed: int


def survey_photos(labelled: Path, *, jobs: int = 1, cluster: str | None = None) -> Survey:
    """Analyse the labelled photos, group near duplicates, and write the groups to labels.csv.

    A group is named by the least of its members' hashes, so that a photo without duplicates
    carries its own, and names do not depend on where photos lie. `jobs` and `cluster` are those of
    `lib.parallel.map_in_order`.

    Raises
    ------
    DataError
        If there is no photo, or labels.csv is damaged.
    """
    labelled = Path(labelled)
    files = labelled_files(labelled)
    if not files:
        raise DataError(f"{labelled}: no photo in any of its folders; expected <raw id>/<photo>")
    photos = hash_files(files, root=labelled)
    store = AnalysisStore(analysis_folder(labelled))
    contents = {digest: labelled / photo for photo, digest in photos.items()}
    analysed = analyse_all(contents, store, jobs=jobs, cluster=cluster)
    near_groups = near_duplicates(contents, store, jobs=jobs, cluster=cluster)
    groups = {digest: digest for digest in contents}
    groups |= {digest: members[0] for members in near_groups for digest in members}
    write_groups(labelled, photos, groups)
    return Survey(photos, groups, near_groups, store, analysed)


def write_groups(labelled: Path, photos: Mapping[str, str], groups: Mapping[str, str]) -> None:
    """Write the duplicate groups into labels.csv, with a row for each photo that it lacks."""
    table = labelled / LABELS_TABLE
    rows = read_csv(table, LABELS_COLUMNS) if table.exists() else []
    rows += added_rows(rows, photos, labelled)
    rows = [{**row, "group": groups.get(row["sha256"], row["sha256"])} for row in rows]
    write_csv(table, LABELS_COLUMNS, rows)
