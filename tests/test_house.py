"""The walls of the house: who may import whom, what stays out of `lib/`."""

import ast
import json
import re
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WINGS = ("simulation", "curation", "recognition", "measurement", "training")
# What each wing may use beside itself.
MAY_USE = {
    "curation": {"recognition"},
    "measurement": {"recognition"},
    "training": {"simulation", "recognition"},
}


def imports_of(path: Path) -> set[str]:
    """Return the dotted names of everything that a file imports, at any depth of its code.

    What only type checkers import counts for nothing.
    """
    names, tree = set(), ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def library_files() -> list[Path]:
    return sorted((ROOT / "lib").rglob("*.py"))


def test_no_module_imports_itself_on_a_way_round():
    names = {
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): path
        for folder in ("lib", "web")
        for path in (ROOT / folder).rglob("*.py")
        if path.stem != "__init__"
    }
    # Raises CycleError with the modules of the circle.
    TopologicalSorter(
        {name: imports_of(path) & set(names) for name, path in names.items()}
    ).prepare()


def test_only_training_imports_tensorflow():
    for path in [*library_files(), *(ROOT / "web").rglob("*.py")]:
        if path.is_relative_to(ROOT / "lib" / "training"):
            continue
        roots = {name.split(".")[0] for name in imports_of(path)}
        assert not roots & {"tensorflow", "keras", "tensorboard"}, path


def test_the_notebook_imports_what_is_there():
    cells = json.loads((ROOT / "notebooks" / "colab_pipeline.ipynb").read_text())["cells"]
    code = "".join("".join(cell["source"]) + "\n" for cell in cells if cell["cell_type"] == "code")
    found = re.findall(r"^ *from (lib[.\w]*) import ([\w, ]+)$", code, re.MULTILINE)
    assert found
    for module, names in found:
        for name in names.split(", "):
            assert hasattr(import_module(module), name), f"{module} has no {name}"


def test_only_plots_imports_matplotlib():
    for path in library_files():
        if not path.is_relative_to(ROOT / "lib" / "plots"):
            assert "matplotlib" not in {name.split(".")[0] for name in imports_of(path)}, path


@pytest.mark.parametrize("wing", WINGS)
def test_wings_stay_apart(wing):
    allowed = {wing} | MAY_USE.get(wing, set())
    for path in (ROOT / "lib" / wing).rglob("*.py"):
        for name in imports_of(path):
            parts = name.split(".")
            if parts[0] == "lib" and len(parts) > 1 and parts[1] in WINGS:
                assert parts[1] in allowed, f"{path} imports {name}"


def test_of_training_only_examples_networks_and_recipes_know_simulation_and_recognition():
    for folder in ("crops", "scores", "freezing", "runs"):
        for path in (ROOT / "lib" / "training" / folder).glob("*.py"):
            met = {name for name in imports_of(path) if re.match(r"lib\.(simu|recog)", name)}
            assert not met, f"{path} imports {met}"


def test_finding_and_reading_wavelengths_know_nothing_of_each_other():
    for here, there in (("find", "axis"), ("axis", "find")):
        for path in (ROOT / "lib" / "recognition" / here).glob("*.py"):
            met = {name for name in imports_of(path) if name.startswith(f"lib.recognition.{there}")}
            assert not met, f"{path} imports {met}"


def test_one_module_reads_frozen_networks_and_one_makes_them():
    for word, home in (
        ("ai_edge_litert", "lib/litert.py"),
        ("TFLite", "lib/training/freezing/freezer.py"),
    ):
        files = [*library_files(), *ROOT.glob("*.py"), *(ROOT / "benchmarks").glob("*.py")]
        found = [path for path in files if word in path.read_text(encoding="utf-8")]
        assert [path.relative_to(ROOT).as_posix() for path in found] == [home]


def test_one_function_writes_json():
    """No NaN leaves where it does."""
    files = [*library_files(), *(ROOT / "web").rglob("*.py"), *ROOT.glob("*.py")]
    found = [path for path in files if re.search(r"\bjson\.dumps?\(", path.read_text("utf-8"))]
    assert [path.relative_to(ROOT).as_posix() for path in found] == ["lib/files.py"]


# Folders of which none may use one that comes after it.
FLOORS = {
    "lib.training": ("crops", "examples", "scores", "networks", "freezing", "runs", "recipes"),
    "web": ("storage", "readers", "gate", "views", "serving"),
}


@pytest.mark.parametrize("wing", FLOORS)
def test_folders_are_floors(wing):
    for floor, here in enumerate(FLOORS[wing]):
        for path in ROOT.joinpath(*wing.split("."), here).glob("*.py"):
            for above in FLOORS[wing][floor + 1 :]:
                met = {name for name in imports_of(path) if name.startswith(f"{wing}.{above}")}
                assert not met, f"{path} imports {met}"


def test_the_ground_floor_knows_no_wing():
    lib = ROOT / "lib"
    # The door for programs stands above all wings.
    ground = set(lib.glob("*.py")) - {lib / "api.py"}
    for path in [*ground, *(lib / "plots").glob("*.py"), *(lib / "images").glob("*.py")]:
        for name in imports_of(path):
            assert not re.match(rf"lib\.({'|'.join(WINGS)})\b", name), f"{path} imports {name}"
