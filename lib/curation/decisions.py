"""What a reviewer decided, carried out on the folders of labelled photos, and taken back.

Each applied file of decisions becomes a log of moves, written before the first file moves; its
name says how far it is: `.applying`, nothing, or `.undoing`. A killed run is finished by the
next, whichever command that is. Files are only ever moved.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lib.curation.places import (
    REJECTED_COLUMNS,
    REJECTED_TABLE,
    rejected_folder,
    remove_leftovers,
    review_folder,
)
from lib.errors import DataError
from lib.files import read_csv, sha256, write_csv
from lib.taxonomy import RAW_SOURCES

ACCEPT, MOVE, REJECT = "accept", "move", "reject"
# As the review page saves them. photo: relative to the labelled folder. raw_id: of a move.
# reason: of a rejection, and the name of its folder.
DECISION_COLUMNS = ("photo", "sha256", "decision", "raw_id", "reason")
REJECT_REASONS = ("no_spectrum", "unreadable", "duplicate", "wrong_label", "poor_quality", "other")

_LOG_COLUMNS = ("decision", "source", "target", "sha256", "reason")
_LOG_NAME = re.compile(r"(?P<number>\d{4})-(?P<digest>[0-9a-f]{12})(?P<state>\.\w+)?\.csv")
_APPLYING, _UNDOING = ".applying", ".undoing"


@dataclass(frozen=True)
class Applied:
    """What `apply_decisions` or `undo_decisions` did.

    Attributes
    ----------
    moves : list of dict
        Rows with decision, source, target, sha256 and reason; paths from the folder that holds
        the labelled one. Source and target of an accepted photo are the same.
    skipped : list of str
        Photos that no longer lie where the page saw them, or are no longer what it saw; of an
        undo, those that are gone or whose old place is taken.
    """

    moves: list[dict[str, str]]
    skipped: list[str]


def apply_decisions(decisions: Path, labelled: Path) -> Applied:
    """Carry out a file of decisions.

    A photo that was moved, changed or deleted since the page was made is skipped. The same file
    of decisions is carried out once.

    Parameters
    ----------
    decisions : Path
        CSV of `DECISION_COLUMNS`.
    labelled : Path
        Folder of the labelled photos.

    Raises
    ------
    DataError
        If the file is not of this form, or was applied before; nothing has moved then.
    """
    labelled = Path(labelled)
    rows = _read_decisions(decisions)
    digest = sha256(decisions)[:12]
    recover(labelled)
    logs = _logs(labelled)
    if any(_LOG_NAME.fullmatch(log.name)["digest"] == digest for log in logs):
        raise DataError(f"{decisions}: these decisions are applied already; undo takes them back")
    moves, skipped = _plan(rows, labelled)
    number = 1 + max((int(log.name[:4]) for log in logs), default=0)
    log = _log_folder(labelled) / f"{number:04}-{digest}{_APPLYING}.csv"
    write_csv(log, _LOG_COLUMNS, moves)
    recover(labelled)
    return Applied(moves, skipped)


def undo_decisions(labelled: Path) -> Applied:
    """Take back the decisions that were applied last; the moves are those back.

    Raises
    ------
    DataError
        If none are applied.
    """
    labelled = Path(labelled)
    recover(labelled)
    logs = _logs(labelled)
    if not logs:
        raise DataError(f"{_log_folder(labelled)}: no applied decisions to undo")
    moves = read_csv(logs[-1], _LOG_COLUMNS)
    logs[-1].rename(logs[-1].with_suffix(f"{_UNDOING}.csv"))
    skipped = recover(labelled)
    back = [
        {**row, "source": row["target"], "target": row["source"]}
        for row in moves
        if row["target"] not in skipped
    ]
    return Applied(back, skipped)


def recover(labelled: Path) -> list[str]:
    """Finish what a killed run left half done; return the files that could not be put back."""
    remove_leftovers(labelled)
    left: list[str] = []
    for log in _logs(labelled):
        state = _LOG_NAME.fullmatch(log.name)["state"]
        moves = read_csv(log, _LOG_COLUMNS)
        if state == _APPLYING:
            _carry_out(((row["source"], row["target"]) for row in moves), labelled.parent)
            _write_rejected(labelled)
            log.rename(log.with_name(log.name.replace(_APPLYING, "")))
        elif state == _UNDOING:
            back = ((row["target"], row["source"]) for row in reversed(moves))
            left += _carry_out(back, labelled.parent)
            _write_rejected(labelled)
            _remove_empty({(labelled.parent / row["target"]).parent for row in moves})
            log.unlink()
    return left


def decided(labelled: Path) -> dict[str, str]:
    """Return the last applied decision ("accept", "move") on each content, by SHA-256."""
    return {
        row["sha256"]: row["decision"]
        for log in _logs(labelled)
        for row in read_csv(log, _LOG_COLUMNS)
        if row["decision"] != REJECT
    }


def _read_decisions(path: Path) -> list[dict[str, str]]:
    rows = read_csv(path, DECISION_COLUMNS)
    raw_ids = {str(source.raw_id) for source in RAW_SOURCES}
    seen: set[str] = set()
    for number, row in enumerate(rows, start=1):
        where = f"{path}: row {number}"
        if row["decision"] not in (ACCEPT, MOVE, REJECT):
            raise DataError(f"{where}: decision {row['decision']!r}; expected accept, move, reject")
        if row["decision"] == MOVE and row["raw_id"] not in raw_ids:
            raise DataError(f"{where}: raw_id {row['raw_id']!r}; expected 0 to {len(raw_ids) - 1}")
        if row["decision"] == REJECT and row["reason"] not in REJECT_REASONS:
            raise DataError(
                f"{where}: reason {row['reason']!r}; expected {', '.join(REJECT_REASONS)}"
            )
        parts = re.fullmatch(r"([^/\\\0]+)/([^/\\\0]+)", row["photo"] or "")
        if not parts or ".." in parts.groups():
            raise DataError(f"{where}: photo {row['photo']!r}; expected <folder>/<name>")
        if row["photo"] in seen:
            raise DataError(f"{where}: photo {row['photo']!r} is decided twice")
        seen.add(row["photo"])
    return rows


def _plan(rows: Iterable[dict[str, str]], labelled: Path) -> tuple[list[dict], list[str]]:
    """Return the moves for `rows`, each to a free name, and the photos to be skipped."""
    root, rejected = labelled.parent, rejected_folder(labelled)
    moves, skipped = [], []
    taken: set[Path] = set()
    for row in rows:
        photo = labelled / row["photo"]
        if not photo.is_file() or sha256(photo) != row["sha256"]:
            skipped.append(row["photo"])
            continue
        target = {
            ACCEPT: photo,
            MOVE: labelled / row["raw_id"] / photo.name,
            REJECT: rejected / row["reason"] / photo.name,
        }[row["decision"]]
        if target != photo and (target.exists() or target in taken):
            target = target.with_stem(f"{target.stem}-{row['sha256'][:12]}")
        taken.add(target)
        moves.append(
            {
                "decision": row["decision"],
                "source": photo.relative_to(root).as_posix(),
                "target": target.relative_to(root).as_posix(),
                "sha256": row["sha256"],
                "reason": row["reason"] if row["decision"] == REJECT else "",
            }
        )
    return moves, skipped


def _carry_out(moves: Iterable[tuple[str, str]], root: Path) -> list[str]:
    """Move what still lies at its source and has a free target; return what has neither."""
    left = []
    for source, target in moves:
        old, new = root / source, root / target
        if source == target or (new.exists() and not old.exists()):
            continue
        if not old.exists() or new.exists():
            left.append(source)
            continue
        try:
            new.parent.mkdir(parents=True, exist_ok=True)
            old.rename(new)
        except OSError as error:
            raise DataError(f"{old}: cannot be moved to {new} ({error.strerror})") from error
    return left


def _write_rejected(labelled: Path) -> None:
    """Write rejected.csv from the logs that stand, so that it can be neither lost nor doubled."""
    folder = rejected_folder(labelled)
    rows = [
        {
            "rejected_path": Path(row["target"]).relative_to(folder.name).as_posix(),
            "labelled_path": Path(row["source"]).relative_to(labelled.name).as_posix(),
            "sha256": row["sha256"],
            "reason": row["reason"],
        }
        for log in _logs(labelled)
        if _LOG_NAME.fullmatch(log.name)["state"] != _UNDOING
        for row in read_csv(log, _LOG_COLUMNS)
        if row["decision"] == REJECT
    ]
    if rows:
        write_csv(folder / REJECTED_TABLE, REJECTED_COLUMNS, rows)
    else:
        (folder / REJECTED_TABLE).unlink(missing_ok=True)


def _remove_empty(folders: set[Path]) -> None:
    """Remove folders that an undone decision had made, and the one above them."""
    for folder in sorted(folders | {folder.parent for folder in folders}, reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _log_folder(labelled: Path) -> Path:
    return review_folder(labelled) / "applied"


def _logs(labelled: Path) -> list[Path]:
    return sorted(
        path for path in _log_folder(labelled).glob("*.csv") if _LOG_NAME.fullmatch(path.name)
    )
