"""What a killed writer leaves behind: known by its name, removed once nobody can be writing it."""

import hashlib
import os
import platform
import re
import shutil
import time
from functools import cache
from pathlib import Path

# The names of files, and of folders, that are being written begin so, and no others do.
HALF_WRITTEN, SCRATCH = ".half-written-", ".scratch-"
# The machine and the process that write it, then what tempfile adds; older versions left out the
# first two.
_NAME = re.compile(
    rf"({re.escape(HALF_WRITTEN)}|{re.escape(SCRATCH)})"
    r"((?P<machine>[0-9a-f]{8})-(?P<process>\d+)-)?[a-z0-9_]{8}(\.\w+)?"
)
# Of a process that cannot be asked, on another machine of a shared disk, say: no file is written
# for longer.
_ABANDONED_S = 24 * 3600.0


def own_prefix(kind: str) -> str:
    """Return how the name of a file begins that this process is writing.

    `kind` is HALF_WRITTEN or SCRATCH.
    """
    return f"{kind}{_machine()}-{os.getpid()}-"


@cache
def clear_once(folder: Path) -> None:
    """Call `clear_leftovers` for a folder, the first time that this process asks for it."""
    clear_leftovers(folder)


def clear_leftovers(folder: Path) -> None:
    """Remove from a folder what killed processes have left half written, and no running one's."""
    try:
        found = [Path(entry.path) for entry in os.scandir(folder) if entry.name[0] == "."]
    except OSError:
        return
    for path in found:
        named = _NAME.fullmatch(path.name)
        if named and _is_abandoned(path, named):
            _remove(path)


def _is_abandoned(path: Path, named: re.Match) -> bool:
    # Windows has no harmless way to ask for a process by its number.
    if named["machine"] == _machine() and os.name == "posix":
        return not _is_running(int(named["process"]))
    try:
        return time.time() - path.lstat().st_mtime > _ABANDONED_S
    except OSError:
        return False


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _remove(path: Path) -> None:
    """Remove a file or a folder, as far as its rights allow: another run may be at it as well."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


@cache
def _machine() -> str:
    """Return this machine, and on Linux the space in which its processes have their numbers."""
    numbers = Path("/proc/self/ns/pid")
    space = numbers.stat().st_ino if numbers.exists() else 0
    return hashlib.sha256(f"{platform.node()} {space}".encode()).hexdigest()[:8]
