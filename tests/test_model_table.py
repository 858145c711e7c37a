"""Models side by side: on the same files, or by their own records."""

import json
import shutil

import pytest

import evaluate
from lib.model_card import CARD_NAME


@pytest.fixture
def models(frozen_model, tmp_path):
    """Two models with records, one without, a README, as in models/."""
    folder = tmp_path / "models"
    for name, version in (("first", "v1"), ("second", "v2")):
        shutil.copytree(frozen_model, folder / name)
        card = json.loads((folder / name / CARD_NAME).read_text())
        (folder / name / CARD_NAME).write_text(json.dumps(card | {"version": version}))
    (folder / "second" / "run.json").unlink(missing_ok=True)
    (folder / "unfinished").mkdir()
    (folder / "README.md").write_text("Models.")
    return folder


def test_models_are_compared_on_the_same_files(models, crops_folder, tmp_path, capsys):
    test_file = crops_folder / "test.tfrecord"
    arguments = ["--compare", *map(str, sorted(models.iterdir())), "--tfrecord", str(test_file)]
    arguments += ["--json", str(tmp_path / "all.json"), "--plot", str(tmp_path / "plots")]
    assert evaluate.main(arguments) == 0
    out = capsys.readouterr().out
    assert "left out:" in out and "unfinished" in out and f"tested on {test_file}" in out
    first, second = json.loads((tmp_path / "all.json").read_text())["models"]
    assert (first["version"], second["version"]) == ("v1", "v2")
    assert first["accuracy"] == second["accuracy"] and first["n"] == second["n"] > 0
    assert first["megabytes"] > 0 and first["milliseconds_per_crop"] > 0
    assert first["trained_on"] and second["trained_on"] is None
    assert (tmp_path / "plots" / "models.png").stat().st_size > 5000


def test_without_test_files_the_records_are_compared(models, capsys):
    assert evaluate.main(["--compare", str(models / "first"), str(models / "second")]) == 0
    out = capsys.readouterr().out
    assert "tested on the same test file in training" in out
    assert "trained on what nobody recorded" in out


def test_a_models_without_any_model_is_one_clear_line(models, capsys):
    assert evaluate.main(["--compare", str(models / "unfinished")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and "model.json" in error and error.count("\n") == 1


def test_a_test_or_a_comparison_is_required(capsys):
    with pytest.raises(SystemExit, match="2"):
        evaluate.main([])
    assert "--tfrecord --photos is required" in capsys.readouterr().err
