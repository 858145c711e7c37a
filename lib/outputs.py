"""What a command writes where its user says: what the files are called, and which it may replace.

A file is replaced only if this program made it and nobody has changed it since. It knows so by the
ledger of the folder, which holds the SHA-256 of each file that was written there. Any other file
is replaced with --overwrite alone.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lib.errors import DataError
from lib.files import atomic_path, sha256
from lib.paths import real_path

LEDGER_NAME = ".made-by-spectrum"
_HEADING = (
    "# SHA-256 of the files that this program has written here. It replaces these alone, "
    "unless --overwrite is given.\n"
)
# Bytes of a photo's name that its outputs take over. File systems allow 255 (encrypted ones fewer),
# and something is appended: _pysa.csv, -2.
_NAME_BYTES, _DIGEST_LETTERS = 120, 8


def require_replaceable(paths: Iterable[Path | None], *, overwrite: bool = False) -> None:
    """Refuse outputs that would replace a file which this program has not made.

    Parameters
    ----------
    paths : iterable of Path or None
        What is going to be written.
    overwrite : bool
        Whether the user allows it.

    Raises
    ------
    DataError
        If there is such a file, the first of them is named; or if two outputs have one place.
    """
    paths = [path for path in paths if path]
    places = Counter(map(real_path, paths))
    for path in paths:
        if places[real_path(path)] > 1:
            raise DataError(f"{path}: two outputs would be written here; expected a place for each")
    if overwrite:
        return
    foreign = [path for path in paths if path.is_file() and not is_own(path)]
    if foreign:
        others = f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else ""
        raise DataError(
            f"{foreign[0]}{others}: exists already, and is not as this program made it; "
            "expected another place, or --overwrite to replace it"
        )


@contextmanager
def own_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path as `lib.files.atomic_path` does, and enter the file in the ledger.

    Raises
    ------
    DataError
        As of `atomic_path`.
    """
    with atomic_path(path) as temporary:
        yield temporary
        folder = real_path(path).parent
        # A pipe or a device is filled from elsewhere, and is nobody's file.
        if temporary.parent == folder:
            _enter(folder / LEDGER_NAME, sha256(temporary))


def is_own(path: Path) -> bool:
    """Return whether a file is as this program wrote it into this folder."""
    path = real_path(path)
    entries = _entries(path.with_name(LEDGER_NAME))
    try:
        return bool(entries) and sha256(path).encode() in entries
    except OSError:
        return False


def _entries(ledger: Path) -> bytes:
    try:
        return ledger.read_bytes()
    except OSError:
        return b""


def _enter(ledger: Path, digest: str) -> None:
    """Append a line to a ledger, unless it is there; before the file itself takes its place."""
    entries = _entries(ledger)
    if digest.encode() not in entries:
        with ledger.open("ab") as stream:
            stream.write(f"{'' if entries else _HEADING}{digest}\n".encode())


def output_names(
    photos: Sequence[Path], *, taken: Iterable[str] = (), endings: Sequence[str] = ("",)
) -> list[str]:
    """Return what the outputs of each photo are called: its stem, shortened, numbered if taken.

    Parameters
    ----------
    photos : sequence of Path
    taken : iterable of str
        Names of other files.
    endings : sequence of str
        What is appended to a name; no name with any of them is that of another.
    """
    # On some systems large and small letters make no difference.
    used, names = {name.casefold() for name in taken}, []
    for photo in photos:
        stem = short_name(photo.stem)
        name, number = stem, 1
        while not used.isdisjoint(own := {f"{name}{end}".casefold() for end in endings}):
            number += 1
            name = f"{stem}-{number}"
        used |= own
        names.append(name)
    return names


def short_name(name: str, most_bytes: int = _NAME_BYTES) -> str:
    """Return a file's name, its end replaced by a hash of the whole if it is too long."""
    whole = os.fsencode(name)
    if len(whole) <= most_bytes:
        return name
    digest = hashlib.sha256(whole).hexdigest()[:_DIGEST_LETTERS]
    kept = whole[: most_bytes - len(digest) - 1].decode("utf-8", "ignore")
    return f"{kept}-{digest}"
