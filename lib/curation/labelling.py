"""A crawl's photos into one folder per light source, by keyword, without undoing what people did.

The folders of labelled photos are the truth. A photo that a person moved, deleted or rejected is
recognised by its content and left as the person wants it; labels.csv records what became of
every row of every table, and of every file that no row names.
"""

import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from joblib import Parallel, delayed
from tqdm.auto import tqdm

from lib.curation.crawl_tables import TableRow, count_keywords, read_tables
from lib.curation.places import (
    LABELS_TABLE,
    REJECTED_COLUMNS,
    REJECTED_TABLE,
    labelled_files,
    rejected_folder,
)
from lib.errors import DataError
from lib.files import atomic_path, read_csv, sha256, write_csv
from lib.images.folders import is_image_name
from lib.tables import LABELS_COLUMNS

# Statuses of labels.csv.
LABELLED = "labelled"
MOVED = "moved"
REMOVED = "removed"
REJECTED = "rejected"
DUPLICATE = "duplicate"
LEFT_OUT = "left_out"
MISSING = "missing"
ADDED = "added"
# Why a row is left out: the beginning of its reason.
NO_ROW = "no table row names this file"
NO_SUFFIX = "the file name has no image suffix"
NO_SOURCE = "no keyword names a source"
SEVERAL_SOURCES = "keywords name several sources"
SEVERAL_LABELS = "the same image is labelled as"
# The photo of such a row lies, or lay, among the labelled ones.
_ONCE_PLACED = (LABELLED, MOVED, REMOVED)


@dataclass(frozen=True)
class Labelling:
    """What a run of `label_images` found and did.

    Attributes
    ----------
    rows : list of dict
        Rows of `lib.tables.LABELS_COLUMNS`.
    keyword_counts : Counter
        In how many rows the crawler listed each keyword.
    copied : int
        Photos copied by this run.
    """

    rows: list[dict[str, str]]
    keyword_counts: Counter[str]
    copied: int

    @property
    def placed(self) -> bool:
        """Whether any photo lies among the labelled ones."""
        return any(row["status"] in (LABELLED, MOVED, ADDED) for row in self.rows)

    @property
    def duplicate_groups(self) -> list[list[str]]:
        """Image paths of each set of two or more files with the same bytes."""
        groups: dict[str, dict[str, None]] = defaultdict(dict)
        for row in self.rows:
            if row["sha256"]:
                groups[row["sha256"]][row["image_path"]] = None
        return [list(paths) for paths in groups.values() if len(paths) > 1]


@dataclass(frozen=True)
class _Entry:
    """A row on its way into labels.csv."""

    image_path: str
    table: str = ""
    keyword: str = ""
    sha256: str = ""
    raw_id: str = ""
    status: str = ""
    reason: str = ""

    def to_row(self, groups: dict[str, str]) -> dict[str, str]:
        return {**vars(self), "group": groups.get(self.sha256, self.sha256)}


def label_images(raw_data: Path, labelled: Path) -> Labelling:
    """Copy each photo that its table names one source for to `labelled`/<raw id>/.

    Photos with the same bytes are copied once, and not at all if their rows disagree. A photo
    that already lies under `labelled`, in whichever folder, stays as it is; one that an earlier
    run placed and that is gone is not put back. Nothing in `raw_data` is written but labels.csv,
    should it lie there.

    Parameters
    ----------
    raw_data : Path
        Folder with Image/<folder>/ and DataTable/<folder>-<yyyymmddHHMM>.csv.
    labelled : Path
        Receives <raw id>/<photo> and labels.csv.

    Raises
    ------
    DataError
        If tables or images are missing or damaged, or the output cannot be written.
    """
    raw_data, labelled = Path(raw_data), Path(labelled)
    table_rows = read_tables(raw_data / "DataTable")
    hashes = hash_files(_image_files(raw_data), root=raw_data)
    past = _Past.read(labelled)
    entries = [_entry(row, hashes) for row in table_rows]
    named = {row.image_path for row in table_rows}
    entries += [
        _Entry(path, sha256=digest, status=LEFT_OUT, reason=NO_ROW)
        for path, digest in hashes.items()
        if path not in named
    ]
    entries = _settle_all(entries, past)
    copied = _copy_all([entry for entry in entries if not entry.status], raw_data, labelled)
    entries = [replace(entry, status=entry.status or LABELLED) for entry in entries]
    rows = [entry.to_row(past.groups) for entry in entries]
    rows += added_rows(rows, past.hashes, labelled)
    write_csv(labelled / LABELS_TABLE, LABELS_COLUMNS, rows)
    return Labelling(rows, count_keywords(table_rows), copied)


def added_rows(
    rows: Iterable[Mapping[str, str]], hashes: Mapping[str, str], labelled: Path
) -> list[dict[str, str]]:
    """Return rows for the labelled photos that `rows` do not know: people put them there.

    Parameters
    ----------
    rows : iterable of mapping
        Rows of `lib.tables.LABELS_COLUMNS`.
    hashes : mapping of str to str
        "<raw folder>/<name>" to content hash.
    labelled : Path
    """
    known = {row["sha256"] for row in rows}
    return [
        _Entry(
            f"{labelled.name}/{path}",
            sha256=digest,
            raw_id=path.split("/", 1)[0],
            status=ADDED,
            reason="put there by hand",
        ).to_row({})
        for path, digest in hashes.items()
        if digest not in known
    ]


def hash_files(paths: Iterable[Path], *, root: Path) -> dict[str, str]:
    """Return the SHA-256 of each file under its POSIX path below `root`, in order."""
    paths = list(paths)
    # hashlib releases the interpreter lock, so threads read and hash side by side; here, whatever
    # cluster the caller may have chosen for the heavy work.
    digests = Parallel(n_jobs=4, backend="threading", return_as="generator")(
        delayed(sha256)(path) for path in paths
    )
    digests = tqdm(digests, total=len(paths), desc="hashing", unit="file", disable=None)
    return {
        path.relative_to(root).as_posix(): digest
        for path, digest in zip(paths, digests, strict=True)
    }


def _image_files(raw_data: Path) -> list[Path]:
    folder = raw_data / "Image"
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")
    )
    if not files:
        raise DataError(f"{folder}: no image; expected Image/<folder>/<photo> beside DataTable")
    return files


def _entry(row: TableRow, hashes: dict[str, str]) -> _Entry:
    """Return what the table alone says of a row; an empty status is for a photo to be copied."""
    words, sources = row.source_words, row.sources
    entry = _Entry(
        row.image_path,
        row.table,
        keyword=" ".join(words),
        sha256=hashes.get(row.image_path, ""),
        raw_id=str(sources[0].raw_id) if len(sources) == 1 else "",
    )
    if not entry.sha256:
        return replace(entry, status=MISSING, reason="the image file does not exist")
    if not is_image_name(row.image_path):
        return replace(entry, status=LEFT_OUT, reason=NO_SUFFIX)
    if not sources:
        return replace(entry, status=LEFT_OUT, reason=NO_SOURCE)
    if len(sources) > 1:
        names = ", ".join(f"{source.raw_id} ({source.keywords[0]})" for source in sources)
        return replace(entry, status=LEFT_OUT, reason=f"{SEVERAL_SOURCES}: {names}")
    return entry


@dataclass(frozen=True)
class _Past:
    """What earlier runs and people left: where each content lies, and what became of it."""

    hashes: dict[str, str]
    places: dict[str, list[str]]
    edited: dict[str, str]
    rejected: dict[str, str]
    placed: set[str]
    groups: dict[str, str]

    @classmethod
    def read(cls, labelled: Path) -> "_Past":
        table = labelled / LABELS_TABLE
        earlier = read_csv(table, LABELS_COLUMNS) if table.exists() else []
        places: dict[str, list[str]] = defaultdict(list)
        hashes = hash_files(labelled_files(labelled), root=labelled)
        for path, digest in hashes.items():
            places[digest].append(path)
        known = {row["sha256"] for row in earlier if row["status"] != ADDED}
        edited = {
            path.split("/", 1)[1]: path
            for digest, paths in places.items()
            if digest not in known
            for path in paths
        }
        placed = {row["sha256"] for row in earlier if row["status"] in _ONCE_PLACED}
        groups = {row["sha256"]: row["group"] for row in earlier if row["sha256"] and row["group"]}
        return cls(hashes, dict(places), edited, _read_rejected(labelled), placed, groups)

    def apply(self, entry: _Entry) -> _Entry:
        """Return an entry as people and earlier runs left its photo, itself if they never did."""
        places = self.places.get(entry.sha256)
        if places:
            folders = list(dict.fromkeys(place.split("/", 1)[0] for place in places))
            stays = entry.raw_id in folders
            folder = entry.raw_id if stays else folders[0]
            status = LABELLED if stays else MOVED
            reason = "" if stays else "put there by hand"
            if len(places) > 1:
                reason = f"lies in several places: {', '.join(places)}"
            return replace(entry, raw_id=folder, status=status, reason=reason)
        if entry.sha256 in self.rejected:
            return replace(entry, status=REJECTED, reason=self.rejected[entry.sha256])
        if entry.sha256 not in self.placed:
            return entry
        for name in copy_names(entry.image_path):
            if name in self.edited:
                folder = self.edited[name].split("/", 1)[0]
                return replace(entry, raw_id=folder, status=MOVED, reason="changed by hand")
        return replace(entry, status=REMOVED, reason="deleted by hand")


def copy_names(image_path: str) -> tuple[str, str]:
    """Return the name of a photo's copy, and the one it takes where that is in use."""
    _, *folders, name = image_path.split("/")
    return name, "-".join([*folders, name])


def _read_rejected(labelled: Path) -> dict[str, str]:
    table = rejected_folder(labelled) / REJECTED_TABLE
    rows = read_csv(table, REJECTED_COLUMNS) if table.exists() else []
    return {row["sha256"]: row["reason"] for row in rows}


def _settle_all(entries: list[_Entry], past: _Past) -> list[_Entry]:
    """Decide which entries to copy: at most one of each content. Keeps the order."""
    same_bytes: dict[str, list[int]] = defaultdict(list)
    for index, entry in enumerate(entries):
        if entry.status != MISSING:
            same_bytes[entry.sha256].append(index)
    entries = list(entries)
    for indices in same_bytes.values():
        settled = _settle([entries[index] for index in indices], past)
        for index, entry in zip(indices, settled, strict=True):
            entries[index] = entry
    return entries


def _settle(members: list[_Entry], past: _Past) -> list[_Entry]:
    """Settle the entries of one content, of which an empty status marks those to be copied."""
    candidates = [entry for entry in members if not entry.status]
    keeper = (candidates or members)[0]
    kept = past.apply(keeper)
    wanted = sorted({entry.raw_id for entry in candidates}, key=int)
    if kept is keeper and not candidates:
        return members
    if kept is keeper and len(wanted) > 1:
        reason = f"{SEVERAL_LABELS} {', '.join(wanted)}"
        return [
            entry if entry.status else replace(entry, raw_id="", status=LEFT_OUT, reason=reason)
            for entry in members
        ]
    reason = f"same bytes as {keeper.image_path}"
    return [
        kept
        if entry is keeper
        else replace(entry, raw_id=kept.raw_id, status=DUPLICATE, reason=reason)
        for entry in members
    ]


def _copy_all(entries: list[_Entry], raw_data: Path, labelled: Path) -> int:
    # A name in use anywhere is avoided everywhere, so that files can be moved between folders.
    used = {path.name for path in labelled_files(labelled)}
    for entry in tqdm(entries, desc="copying", unit="photo", disable=None):
        plain, unique = copy_names(entry.image_path)
        name = unique if plain in used else plain
        used.add(name)
        with atomic_path(labelled / entry.raw_id / name) as temporary:
            try:
                shutil.copyfile(raw_data / entry.image_path, temporary)
            except FileNotFoundError as error:
                raise DataError(f"{entry.image_path}: vanished while being copied") from error
    return len(entries)
