"""What killed writers leave is removed by the next; what a running one writes stays."""

import os
import subprocess
import sys
import time

import pytest
from conftest import ROOT

from lib.files import atomic_path, scratch_folder, write_bytes
from lib.leftovers import clear_leftovers

WRITE = """
import sys, time
from pathlib import Path
from lib.files import atomic_path, scratch_folder
folder = Path(sys.argv[1])
with atomic_path(folder / "a.png") as path, scratch_folder(folder) as scratch:
    path.write_bytes(b"half")
    (scratch / "b").write_bytes(b"half")
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no harmless question for a process")
def test_a_killed_writer_s_files_go_and_a_running_one_s_stay(tmp_path):
    command = [sys.executable, "-c", WRITE, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"writing\n"
        clear_leftovers(tmp_path)
        assert len(list(tmp_path.iterdir())) == 2
        process.kill()
        process.wait()
    write_bytes(tmp_path / "c", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_what_nobody_can_be_asked_about_goes_after_a_day(tmp_path):
    old, new, other = (
        tmp_path / name
        for name in (".half-written-k3j_x9ab.png", ".half-written-00000000-1-k3j_x9ab", ".notes")
    )
    for path in (old, new, other):
        path.touch()
    yesterday = time.time() - 25 * 3600
    os.utime(old, (yesterday, yesterday))
    os.utime(other, (yesterday, yesterday))
    clear_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([new, other])


def test_a_path_that_is_being_written_is_written_as_it_is(tmp_path):
    with atomic_path(tmp_path / "a.txt") as outer, atomic_path(outer) as inner:
        assert inner == outer
        inner.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_scratch_folder_is_cleared_by_its_own_process(tmp_path):
    with scratch_folder(tmp_path):
        clear_leftovers(tmp_path)
        assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.iterdir())
