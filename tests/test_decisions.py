"""Decisions move files, never lose one, and can be taken back, whenever a run is killed."""

import shutil
from contextlib import suppress

import numpy as np
import pytest

from lib.curation import decisions
from lib.curation.decisions import DECISION_COLUMNS, apply_decisions, recover, undo_decisions
from lib.errors import DataError
from lib.files import read_csv, sha256, write_csv
from lib.images.png import write_png


@pytest.fixture
def labelled(tmp_path):
    """Six labelled photos; two of the same name lie in different folders."""
    folder = tmp_path / "RawData" / "Image_Labeled"
    for seed, name in enumerate(["0/a.png", "0/b.png", "0/c.png", "5/a.png", "5/d.png", "5/e.png"]):
        write_png(folder / name, np.full((4, 6, 3), seed, np.uint8))
    return folder


def write_decisions(labelled, rows, name="decisions.csv"):
    """Write (photo, decision, raw_id or reason) rows as the page saves them."""
    path = labelled.parent.parent / name
    write_csv(
        path,
        DECISION_COLUMNS,
        (
            {
                "photo": photo,
                "sha256": sha256(labelled / photo) if (labelled / photo).exists() else "0" * 64,
                "decision": decision,
                "raw_id": target if decision == "move" else "",
                "reason": target if decision == "reject" else "",
            }
            for photo, decision, target in rows
        ),
    )
    return path


def tree(labelled):
    root = labelled.parent
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


ROWS = [
    ("0/a.png", "move", "5"),
    ("0/b.png", "reject", "no_spectrum"),
    ("5/a.png", "reject", "duplicate"),
    ("5/d.png", "accept", ""),
]


def test_applied_decisions_move_files_and_undo_moves_them_back(labelled):
    before = tree(labelled)
    done = apply_decisions(write_decisions(labelled, ROWS), labelled)
    root = labelled.parent
    moved = sorted(path.name for path in (labelled / "5").iterdir())
    # A name in use is not overwritten.
    assert moved[0].startswith("a-") and moved[1:] == ["d.png", "e.png"]
    assert (root / "Image_Rejected" / "no_spectrum" / "b.png").exists()
    rejected = read_csv(root / "Image_Rejected" / "rejected.csv", decisions.REJECTED_COLUMNS)
    assert [(row["labelled_path"], row["reason"]) for row in rejected] == [
        ("0/b.png", "no_spectrum"),
        ("5/a.png", "duplicate"),
    ]
    assert len(done.moves) == 4 and not done.skipped
    pictures = sorted(data for name, data in tree(labelled).items() if name.endswith("png"))
    assert pictures == sorted(before.values())
    undo_decisions(labelled)
    assert tree(labelled) == before


def test_a_file_that_changed_since_the_page_is_left_alone(labelled):
    path = write_decisions(labelled, ROWS)
    write_png(labelled / "0" / "b.png", np.full((4, 6, 3), 77, np.uint8))
    (labelled / "5" / "a.png").unlink()
    done = apply_decisions(path, labelled)
    assert done.skipped == ["0/b.png", "5/a.png"]
    assert (labelled / "0" / "b.png").exists()


def test_the_same_decisions_are_applied_once_and_again_after_undo(labelled):
    path = write_decisions(labelled, ROWS)
    apply_decisions(path, labelled)
    with pytest.raises(DataError, match="applied already"):
        apply_decisions(path, labelled)
    undo_decisions(labelled)
    assert len(apply_decisions(path, labelled).moves) == 4


def test_undo_takes_back_the_latest_first_and_then_has_nothing_left(labelled):
    before = tree(labelled)
    apply_decisions(write_decisions(labelled, [("0/a.png", "move", "3")]), labelled)
    middle = tree(labelled)
    second = write_decisions(labelled, [("3/a.png", "reject", "other")], "second.csv")
    apply_decisions(second, labelled)
    undo_decisions(labelled)
    assert tree(labelled) == middle
    undo_decisions(labelled)
    assert tree(labelled) == before
    with pytest.raises(DataError, match="no applied decisions"):
        undo_decisions(labelled)


def test_undo_leaves_what_a_person_moved_afterwards(labelled):
    apply_decisions(write_decisions(labelled, [("0/a.png", "move", "3")]), labelled)
    (labelled / "8").mkdir()
    (labelled / "3" / "a.png").rename(labelled / "8" / "a.png")
    undone = undo_decisions(labelled)
    assert undone.skipped == ["Image_Labeled/3/a.png"] and not undone.moves
    assert (labelled / "8" / "a.png").exists()


@pytest.mark.parametrize("command", ["apply", "undo"])
def test_killed_at_any_move_and_resumed_the_result_is_the_same(labelled, command, monkeypatch):
    path = write_decisions(labelled, ROWS)
    if command == "undo":
        apply_decisions(path, labelled)
    start = tree(labelled)
    work = (
        (lambda: apply_decisions(path, labelled))
        if command == "apply"
        else (lambda: undo_decisions(labelled))
    )
    work()
    undisturbed = tree(labelled)
    calls = [0]
    rename = type(labelled).rename

    for killed_at in range(1, 6):
        shutil.rmtree(labelled.parent)
        for name, data in start.items():
            (labelled.parent / name).parent.mkdir(parents=True, exist_ok=True)
            (labelled.parent / name).write_bytes(data)

        def dying(self, target, stop=killed_at):
            calls[0] += 1
            if calls[0] == stop:
                raise KeyboardInterrupt
            return rename(self, target)

        calls[0] = 0
        monkeypatch.setattr(type(labelled), "rename", dying)
        with suppress(KeyboardInterrupt):
            work()
        monkeypatch.setattr(type(labelled), "rename", rename)
        recover(labelled)
        # Killed before the log was marked, the undo never began.
        if calls[0] == 1 and command == "undo":
            work()
        assert tree(labelled) == undisturbed, killed_at


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("decision", "delete", "expected accept, move, reject"),
        ("raw_id", "77", "raw_id '77'; expected"),
        ("reason", "../../etc", "expected no_spectrum"),
        ("photo", "../a.png", "expected <folder>/<name>"),
        ("photo", "/etc/passwd", "expected <folder>/<name>"),
        ("photo", "0/b.png", "decided twice"),
    ],
)
def test_bad_decisions_are_refused_before_anything_moves(labelled, column, value, expected):
    path = write_decisions(labelled, ROWS)
    rows = read_csv(path, DECISION_COLUMNS)
    row = next(row for row in rows if column in ("decision", "photo") or row[column])
    row[column] = value
    write_csv(path, DECISION_COLUMNS, rows)
    before = tree(labelled)
    with pytest.raises(DataError, match=expected.replace("..", r"\.\.")):
        apply_decisions(path, labelled)
    assert tree(labelled) == before


def test_a_table_that_is_no_decisions_is_named(labelled, tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"x\.csv: missing column\(s\) photo"):
        apply_decisions(tmp_path / "x.csv", labelled)
