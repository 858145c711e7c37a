"""Known points of an axis, px=nm: from the command line, or from a file of two columns."""

import re
from pathlib import Path

from lib.errors import DataError

_SEPARATORS = re.compile(r"[\s,;=]+")


def read_points(text: str) -> tuple[tuple[float, float], ...]:
    """Return points (px, nm) given as "31=388.9,616=632.8", or as a file's name.

    A file has two columns, pixel and nm, parted by spaces, tabs, commas or semicolons; a line that
    begins with no number is a heading or a remark.

    Raises
    ------
    DataError
        If it is neither.
    """
    if "=" in text and not _is_there(text):
        return points_in(text, "--points")
    path = Path(text)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise DataError(
            f"{text}: no such file; points can also be given as 31=388.9,616=632.8"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{text}: not readable as text ({error})") from error
    points = []
    for number, line in enumerate(lines, 1):
        fields = [field for field in _SEPARATORS.split(line.strip()) if field]
        if fields and re.match(r"[-+.\d]", fields[0]):
            points.append(_point(fields, f"{text}, line {number}"))
    if not points:
        raise DataError(f"{text}: no points; expected lines of two numbers, pixel and nm")
    return tuple(points)


def points_in(text: str, place: str = "points") -> tuple[tuple[float, float], ...]:
    """Return points (px, nm) written as "31=388.9,616=632.8", never a file's.

    Parameters
    ----------
    text : str
    place : str
        What an error calls them.

    Raises
    ------
    DataError
        If they are not pairs of numbers.
    """
    parts = [part for part in text.split(",") if part.strip()]
    return tuple(_point(part.split("="), f"{place} {part}") for part in parts)


def _is_there(text: str) -> bool:
    """Return whether a text is the name of a file; many points are longer than any name."""
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def _point(fields: list[str], place: str) -> tuple[float, float]:
    try:
        px, nm = (float(field) for field in fields)
    except ValueError as error:
        raise DataError(f"{place}: expected two numbers, pixel and nm") from error
    return px, nm
