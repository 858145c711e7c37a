"""Commands say what they have to say, and their libraries nothing."""

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import ROOT

import cli
from lib.quiet import quiet_stderr


def test_what_is_written_below_python_is_silenced_and_what_comes_after_is_not(capfd):
    with quiet_stderr():
        os.write(2, b"a note of a library\n")
    os.write(2, b"what matters\n")
    assert capfd.readouterr().err == "what matters\n"


def test_an_error_in_silence_is_raised_and_ends_it(capfd):
    with pytest.raises(ValueError, match="broken"), quiet_stderr():
        raise ValueError("broken")
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"


def test_threads_that_are_silent_at_once_leave_stderr_as_it_was(capfd):
    def load():
        for _ in range(50):
            with quiet_stderr():
                os.write(2, b"a note\n")

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "s0_simulate.py crops --count 14 --output {}/crops.tfrecord",
        "s5_freeze_pb.py --inspect models/default/model.pb",
    ],
)
def test_commands_with_tensorflow_write_nothing_on_stderr(command, tmp_path):
    words = command.format(tmp_path).split()
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0
    assert done.stderr == ""


def test_verbose_commands_say_more_themselves_and_their_libraries_do_not(capsys):
    def work():
        logging.getLogger("lib.somewhere").info("what was skipped")
        logging.getLogger("faiss.loader").info("Loading faiss with AVX2 support.")

    assert cli.run(work, verbose=True) == 0
    assert capsys.readouterr().err == "INFO: what was skipped\n"
    assert cli.run(work) == 0
    assert capsys.readouterr().err == ""


def test_messages_name_files_from_the_folder_in_which_the_command_runs(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    cli.say(f"wrote {tmp_path / 'a' / 'b.csv'}, not /elsewhere{tmp_path / 'c.csv'}")
    assert capsys.readouterr().out == (
        f"wrote {Path('a') / 'b.csv'}, not /elsewhere{tmp_path / 'c.csv'}\n"
    )
