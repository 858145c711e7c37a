"""The light install: what needs no TensorFlow, what says that it does."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from conftest import ROOT
from packaging.requirements import Requirement

# What requirements-train.txt brings, as it is imported.
TENSORFLOW = ("tensorflow", "keras", "tensorboard")
OF_TRAINING = (*TENSORFLOW, "sklearn", "imagehash", "cleanlab")
NEON = ROOT / "web" / "static" / "web" / "examples" / "neon.jpg"


def without(packages: Iterable[str]) -> str:
    """Return a line of Python after which `packages` cannot be imported."""
    return f"import sys; sys.modules.update(dict.fromkeys({tuple(packages)!r}))\n"


def run_without(packages: Iterable[str], *words: object, cwd: Path) -> subprocess.CompletedProcess:
    """Run a script of the checkout as if `packages` were not installed."""
    script, *argv = map(str, words)
    code = f"{without(packages)}import runpy; sys.path.insert(0, {str(ROOT)!r})\n"
    code += "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-c", code, str(ROOT / script), *argv],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    "command",
    [
        "s3_to_tfrecord.py",
        "s4_train.py",
        "s5_freeze_pb.py",
        "train_axis.py network",
        "train_band.py",
    ],
)
def test_what_trains_says_in_one_line_what_to_install(command, tmp_path):
    done = run_without(TENSORFLOW, *command.split(), cwd=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert any(name in line for name in TENSORFLOW)
    assert "pip install -r requirements.txt" in line
    assert "3.11 to 3.13" in line


def test_photos_are_named_and_cropped_without_what_trains(tmp_path):
    (tmp_path / "labelled" / "5").mkdir(parents=True)
    (tmp_path / "labelled" / "5" / "neon.jpg").write_bytes(NEON.read_bytes())
    named = run_without(OF_TRAINING, "identify.py", NEON, "--json", cwd=tmp_path)
    assert json.loads(named.stdout)["source"] == "neon", named.stderr
    words = ("s2_preprocess.py", "--input", "labelled", "--output", "out")
    cropped = run_without(OF_TRAINING, *words, cwd=tmp_path)
    assert cropped.returncode == 0, cropped.stderr
    assert (tmp_path / "out" / "crops" / "5" / "neon.jpg.png").is_file()


def test_a_fault_of_ours_is_no_missing_package(tmp_path):
    code = "import cli\nimport lib.no_such_module"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" in done.stderr


def requirements(name: str) -> list[Requirement]:
    """Return what a requirements file lists, and what the files list that it includes."""
    found = []
    for line in (ROOT / name).read_text().splitlines():
        if line.startswith("-r "):
            found += requirements(line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            found.append(Requirement(line))
    return found


def test_only_training_requires_tensorflow():
    assert "tensorflow" not in {found.name for found in requirements("requirements-use.txt")}
    assert "tensorflow" in {found.name for found in requirements("requirements-train.txt")}
