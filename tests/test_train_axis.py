"""The axis network's training, tiny, from crops to a frozen network; and its examples."""

import json

import keras
import numpy as np
import pytest

import train_axis
from lib.recognition.lite_network import LiteNetwork
from lib.recognition.reading import CHANNELS, COLUMNS, NM_ORIGIN, NM_UNIT, PLACES
from lib.simulation.lamps import LAMPS
from lib.training.axis_examples import as_in_photos
from lib.training.axis_network import axis_loss, turned


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("axis")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_axis, "VALIDATION_CROPS", 128)
        argv = ["network", "--crops", "256", "--epochs", "1", "--jobs", "1"]
        argv += ["--cache", str(folder / "crops"), "--output", str(folder / "axis")]
        assert train_axis.main(argv) == 0
        assert train_axis.main(argv) == 1
    return folder / "axis"


@pytest.mark.slow
def test_a_tiny_training_ends_in_a_frozen_network_with_its_card(trained):
    card = json.loads((trained / "axis.json").read_text())
    assert card["training"] == json.loads((trained / "training.json").read_text())
    assert card["training"]["crops"] == 256
    assert set(card["validation"]["median_error_nm"]) <= set(LAMPS)
    network = LiteNetwork(trained)
    view = np.random.default_rng(0).random((COLUMNS, CHANNELS)).astype(np.float32)
    said = network.run(view)
    assert said.shape == (PLACES, 2)
    kept = keras.models.load_model(trained / "axis.keras", compile=False)
    assert said == pytest.approx(kept.predict(view[None], verbose=0)[0], abs=0.02)


def test_examples_are_those_of_their_seed():
    first, second = (train_axis.make_examples(64, 3) for _ in range(2))
    assert all(
        np.array_equal(a, b, equal_nan=True) for a, b in zip(first[:2], second[:2], strict=True)
    )
    views, nm, lamps = first
    assert views.shape == (64, COLUMNS, CHANNELS - 1) and nm.shape == (64, PLACES)
    assert set(lamps) <= set(train_axis.SHARES)
    known = NM_ORIGIN + NM_UNIT * nm[np.isfinite(nm)]
    assert known.min() >= train_axis.SEEN_NM[0] and known.max() <= train_axis.SEEN_NM[1]


def test_bands_are_turned_round_with_their_wavelengths():
    views = np.arange(24.0).reshape(2, 4, 3)
    nm = np.array([[1.0, 2.0], [3.0, 4.0]])
    told, back = np.array([True, False]), np.array([False, True])
    seen, wanted = turned(views, nm, told, back)
    assert seen[:, 0, -1].tolist() == [1.0, 0.0]
    assert np.array_equal(seen[1, :, :3], views[1, ::-1]) and wanted.tolist() == [[1, 2], [4, 3]]


def test_the_loss_leaves_out_places_without_a_wavelength():
    truth = np.array([[0.5, np.nan]], np.float32)
    output = np.array([[[0.5, -2.0], [90.0, 5.0]]], np.float32)
    assert float(axis_loss(truth, output)[0]) == pytest.approx(-1.0)


def test_profiles_as_in_photos_stay_profiles():
    profiles = np.tile(np.linspace(0, 255, COLUMNS, dtype=np.float32)[None, :, None], (300, 1, 3))
    profiles[..., 2] *= 0.5
    shown = as_in_photos(np.random.default_rng(0), profiles)
    assert shown.shape == profiles.shape and shown.min() >= 0 and shown.max() <= 255
    grey = (np.ptp(shown, axis=2).max(axis=1) < 1e-3).mean()
    same = (shown == profiles).all(axis=(1, 2)).mean()
    assert 0.04 < grey < 0.2 and 0.2 < same < 0.7


@pytest.mark.slow
def test_a_verdict_of_few_photos_is_refused(tmp_path):
    argv = ["--photos", "4", "--jobs", "1", "--output", str(tmp_path)]
    assert train_axis.main(["verdict", *argv]) == 1
    assert train_axis.main(["names", *argv]) == 1
    assert not list(tmp_path.iterdir())
