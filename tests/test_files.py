import csv
import errno
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from lib import files
from lib.errors import DataError
from lib.paths import ROOT


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"n": 1})
    with pytest.raises(RuntimeError), files.atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert files.read_json(path) == {"n": 1}
    assert [child.name for child in tmp_path.iterdir()] == ["a.json"]


def test_a_full_disk_is_one_clear_error(tmp_path, monkeypatch):
    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DataError, match=r"a\.bin: no space left"):
        files.write_bytes(tmp_path / "a.bin", b"x")
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_place_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written"):
        files.write_bytes(tmp_path / "file" / "a.bin", b"x")


HOLD = """
import sys, time
from pathlib import Path
from lib.files import only_writer
with only_writer(Path("run"), Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@contextmanager
def holding(lock, seconds=60.0):
    """Hold a lock in another process."""
    command = [sys.executable, "-c", HOLD, str(lock), str(seconds)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"held\n"
            yield process
        finally:
            process.kill()


def test_a_second_writer_is_refused_and_a_killed_one_leaves_no_lock(tmp_path):
    lock = tmp_path / "deep" / "lock"
    with holding(lock) as other:
        with (
            pytest.raises(DataError, match="run: another process is writing it; wait"),
            files.only_writer(Path("run"), lock),
        ):
            pass
        other.kill()
        other.wait()
        with files.only_writer(Path("run"), lock):
            pass


def test_a_second_writer_may_wait_for_the_first(tmp_path):
    with (
        holding(tmp_path / "lock", seconds=0.5),
        files.only_writer(Path("run"), tmp_path / "lock", wait_s=30),
    ):
        pass


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,y\n1,2\n")
    with pytest.raises(DataError, match=r"a\.csv: missing column\(s\) z; expected x, z"):
        files.read_csv(path, ["x", "z"])


def test_rows_come_back_as_written(tmp_path):
    path = tmp_path / "a.csv"
    files.write_csv(path, ["x", "y"], [{"x": "a, b", "y": None}, {"x": 1, "y": "é"}])
    assert files.read_csv(path, ["x"]) == [{"x": "a, b", "y": ""}, {"x": "1", "y": "é"}]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_has_no_number_for_is_never_written(tmp_path, number):
    with pytest.raises(DataError, match=r"a\.json: cannot be written as JSON"):
        files.write_json(tmp_path / "a.json", {"error": [number]})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["{", '{"n": %s}' % ("9" * 5000), '{"n": ' * 50_000])
def test_text_that_is_not_json_is_named(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"a\.json: not readable as JSON"):
        files.read_json(path)


def test_existing_output_is_refused_without_overwrite(tmp_path):
    with pytest.raises(DataError, match="give --overwrite"):
        files.require_absent(tmp_path, overwrite=False)
    files.require_absent(tmp_path, overwrite=True)


def test_a_scratch_folder_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), files.scratch_folder(tmp_path / "new") as folder:
        (folder / "half").write_text("half")
        raise RuntimeError
    assert list((tmp_path / "new").iterdir()) == []


def test_a_full_disk_under_a_scratch_folder_is_one_clear_error(tmp_path):
    with (
        pytest.raises(DataError, match=rf"{tmp_path.name}: no space left"),
        files.scratch_folder(tmp_path),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_scratch_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(DataError, match="file: cannot be written"),
        files.scratch_folder(tmp_path / "file"),
    ):
        pass


def test_a_link_stays_one_and_its_target_is_replaced(tmp_path):
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target.name)
    files.write_bytes(link, b"new")
    assert link.is_symlink() and target.read_text() == "new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    files.write_bytes(pipe, b"a,b")
    reader.join(10)
    assert received == [b"a,b"] and pipe.is_fifo()


def test_a_name_that_is_no_utf_8_is_written_as_escapes(tmp_path):
    files.write_csv(tmp_path / "a.csv", ("photo",), [{"photo": os.fsdecode(b"latin\xff.jpg")}])
    assert files.read_csv(tmp_path / "a.csv", ("photo",)) == [{"photo": "latin\\udcff.jpg"}]


FORMULAS = ["=1+1", "+cmd", "-x", "@sum", "\tx", "\rx", "'=1+1", "''-x"]


def test_no_cell_is_a_formula_and_all_come_back_as_they_were(tmp_path):
    path = tmp_path / "a.csv"
    rows = [{"text": text, "number": "-1.5"} for text in [*FORMULAS, "'quoted'", "it's", "-1e-3"]]
    files.write_csv(path, ["text", "number"], rows)
    with path.open(newline="") as stream:
        cells = [row["text"] for row in csv.DictReader(stream)]
    assert cells == [*(f"'{text}" for text in FORMULAS), "'quoted'", "it's", "-1e-3"]
    assert files.read_csv(path, ["text"]) == rows
