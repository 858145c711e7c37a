"""Fine-tuning is held against its start, class by class; chance is no loss."""

import json
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

import s4_train
from lib.errors import DataError
from lib.taxonomy import CLASSES
from lib.training.runs.comparison import change_of, comparison_text, require_no_loss


def changed(lost: int, won: int, kept: int = 50):
    """The change where so many crops are lost, won and kept."""
    before = np.array([True] * lost + [False] * won + [True] * kept)
    after = np.array([False] * lost + [True] * won + [True] * kept)
    return change_of(before, after)


def test_crops_before_after_lost_and_won_are_counted():
    change = changed(lost=3, won=2)
    assert (change.crops, change.before, change.after) == (55, 53, 52)
    assert (change.lost, change.won) == (3, 2)


@pytest.mark.parametrize(
    ("lost", "won", "worse"),
    [(0, 0, False), (3, 2, False), (6, 0, False), (8, 0, True), (40, 10, True), (10, 40, False)],
)
def test_a_network_is_worse_where_a_class_lost_more_than_chance_explains(lost, won, worse):
    others = {name: changed(2, 2) for name in CLASSES[1:]}
    changes = {"simulated": {CLASSES[0]: changed(lost, won), **others}}
    with pytest.raises(DataError) if worse else nullcontext():
        require_no_loss(changes, Path("default"), Path("mine"))


def test_a_loss_is_an_error_that_names_class_kind_and_counts(tmp_path):
    changes = {"test": {"neon": changed(0, 0)}, "simulated": {"nitrogen": changed(40, 0)}}
    with pytest.raises(DataError) as caught:
        require_no_loss(changes, tmp_path / "default", tmp_path / "mine")
    assert "nitrogen (simulated crops: 90 of 90 before, 50 after)" in str(caught.value)
    assert "neon" not in str(caught.value)


def test_the_table_has_a_row_a_class_and_says_where_there_are_no_crops():
    text = comparison_text({"test": {"neon": changed(1, 0)}, "simulated": {}})
    (row,) = [line for line in text.splitlines() if line.startswith("Neon")]
    assert row.split() == ["Neon", "51,", "50", "of", "51", "none"]


@pytest.fixture
def small(monkeypatch, crops_folder, tmp_path):
    """Small simulated files, and a folder with the training data of neon alone."""
    from lib.taxonomy import class_id
    from lib.training.crops.tfrecord import read_tfrecord
    from lib.training.crops.writing import write_tfrecord

    monkeypatch.setattr(s4_train, "MIXED", ("mix.tfrecord", 14, 1))
    monkeypatch.setattr(s4_train, "CHECKED", ("check.tfrecord", 140, 2))
    crops = read_tfrecord(crops_folder / "train.tfrecord")
    neon = [
        record
        for record in zip(crops.images, crops.labels.tolist(), crops.names, strict=True)
        if record[1] == class_id("neon")
    ]
    for name in ("train", "validation", "test"):
        write_tfrecord(tmp_path / f"{name}.tfrecord", neon)
    return tmp_path


def test_init_mixes_simulated_crops_in_goes_slower_and_compares(small, frozen_model, capsys):
    run = small / "run"
    flags = ["--input", small, "--arch", "tiny", "--init", frozen_model, "--epochs", 1]
    assert s4_train.main([str(flag) for flag in (*flags, "--output", run)]) == 0
    record = json.loads((run / "run.json").read_text())
    assert [entry["path"].rsplit("/")[-1] for entry in record["data"]["train"]] == [
        "train.tfrecord",
        "mix.tfrecord",
    ]
    assert record["config"]["learning_rate"] == s4_train.INIT_LEARNING_RATE
    assert record["config"]["rehearsed"] == [record["data"]["train"][1]["path"]]
    assert set(record["compared_with_init"]) == {"test", "simulated"}
    assert (
        sum(change["crops"] for change in record["compared_with_init"]["simulated"].values()) == 140
    )
    out, err = capsys.readouterr()
    assert "no crop of led" in err and "simulated ones stand in" in err
    assert "compared with" in out and out.splitlines()[-1].startswith("next: ")


def test_a_network_that_forgot_a_class_ends_in_an_error_and_names_no_next_command(
    small, finished_run, capsys
):
    flags = ["--input", small, "--arch", "tiny", "--init", finished_run, "--epochs", 20]
    flags += ["--train", small / "train.tfrecord", "--learning-rate", 0.05]
    code = s4_train.main([str(flag) for flag in (*flags, "--output", small / "run")])
    out, err = capsys.readouterr()
    assert code == 1 and "worse than" in err and "next:" not in out
