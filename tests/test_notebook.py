"""The notebook runs from top to bottom on tiny data."""

import re

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient

NOTEBOOK = ROOT / "notebooks" / "colab_pipeline.ipynb"


@pytest.mark.slow
def test_the_notebook_runs_on_tiny_data(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTEBOOK_PHOTOS", "90")
    monkeypatch.setenv("NOTEBOOK_CROPS", "128")
    monkeypatch.setenv("NOTEBOOK_EPOCHS", "1")
    monkeypatch.setenv("NOTEBOOK_FOLDER", str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(ROOT / "notebooks")}}
    ).execute()
    assert (tmp_path / "model" / "model.tflite").exists()


def test_the_notebook_defines_nothing_and_holds_no_output():
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        if cell.cell_type == "code":
            assert not re.search(r"^\s*(def|class)\s", cell.source, re.MULTILINE)
            assert cell.outputs == []
