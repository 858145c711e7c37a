"""Fixtures of training: TFRecords of simulated crops, a tiny network, its run, its frozen model."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def crops_folder(tmp_path_factory) -> Path:
    """A folder with train, validation and test.tfrecord of simulated crops; 8 of 128 unknown."""
    from lib.simulation.crops.crops import simulate_crops
    from lib.training.crops.writing import write_tfrecord

    folder = tmp_path_factory.mktemp("crops")
    for seed, (name, count) in enumerate((("train", 128), ("validation", 64), ("test", 64))):
        (batch,) = simulate_crops(count, seed, unknown_share=1 / 16)
        records = zip(batch.images, batch.labels.tolist(), batch.lamps, strict=True)
        write_tfrecord(folder / f"{name}.tfrecord", records)
    return folder


def tiny(input_shape, classes):
    """Build a network that trains in a second."""
    from keras import Input, Model, layers

    from lib.training.networks.architectures import FEATURES_LAYER, GreyProfile

    image = Input(input_shape, name="x_img")
    x = layers.Conv1D(8, 9, strides=8, activation="relu")(GreyProfile()(image))
    x = layers.Dense(16, activation="relu", name=FEATURES_LAYER)(layers.Flatten()(x))
    return Model(image, layers.Dense(classes, name="logits")(x), name="tiny")


@pytest.fixture(scope="session")
def tiny_network():
    """The name of a network that trains in a second, listed like any other."""
    from lib.training.networks.architectures import ARCHITECTURES

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "tiny", tiny)
        yield "tiny"


@pytest.fixture(scope="session")
def finished_run(crops_folder, tiny_network, tmp_path_factory) -> Path:
    """The folder of a finished training of the tiny network; not to be written to."""
    import s4_train

    folder = tmp_path_factory.mktemp("models") / "run"
    flags = ["--arch", tiny_network, "--epochs", "2", "--batch-size", "32"]
    assert s4_train.main(["--input", str(crops_folder), "--output", str(folder), *flags]) == 0
    return folder


@pytest.fixture(scope="session")
def frozen_model(finished_run, tmp_path_factory) -> Path:
    """The folder of that network frozen; not to be written to."""
    import s5_freeze_pb

    folder = tmp_path_factory.mktemp("frozen") / "model"
    assert s5_freeze_pb.main(["--input", str(finished_run), "--output", str(folder)]) == 0
    return folder
