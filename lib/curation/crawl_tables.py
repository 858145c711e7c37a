"""The tables that SpectralWorkbenchCrawler leaves, read as they are and never written."""

import ast
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lib.errors import DataError
from lib.files import read_csv
from lib.tables import TABLE_COLUMNS
from lib.taxonomy import RawSource, sources_of_words

_TABLE_NAME = re.compile(r"(?P<folder>.+)-\d{12}\.csv")
_TABLE_NAME_FORM = "<folder>-<yyyymmddHHMM>.csv"


@dataclass(frozen=True)
class TableRow:
    """One downloaded photo as its table describes it.

    Attributes
    ----------
    table : str
        File name of the table.
    image_path : str
        POSIX path under RawData, "Image/<folder>/<name>", whether or not the file exists.
    title : str
    keywords : tuple of str
        The crawler's list: words of the title that its filter knows.
    """

    table: str
    image_path: str
    title: str
    keywords: tuple[str, ...]

    @property
    def source_words(self) -> tuple[str, ...]:
        """Words of keyword list and title that name a source, each once, in order.

        The title counts too because the crawler misses words beside punctuation ("CFL, warm").
        Words with digits do not ("H2O" is no hydrogen lamp).
        """
        words = re.findall(r"[a-z0-9]+", " ".join([*self.keywords, self.title]).lower())
        return tuple(
            word for word in dict.fromkeys(words) if word.isalpha() and sources_of_words([word])
        )

    @property
    def sources(self) -> tuple[RawSource, ...]:
        """The raw sources that the row names: one if it can be labelled."""
        return sources_of_words(self.source_words)


def read_tables(folder: Path) -> list[TableRow]:
    """Read every table of `folder`, in order of file name.

    Raises
    ------
    DataError
        If there is no table, a name is not of the crawler's form, a column is missing, or a row
        is damaged.
    """
    folder = Path(folder)
    paths = sorted(path for path in folder.glob("*.csv") if not path.name.startswith("."))
    if not paths:
        raise DataError(f"{folder}: no table; expected {_TABLE_NAME_FORM} files")
    return [row for path in paths for row in read_table(path)]


def read_table(path: Path) -> list[TableRow]:
    """Read one table; see `read_tables`."""
    path = Path(path)
    named = _TABLE_NAME.fullmatch(path.name)
    if named is None:
        raise DataError(f"{path}: not a table's name; expected {_TABLE_NAME_FORM}")
    rows = read_csv(path, TABLE_COLUMNS)
    return [
        TableRow(
            table=path.name,
            image_path=_image_path(named["folder"], row["ImageName"], f"{path}: row {number}"),
            title=row["Title"] or "",
            keywords=_parse_keywords(row["keyword"], f"{path}: row {number}"),
        )
        for number, row in enumerate(rows, start=1)
    ]


def count_keywords(rows: list[TableRow]) -> Counter[str]:
    """Count in how many rows the crawler listed each keyword."""
    return Counter(word for row in rows for word in row.keywords)


def _image_path(folder: str, name: str | None, where: str) -> str:
    """Return the image's path under RawData; a table must not lead out of its own folder."""
    name = name or ""
    if not name or name != PurePosixPath(name).name or "\\" in name or "\0" in name:
        raise DataError(f"{where}: ImageName {name!r}; expected a plain file name")
    return f"Image/{folder}/{name}"


def _parse_keywords(text: str | None, where: str) -> tuple[str, ...]:
    """Parse a Python-style list in a string, as "['cfl', 'lamp']"; empty is no keyword."""
    text = (text or "").strip()
    if not text:
        return ()
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise DataError(f"{where}: keyword {text[:60]!r}; expected a list as ['cfl']") from error
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise DataError(f"{where}: keyword {text[:60]!r}; expected a list of words")
    return tuple(word.strip().lower() for word in value)
