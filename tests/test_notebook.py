"""The notebook runs on tiny data, twice in one folder, and stops where it must."""

import base64
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from conftest import ROOT
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

import cli
from lib.files import read_csv
from lib.simulation.crawl.downloads import TRUTH_COLUMNS
from lib.tables import CROPS_COLUMNS

NOTEBOOK = ROOT / "notebooks" / "colab_pipeline.ipynb"
# Of both runs: photos and crops, so few that a run takes seconds.
SIZES = (("30", "128"), ("24", "64"))
# What the cells that draw begin their drawing with.
DRAWING = re.compile(r"^(?:    )?(?:display\(|figure$)", re.MULTILINE)
PROGRESS_BAR = "application/vnd.jupyter.widget-view+json"


def code_cells() -> list[nbformat.NotebookNode]:
    return [
        cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"
    ]


# What the notebook clones, as it is written in it.
(ADDRESS,) = re.findall(r'^PROJECT = "(.*)"$', code_cells()[0].source, re.MULTILINE)


class Session:
    """A kernel in the notebook's folder that runs cells and gives their outputs."""

    def __init__(self, client: NotebookClient):
        self.client = client

    def run(self, source: str) -> list[nbformat.NotebookNode]:
        cells = self.client.nb.cells
        cells.append(nbformat.v4.new_code_cell(source))
        return self.client.execute_cell(cells[-1], len(cells) - 1).outputs

    @property
    def traceback(self) -> list[str]:
        """What the last cell shows of its exception."""
        return self.client.nb.cells[-1].outputs[-1].traceback


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def session(folder):
    environment = {
        "NOTEBOOK_EPOCHS": "1",
        "NOTEBOOK_REPEATED": "10",
        "NOTEBOOK_FOLDER": str(folder / "work"),
        "NOTEBOOK_MODEL": str(folder / "drive" / "model"),
    }
    client = NotebookClient(
        nbformat.v4.new_notebook(),
        # A cell takes seconds; a machine that is shared by many may need its time.
        timeout=1800,
        resources={"metadata": {"path": str(NOTEBOOK.parent)}},
    )
    with client.setup_kernel(env=os.environ | environment):
        yield Session(client)


@pytest.fixture(scope="module")
def runs(session):
    """The outputs of each code cell, of two runs one after the other."""
    done = []
    for photos, crops in SIZES:
        sizes = {"NOTEBOOK_PHOTOS": photos, "NOTEBOOK_CROPS": crops}
        session.run(f"import os; os.environ.update({sizes})")
        done.append([(cell.source, session.run(cell.source)) for cell in code_cells()])
    return done


def text_of(outputs: list[nbformat.NotebookNode]) -> str:
    """What the outputs say, pictures and bars left out."""
    said = []
    for output in outputs:
        data = output.get("data", {})
        if "image/png" not in data and PROGRESS_BAR not in data:
            said.append(output.get("text") or data.get("text/plain", ""))
    return "".join(said)


def pictures_of(outputs: list[nbformat.NotebookNode]) -> list[np.ndarray]:
    encoded = (output.get("data", {}).get("image/png") for output in outputs)
    opened = (Image.open(io.BytesIO(base64.b64decode(png))) for png in encoded if png)
    return [np.asarray(picture.convert("RGB")) for picture in opened]


@pytest.mark.slow
def test_every_figure_shows(runs):
    for source, outputs in (cell for run in runs for cell in run):
        pictures = pictures_of(outputs)
        assert bool(pictures) == bool(DRAWING.search(source)), source
        assert all(picture.std() > 5 for picture in pictures), source
        assert "<Figure" not in text_of(outputs), source


@pytest.mark.slow
def test_bars_show_how_far_a_stage_is_and_nothing_warns_of_libraries(runs):
    outputs = [output for _, outputs in runs[0] for output in outputs]
    assert any(PROGRESS_BAR in output.get("data", {}) for output in outputs)
    for source, outputs in (cell for run in runs for cell in run):
        assert not re.search(r"\w+Warning|Traceback|error:", text_of(outputs)), source


@pytest.mark.slow
def test_the_second_run_shows_and_keeps_nothing_of_the_first(runs, folder):
    (before, _), (after, crops) = SIZES
    said = "".join(text_of(outputs) for _, outputs in runs[1])
    assert f"{after} rows in" in said and f"{before} rows in" not in said
    heap = {Path(row["image_path"]).name for row in truth_of(folder)}
    assert len(truth_of(folder)) == int(after)
    photos = read_csv(folder / "work" / "InputData" / "crops.csv", CROPS_COLUMNS)
    assert {Path(row["photo"]).name for row in photos} <= heap
    _, simulated = json.loads((folder / "drive" / "model" / "run.json").read_text())["data"][
        "train"
    ]
    assert simulated["crops"] == int(crops)
    for number, (source, outputs) in enumerate(runs[1]):
        if "sheets" in source or "identified" in source:
            (old,), (new,) = pictures_of(runs[0][number][1]), pictures_of(outputs)
            assert not np.array_equal(old, new), source


def truth_of(folder: Path) -> list[dict[str, str]]:
    return read_csv(folder / "work" / "RawData" / "truth.csv", TRUTH_COLUMNS)


@pytest.mark.slow
def test_where_the_model_is_kept_lies_a_frozen_model_and_nothing_else(runs, folder):
    assert [path.name for path in (folder / "drive").iterdir()] == ["model"]
    assert {"model.tflite", "model.json"} <= {
        path.name for path in (folder / "drive/model").iterdir()
    }


@pytest.mark.slow
@pytest.mark.parametrize(("words", "code"), [(("--input", "nowhere"), 1), (("--no-such-flag",), 2)])
def test_a_stage_that_fails_stops_the_notebook_in_one_line(runs, session, words, code):
    with pytest.raises(CellExecutionError) as caught:
        session.run(f"stage('s1_label_images.py', *{words})")
    assert caught.value.ename == "Stopped"
    assert len(session.traceback) == 1
    assert f"s1_label_images.py ended with exit code {code}" in caught.value.evalue


@pytest.mark.slow
def test_an_import_older_than_what_is_installed_stops_the_notebook(runs, session):
    (check,) = [cell.source for cell in code_cells() if "replaced_packages" in cell.source]
    older = "import numpy; installed, numpy.__version__ = numpy.__version__, '1.26.4'\n"
    with pytest.raises(CellExecutionError) as caught:
        session.run(older + check)
    assert len(session.traceback) == 1
    session.run("numpy.__version__ = installed")
    assert caught.value.evalue.startswith(
        "Runtime > Restart session, then go on here: numpy (1.26.4 "
    )


def fetch(folder: Path, project: str = "") -> subprocess.CompletedProcess:
    """Run the cell that fetches in a folder without a checkout, above it or below."""
    source = code_cells()[0].source
    if project:
        source = source.replace(f'PROJECT = "{ADDRESS}"', f"PROJECT = {project!r}")
        assert project in source
    command = [sys.executable, "-c", source]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_a_stage_is_called_as_in_the_shell_and_raises_what_a_shell_counts_as_failure(
    tmp_path, capsys
):
    called = list(sys.argv)
    with pytest.raises(cli.Stopped, match=r"identify\.py ended with exit code 1"):
        cli.stage("identify.py", tmp_path / "none.jpg")
    assert "none.jpg: no such file" in capsys.readouterr().err
    with pytest.raises(cli.Stopped, match="exit code 2"):
        cli.stage("identify.py", "--lamp")
    assert "identify.py: error: argument --lamp" in capsys.readouterr().err
    cli.stage("identify.py", "--help")
    assert sys.argv == called


def test_without_the_projects_address_the_notebook_says_so_in_one_line(tmp_path):
    done = fetch(tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{ADDRESS}: not cloned; put the project's address in PROJECT")


def test_the_notebook_clones_the_address_that_readme_gives():
    (line,) = re.findall(r"^git clone (\S+)", (ROOT / "README.md").read_text("utf-8"), re.M)
    assert line == ADDRESS


def test_the_project_is_fetched_from_its_address(tmp_path):
    origin, here = tmp_path / "origin", tmp_path / "here"
    for made in (origin, here):
        made.mkdir()
    (origin / "identify.py").touch()
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", origin)
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "all")):
        subprocess.run([*git, *words], check=True)
    done = fetch(here, origin.as_uri())
    assert done.returncode == 0, done.stderr
    assert (here / "project" / "identify.py").exists()
    # A checkout is left alone, whatever the address.
    assert fetch(here, "file:///nowhere").returncode == 0
    (failed := tmp_path / "failed").mkdir()
    assert "file:///nowhere: not cloned" in fetch(failed, "file:///nowhere").stderr


def test_the_notebook_defines_nothing_and_holds_no_output():
    for cell in code_cells():
        assert not re.search(r"^\s*(def|class)\s", cell.source, re.MULTILINE)
        assert cell.outputs == []
