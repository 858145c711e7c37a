"""Files that are whole or absent: atomic writing, checked CSV reading, hashes."""

import csv
import errno
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from lib.errors import DataError
from lib.leftovers import HALF_WRITTEN, SCRATCH, clear_once, own_prefix
from lib.paths import real_path

# A spreadsheet takes a cell that begins so for a formula; an apostrophe in front makes it text.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_QUOTED_FORMULA = re.compile(r"'+[=+\-@\t\r]")
# Of a line, as csv writes it.
_CSV_END = "\r\n"
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; move it into place on success.

    A killed or failed writer leaves the old file (or none), never half a file. The temporary
    name keeps the suffix of `path`, as writers choose their format by it. A link stays one: what
    it points to is replaced. A pipe or a device, such as /dev/stdout, is written to. A path that
    this function has yielded is yielded as it is. What killed writers have left beside it is
    removed.

    Raises
    ------
    DataError
        If the folder cannot be written or the disk is full.
    """
    path = Path(path)
    if path.name.startswith(HALF_WRITTEN):
        yield path
        return
    temporary = None
    try:
        with write_errors(path):
            if path.exists() and not (path.is_file() or path.is_dir()):
                with tempfile.TemporaryDirectory() as folder:
                    yield (whole := Path(folder) / path.name)
                    with path.open("wb") as stream:
                        stream.write(whole.read_bytes())
                return
            path = real_path(path)
            if path.is_symlink():
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            path.parent.mkdir(parents=True, exist_ok=True)
            clear_once(path.parent)
            handle, name = tempfile.mkstemp(
                prefix=own_prefix(HALF_WRITTEN), suffix=path.suffix, dir=path.parent
            )
            os.close(handle)
            temporary = Path(name)
            yield temporary
            # mkstemp makes owner-only files; give the file the rights that open() would have.
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(path)
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Yield a temporary folder inside `parent`, on the same disk as what is moved out of it.

    Raises
    ------
    DataError
        If `parent` cannot be made or written, or the disk is full.
    """
    with write_errors(parent):
        Path(parent).mkdir(parents=True, exist_ok=True)
        clear_once(Path(parent))
        with tempfile.TemporaryDirectory(prefix=own_prefix(SCRATCH), dir=parent) as name:
            yield Path(name)


@contextmanager
def only_writer(folder: Path, lock: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Let one process at a time write `folder`, by the system's lock on the file `lock`.

    The lock ends with its process, however that ends; the file, which is empty, stays.

    Raises
    ------
    DataError
        If another process holds the lock for longer than `wait_s`, or the disk knows no locks.
    """
    from filelock import FileLock, Timeout

    with write_errors(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
        # Without fallback: a file that is its own lock would outlive a killed process.
        hold = FileLock(lock, fallback_to_soft=False)
        try:
            hold.acquire(timeout=wait_s)
        except Timeout as error:
            raise DataError(
                f"{folder}: another process is writing it; wait for its end, or name another folder"
            ) from error
    try:
        yield
    finally:
        hold.release()


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn what the system says when writing fails into a DataError that names `path`."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DataError(f"{path}: no space left on the disk") from error
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def json_text(value: object, **options: object) -> str:
    """Return `value` as JSON; all that leaves the program as JSON is written here.

    `options` are those of `json.dumps`.

    Raises
    ------
    DataError
        If it holds NaN or Infinity, which JSON has not.
    """
    try:
        return json.dumps(value, allow_nan=False, **options)
    except ValueError as error:
        raise DataError(f"cannot be written as JSON ({error})") from error


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON to `path` atomically."""
    try:
        text = json_text(value, indent=2, ensure_ascii=False)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    write_bytes(path, f"{text}\n".encode())


def read_json(path: Path) -> dict:
    """Read a JSON object from `path`.

    Raises
    ------
    DataError
        If the file is missing or holds no JSON object.
    """
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: not readable as JSON ({error})") from error
    if not isinstance(value, dict):
        raise DataError(f"{path}: expected a JSON object, received {type(value).__name__}")
    return value


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write `rows` under the documented `columns` to `path` atomically; None is an empty field.

    Bytes of a file's name that are no UTF-8 are written as escapes. Text that a spreadsheet would
    take for a formula gets an apostrophe in front, which `read_csv` takes away again.
    """
    with (
        atomic_path(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as stream,
    ):
        writer = csv.DictWriter(_UnixLines(stream), fieldnames=list(columns))
        writer.writeheader()
        writer.writerows({name: _as_text(cell) for name, cell in row.items()} for row in rows)


class _UnixLines:
    """Ends lines with a line feed alone; told so, csv would leave carriage returns unquoted."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, line: str) -> int:
        return self._stream.write(f"{line.removesuffix(_CSV_END)}\n")


def _as_text(cell: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def read_csv(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read the rows of a CSV that must have at least `columns`, all fields as text.

    The apostrophe that `write_csv` puts before what looks like a formula is left out.

    Raises
    ------
    DataError
        If the file is missing, is not UTF-8 text, or lacks a column.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in columns if name not in (reader.fieldnames or [])]
            if missing:
                raise DataError(
                    f"{path}: missing column(s) {', '.join(missing)}; "
                    f"expected {', '.join(columns)}; received {', '.join(reader.fieldnames or [])}"
                )
            return [{name: _as_written(cell) for name, cell in row.items()} for row in reader]
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not readable as CSV ({error})") from error


def _as_written(cell: object) -> object:
    quoted = isinstance(cell, str) and _QUOTED_FORMULA.match(cell)
    return cell[1:] if quoted else cell


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hex digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def require_absent(path: Path, *, overwrite: bool) -> None:
    """Refuse an existing output unless `overwrite` is set.

    Raises
    ------
    DataError
        If `path` exists and may not be overwritten.
    """
    if Path(path).exists() and not overwrite:
        raise DataError(f"{path}: already exists; give --overwrite to replace it")
