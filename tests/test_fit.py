from dataclasses import replace

import keras
import numpy as np
import pytest

from lib.errors import DataError
from lib.model_card import KERAS_NAME
from lib.training.networks.config import TrainConfig
from lib.training.runs import fitting
from lib.training.runs.classifier import compiled_network, train
from lib.training.runs.fitting import LAST_NAME, read_history


@pytest.fixture
def config(tiny_network):
    return TrainConfig(arch=tiny_network, epochs=3, batch_size=32, patience=3)


@pytest.fixture
def learn(crops_folder, tmp_path):
    """Train on the shared crops, into a folder of this test."""

    def run(config, *, resume=False, folder="run"):
        files = [crops_folder / "train.tfrecord"]
        validation = crops_folder / "validation.tfrecord"
        (tmp_path / folder).mkdir(exist_ok=True)
        return train(config, files, validation, tmp_path / folder, resume=resume)

    return run


def test_epochs_and_steps_are_two_ways_to_say_how_long():
    assert TrainConfig(epochs=3, batch_size=100).rounds(1001) == (3, 11)
    assert TrainConfig(steps=25, batch_size=100).rounds(1000) == (3, 9)
    assert TrainConfig(steps=5, batch_size=100).rounds(1000) == (1, 5)


def test_loss_can_fall_below_the_floor_of_a_double_softmax(config):
    """Second mistake of nnSIC: softmax twice keeps the loss of 7 classes above 1.165."""
    loss = compiled_network(config, 10).loss
    certain = np.eye(7, dtype=np.float32)
    assert float(loss(certain, 30 * certain)) < 1e-6
    assert float(loss(certain, certain)) == pytest.approx(1.165, abs=1e-3)


@pytest.mark.slow
def test_training_learns_and_records_every_epoch(config, learn, tmp_path):
    history = learn(config)
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert [row["step"] for row in history] == [4, 8, 12]
    assert history == read_history(tmp_path / "run" / "history.csv")
    assert list(history[0]) == [
        "epoch",
        "step",
        "seconds",
        "learning_rate",
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
    ]
    assert history[-1]["loss"] < history[0]["loss"]
    assert history[-1]["learning_rate"] == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
def test_best_and_last_weights_are_both_kept(config, learn, tmp_path):
    history = learn(config)
    last = keras.models.load_model(tmp_path / "run" / LAST_NAME)
    assert int(last.optimizer.iterations) == 12
    best = keras.models.load_model(tmp_path / "run" / KERAS_NAME)
    if min(history, key=lambda row: row["val_loss"]) is history[-1]:
        pairs = zip(best.weights, last.weights[: len(best.weights)], strict=True)
        assert all((np.asarray(a) == np.asarray(b)).all() for a, b in pairs)
    assert getattr(best, "optimizer", None) is None
    assert (tmp_path / "run" / KERAS_NAME).stat().st_size < (
        tmp_path / "run" / LAST_NAME
    ).stat().st_size


@pytest.mark.slow
def test_the_seed_decides_a_training(config, learn):
    one, same, other = (
        learn(replace(config, epochs=1, seed=seed), folder=folder)
        for seed, folder in ((1, "a"), (1, "b"), (2, "c"))
    )
    assert one[0]["val_loss"] == pytest.approx(same[0]["val_loss"], rel=1e-4)
    assert one[0]["val_loss"] != pytest.approx(other[0]["val_loss"], rel=1e-4)


@pytest.mark.slow
def test_an_interrupted_training_ends_as_one_that_was_not(config, learn, tmp_path, monkeypatch):
    path_of = fitting.atomic_path

    def killed_in_epoch_2(path):
        if path.name == LAST_NAME and len(read_history(path.with_name("history.csv"))) == 2:
            raise KeyboardInterrupt
        return path_of(path)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(fitting, "atomic_path", killed_in_epoch_2)
        learn(config)
    before = keras.models.load_model(tmp_path / "run" / LAST_NAME)
    assert int(before.optimizer.iterations) == 4

    history = learn(config, resume=True)
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert [row["step"] for row in history] == [4, 8, 12]
    assert history == read_history(tmp_path / "run" / "history.csv")
    seconds = [row["seconds"] for row in history]
    assert seconds == sorted(seconds)
    after = keras.models.load_model(tmp_path / "run" / LAST_NAME)
    assert int(after.optimizer.iterations) == 12
    whole = learn(config, folder="whole")
    for name in ("loss", "val_loss"):
        assert [row[name] for row in history] == pytest.approx([row[name] for row in whole], 1e-4)


@pytest.mark.slow
def test_a_training_interrupted_before_its_first_epoch_starts_afresh(config, learn):
    assert len(learn(replace(config, epochs=1), resume=True)) == 1


@pytest.mark.slow
def test_a_whole_training_is_not_trained_again(config, learn, monkeypatch):
    history = learn(replace(config, epochs=1))
    monkeypatch.setattr(keras.Model, "fit", None)
    assert learn(replace(config, epochs=1), resume=True) == history


@pytest.mark.slow
def test_training_stops_where_validation_stops_improving(config, learn):
    # A rate of zero improves nothing: the first epoch stays the best.
    history = learn(replace(config, epochs=9, patience=2, learning_rate=0.0, weight_decay=0.0))
    assert len(history) == 3


@pytest.mark.slow
def test_a_diverged_training_says_so(config, learn):
    with pytest.raises(DataError, match=r"the loss became .*lower --learning-rate"):
        learn(replace(config, learning_rate=1e30, warmup=0.0))


@pytest.mark.slow
def test_fine_tuning_starts_from_the_given_weights(config, learn, tmp_path):
    learn(config)
    network = compiled_network(replace(config, init=str(tmp_path / "run")), 10)
    best = keras.models.load_model(tmp_path / "run" / KERAS_NAME)
    pairs = zip(network.weights, best.weights, strict=True)
    assert all((np.asarray(a) == np.asarray(b)).all() for a, b in pairs)
    assert network.optimizer.weight_decay == config.weight_decay


@pytest.mark.slow
def test_tensorboard_gets_what_the_history_has(config, learn, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    learn(replace(config, epochs=1))
    logs = tmp_path / "run" / "logs"
    tags = set()
    for folder in logs.iterdir():
        events = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
        tags |= {(folder.name, tag) for tag in events.Tags()["tensors"]}
    assert {
        ("train", "epoch_loss"),
        ("train", "epoch_learning_rate"),
        ("validation", "epoch_loss"),
        ("validation", "epoch_accuracy"),
    } <= tags
