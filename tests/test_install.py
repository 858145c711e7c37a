"""The light install: what needs no TensorFlow, what says that it does, and the wheel."""

import json
import os
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import cli
import spectrum
from lib.extras import EXTRAS
from lib.files import write_csv
from lib.images.png import write_png
from lib.tables import CROPS_COLUMNS

# What requirements-train.txt brings, as it is imported.
TENSORFLOW = ("tensorflow", "keras", "tensorboard")
OF_TRAINING = (*TENSORFLOW, "pandas", "sklearn", "faiss", "cleanlab")
SLOW_TO_IMPORT = (
    "scipy",
    "matplotlib",
    "astropy",
    "colour",
    "pillow_heif",
    "PIL.ImageCms",
    "pydantic",
    "numpy.ma",
    "numpy.polynomial",
    "platformdirs",
    "difflib",
    "multiprocessing",
    "lib.measurement",
)
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "s4_train.py",
        "s5_freeze_pb.py",
        "train_shipped.py reader",
        "train_shipped.py band",
    ],
)
def test_what_trains_says_in_one_line_what_to_install(command, tmp_path):
    for name in ("train.tfrecord", "validation.tfrecord", "test.tfrecord", "crops.csv"):
        (tmp_path / name).touch()
    (tmp_path / "run.json").write_text('{"finished": true}')
    words = command.split() if " " in command else (command, "--input", ".")
    done = run_without(TENSORFLOW, *words, cwd=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert any(name in line for name in TENSORFLOW)
    assert "pip install -r requirements.txt" in line
    assert "3.11 to 3.13" in line


@pytest.mark.slow
def test_records_are_written_without_tensorflow(tmp_path):
    words = ("crops", "--count", 4, "--jobs", 1, "--output", "simulated.tfrecord")
    done = run_without(TENSORFLOW, "s0_simulate.py", *words, cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "simulated.tfrecord").is_file(), done.stderr
    crops = tmp_path / "crops" / "5"
    crops.mkdir(parents=True)
    row = dict.fromkeys(CROPS_COLUMNS, "")
    rows = []
    for group in range(30):
        write_png(crops / f"{group}.png", np.full((15, 480, 3), group, np.uint8))
        name = {"photo": f"5/{group}.jpg", "raw_id": 5, "group": group, "status": "ok"}
        rows.append({**row, **name, "crop": f"crops/5/{group}.png"})
    write_csv(tmp_path / "crops.csv", CROPS_COLUMNS, rows)
    words = ("--input", ".", "--partial", "--minimum", 0)
    done = run_without(TENSORFLOW, "s3_to_tfrecord.py", *words, cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "train.tfrecord").is_file(), done.stderr


@pytest.mark.slow
def test_photos_are_named_and_cropped_without_what_trains(tmp_path):
    (tmp_path / "labelled" / "5").mkdir(parents=True)
    (tmp_path / "labelled" / "5" / "neon.jpg").write_bytes(NEON.read_bytes())
    named = run_without(OF_TRAINING, "identify.py", NEON, "--json", cwd=tmp_path)
    assert json.loads(named.stdout)["source"] == "neon", named.stderr
    words = ("s2_preprocess.py", "--input", "labelled", "--output", "out")
    cropped = run_without(OF_TRAINING, *words, cwd=tmp_path)
    assert cropped.returncode == 0, cropped.stderr
    assert (tmp_path / "out" / "crops" / "5" / "neon.jpg.png").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["identify.py", "spectrum.py identify"])
def test_a_photo_is_named_without_what_takes_long_to_import(command, tmp_path):
    named = run_without(SLOW_TO_IMPORT, *command.split(), NEON, "--json", cwd=tmp_path)
    assert json.loads(named.stdout)["source"] == "neon", named.stderr


@pytest.mark.slow
def test_photos_are_named_by_the_light_install(tmp_path):
    write_png(tmp_path / "dark.png", np.zeros((60, 80, 3), np.uint8))
    words = (NEON, "dark.png", "--json", "--csv", "answers.csv", "--spectra", "spectra")
    named = run_without(EXTRAS, "identify.py", *words, cwd=tmp_path)
    first, second = map(json.loads, named.stdout.splitlines())
    assert first["source"] == "neon" and first["wavelength"], named.stderr
    assert second["status"] == "no_band"
    assert (tmp_path / "answers.csv").is_file()
    code = f"{without(EXTRAS)}from lib.api import identify\nprint(identify({str(NEON)!r}).source)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "neon\n", done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (("identify.py", NEON, "--plot", "plots"), "plot"),
        (("identify.py", NEON, "--save-calibration", "instrument.json"), "measure"),
        (("calibrate.py", NEON), "measure"),
        (("measure.py", NEON), "measure"),
        (("s6_serve.py",), "serve"),
    ],
)
def test_what_the_light_install_lacks_is_one_line_that_names_the_extra(words, extra, tmp_path):
    done = run_without(EXTRAS, *words, cwd=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert f'python -m pip install ".[{extra}]"' in line
    assert not done.stdout and not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "extra"),
    [(b"SIMPLE  =                    T", "fits"), (b"\0\0\0\x18ftypheic\0\0\0\0", "heif")],
)
def test_a_photo_that_the_light_install_cannot_read_names_the_extra(head, extra, tmp_path):
    (tmp_path / "photo").write_bytes(head.ljust(2880))
    done = run_without(EXTRAS, "identify.py", NEON, "photo", "--json", cwd=tmp_path)
    named, refused = map(json.loads, done.stdout.splitlines())
    assert named["source"] == "neon"
    assert refused["status"] == "error" and f".[{extra}]" in refused["reason"]


def packages(extra: str | None = None) -> set[str]:
    """Return what pyproject.toml requires, of an extra with those that it includes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = set()
    listed = project["optional-dependencies"][extra] if extra else project["dependencies"]
    for line in listed:
        included = Requirement(line)
        own = included.name == project["name"]
        found |= set().union(*map(packages, included.extras)) if own else {str(included)}
    return found


def test_the_files_of_requirements_list_what_the_extras_do():
    listed = {str(requirement) for requirement in requirements("requirements-use.txt")}
    assert listed == packages() | packages("all")
    listed = {str(requirement) for requirement in requirements("requirements-postgresql.txt")}
    assert listed == packages("postgresql")


@pytest.mark.parametrize("package", EXTRAS)
def test_an_extra_brings_the_package_that_it_is_named_for(package):
    distributions = {canonicalize_name(name) for name in packages_distributions()[package]}
    brought = {Requirement(line).name for line in packages(EXTRAS[package])}
    assert distributions & {canonicalize_name(name) for name in brought}
    assert not distributions & {canonicalize_name(Requirement(one).name) for one in packages()}


def test_a_fault_of_ours_is_no_missing_package(tmp_path):
    code = "import cli\nimport lib.no_such_module"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" in done.stderr


@pytest.mark.parametrize("name", sorted(spectrum.COMMANDS))
def test_each_subcommand_is_a_script_that_ships(name):
    module, _ = spectrum.COMMANDS[name]
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert f"{module}.py" in wheel["targets"]["wheel"]["only-include"]


def test_a_mistyped_command_is_one_line_that_names_the_right_one(capsys):
    with pytest.raises(SystemExit) as stopped:
        spectrum.main(["identfy", "lamp.jpg"])
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "no command 'identfy'; did you mean identify?" in line


def test_without_a_command_the_commands_are_listed(capsys):
    with pytest.raises(SystemExit) as stopped:
        spectrum.main([])
    assert stopped.value.code == 2
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in spectrum.COMMANDS)


@pytest.mark.parametrize("words", [["spectrum.py"], ["."], ["identify.py"]])
def test_each_way_to_call_it_knows_its_version(words):
    done = subprocess.run(
        [sys.executable, *words, "--version"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert done.stdout == f"spectrum-identify {version}\n"


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        ("spectrum calibrate", "next: spectrum measure PHOTO\n"),
        (str(ROOT / "calibrate.py"), "next: python measure.py PHOTO\n"),
        ("calibrate.py", "next: python measure.py PHOTO\n"),
    ],
)
def test_the_next_command_is_called_as_this_one_was(called, expected, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [called])
    monkeypatch.chdir(ROOT)
    cli.print_next("measure.py", "PHOTO")
    assert capsys.readouterr().out == expected


@pytest.mark.slow
def test_the_installed_package_runs_as_a_module_and_names_commands_as_installed(
    installed, tmp_path
):
    python = next(installed.parent.glob("python*"))
    version = run_installed(python, "-m", "spectrum_identify", "--version", cwd=tmp_path)
    assert version.stdout.startswith("spectrum-identify "), version.stderr
    words = ("-m", "spectrum_identify", "calibrate", NEON)
    done = run_installed(python, *words, cwd=tmp_path)
    assert "next: spectrum measure PHOTO --instrument instrument.json" in done.stdout, done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The command of the wheel, in an environment of its own without what trains."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip"]
    quiet = ["--quiet", "--no-deps", "--no-index"]
    built = ["--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([*pip, "wheel", str(ROOT), *quiet, *built], check=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    venv.create(environment, symlinks=os.name != "nt")
    binaries = environment / ("Scripts" if os.name == "nt" else "bin")
    python = next(binaries.glob("python*"))
    subprocess.run([*pip, "--python", str(python), "install", *quiet, str(wheel)], check=True)
    # The packages that the tests run with, less those that train: nothing is downloaded.
    (site,) = {path.parent for path in environment.rglob("spectrum_identify")}
    borrowed = [path for path in sys.path if Path(path).name == "site-packages"]
    (site / "borrowed.pth").write_text(without(OF_TRAINING) + "\n".join(borrowed))
    return next(binaries.glob("spectrum*"))


def run_installed(command: Path, *words: object, cwd: Path) -> subprocess.CompletedProcess:
    """Run the installed command where nothing of the checkout can be seen."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(command), *map(str, words)],
        cwd=cwd,
        env=clean,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.slow
def test_the_installed_command_names_a_photo_from_any_folder(installed, tmp_path):
    (tmp_path / "lamp.jpg").write_bytes(NEON.read_bytes())
    # Names that are ours in the checkout, and another program's here.
    (tmp_path / "lib.py").write_text("raise ImportError('not the one')")
    done = run_installed(
        installed, "identify", "lamp.jpg", "--json", "--plot", "plots", "--jobs", "1", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["source"] == "neon"
    assert answer["wavelength"]["lamp"] == "neon"
    assert (tmp_path / "plots" / "lamp.png").is_file()


@pytest.mark.slow
def test_a_program_imports_the_functions_of_the_install(installed, tmp_path):
    (tmp_path / "lamp.jpg").write_bytes(NEON.read_bytes())
    # Names that are ours in the checkout, and the program's own here.
    (tmp_path / "cli.py").write_text("print('its own')")
    (tmp_path / "program.py").write_text(
        "from spectrum_identify import identify\nprint(identify('lamp.jpg').source)\nimport cli"
    )
    python = next(installed.parent.glob("python*"))
    done = run_installed(python, "program.py", cwd=tmp_path)
    assert done.stdout.split("\n")[:2] == ["neon", "its own"], done.stderr


@pytest.mark.slow
def test_the_installed_command_answers_many_photos_in_parallel(installed, tmp_path):
    for number in range(33):
        write_png(tmp_path / f"{number}.png", np.zeros((60, 80, 3), np.uint8))
    done = run_installed(installed, "identify", ".", "--json", "--jobs", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["no_band"] * 33


@pytest.mark.slow
def test_the_installed_command_lists_its_subcommands_and_their_flags(installed, tmp_path):
    whole = run_installed(installed, "--help", cwd=tmp_path).stdout
    for name in spectrum.COMMANDS:
        assert name in whole
        own = run_installed(installed, name, "--help", cwd=tmp_path).stdout
        assert f"usage: spectrum {name}" in own
        assert "python " not in own


@pytest.mark.slow
def test_the_installed_service_keeps_its_state_with_the_user(installed, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    done = run_installed(installed, "serve", "create-token", "lab", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    if sys.platform == "linux":
        assert (tmp_path / "data" / "spectrum" / "secret_key").is_file()


def requirements(name: str) -> list[Requirement]:
    """Return what a requirements file lists, and what the files list that it includes."""
    found = []
    for line in (ROOT / name).read_text().splitlines():
        if line.startswith("-r "):
            found += requirements(line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            found.append(Requirement(line))
    return found


HASHES = r"( +--hash=sha256:[0-9a-f]{64})+"
LOCKED = re.compile(rf"(?P<name>[\w.-]+)==(?P<version>[\w.]+)( ; [^-]*)?{HASHES}")


def locked(name: str) -> dict[str, str]:
    """Return the versions of a lock, which holds them with hashes and nothing else."""
    text = (ROOT / name).read_text().replace("\\\n", "")
    found = [LOCKED.fullmatch(line) for line in text.splitlines() if not line.startswith("#")]
    assert all(found)
    return {canonicalize_name(entry["name"]): entry["version"] for entry in found}


@pytest.mark.parametrize(
    ("lock", "of"),
    [
        ("requirements.lock", "requirements-dev.txt"),
        ("requirements-use.lock", "requirements-use.txt"),
    ],
)
def test_a_lock_has_a_version_of_every_requirement_within_its_bounds(lock, of):
    versions = locked(lock)
    for requirement in requirements(of):
        version = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version, prereleases=True), requirement


def test_what_is_installed_to_use_it_is_what_was_tested():
    assert locked("requirements-use.lock").items() <= locked("requirements.lock").items()
    assert "tensorflow" not in locked("requirements-use.lock")


def test_every_requirement_has_an_upper_bound():
    for requirement in requirements("requirements-dev.txt"):
        assert any(bound.operator == "<" for bound in requirement.specifier), requirement


@pytest.mark.parametrize("package", ["tensorflow", "pandas"])
def test_only_training_requires_the_large_packages(package):
    assert package not in {found.name for found in requirements("requirements-use.txt")}
    assert package in {found.name for found in requirements("requirements-train.txt")}


def test_the_citation_is_of_this_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
