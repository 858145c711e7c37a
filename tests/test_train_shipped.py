"""Every training of what ships, tiny, from simulation to a frozen network with its card."""

import json
import shutil

import keras
import numpy as np
import pytest

import train_shipped
from lib.litert import open_network
from lib.model_card import CARD_NAME, read_card
from lib.paths import DEFAULT_MODEL, MODELS
from lib.recognition.reading import CHANNELS, COLUMNS, NM_ORIGIN, NM_UNIT, PLACES
from lib.simulation.crops.strips import STRIPS
from lib.simulation.lamps.catalogue import LAMPS
from lib.taxonomy import CLASSES
from lib.training.examples import band_views, reader_bands, trace_lines
from lib.training.examples.crop_profiles import as_in_photos
from lib.training.freezing.frozen import load_network
from lib.training.networks.reader import turned, wavelength_loss
from lib.training.recipes import classifier, everything
from lib.training.recipes.confidence import MIN_PHOTOS
from lib.training.runs.fitting import save_network


def train(what, output, *argv):
    return train_shipped.main([what, "--output", str(output), *argv])


@pytest.mark.slow
@pytest.mark.thorough
def test_a_tiny_reader_training_ends_in_a_frozen_network_with_its_card(tmp_path, monkeypatch):
    monkeypatch.setattr(reader_bands, "SHARD", 128)
    output, argv = tmp_path / "reader", ["--crops", "256", "--epochs", "1", "--jobs", "1"]
    argv += ["--cache", str(tmp_path / "crops")]
    assert train("reader", output, *argv) == 0
    assert train("reader", output, *argv) == 1
    card = json.loads((output / "reader.json").read_text())
    (made,) = card["rounds"]
    assert made["examples"] == 256
    assert set(card["validation"]["median_error_nm"]) <= set(card["kinds"])
    assert set(card["kinds"].values()) == {*CLASSES, None}
    network = open_network(output)
    view = np.random.default_rng(0).random((1, COLUMNS, CHANNELS)).astype(np.float32)
    said = network.predict(view)
    assert said["places"].shape == (1, PLACES, 2) and said["lamp"].shape == (1, len(card["kinds"]))
    # One that was trained elsewhere, without TensorFlow, is frozen by a command of its own.
    elsewhere = tmp_path / "elsewhere" / "reader"
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    argv += ["--start", str(output), "--known-only"]
    assert train("reader", elsewhere, *argv) == 0
    monkeypatch.undo()
    assert train("freeze", elsewhere) == 0
    first, second = open_network(elsewhere).card["rounds"]
    assert second["known_only"] and not first.get("known_only")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "making"),
    [("band", band_views), pytest.param("trace", trace_lines, marks=pytest.mark.thorough)],
)
def test_a_tiny_training_on_photos_ends_in_a_frozen_network(tmp_path, monkeypatch, what, making):
    monkeypatch.setattr(making, "SHARD", 24)
    argv = ["--photos", "48", "--epochs", "1", "--jobs", "1", "--cache", str(tmp_path / "cache")]
    assert train(what, tmp_path / what, *argv) == 0
    assert open_network(tmp_path / what).card["validation"]
    # A second round goes on from what the first one froze.
    argv += ["--start", str(tmp_path / what), "--rate", "1e-3", "--overwrite"]
    assert train(what, tmp_path / what, *argv) == 0
    assert len(open_network(tmp_path / what).card["rounds"]) == 2


@pytest.mark.parametrize("what", ["band", "trace"])
def test_a_start_that_is_not_there_or_not_the_frozen_one_is_refused_at_once(what, tmp_path, capsys):
    start, cache = tmp_path / what, tmp_path / "cache"
    argv = ["--start", str(start), "--cache", str(cache), "--jobs", "1"]
    assert train(what, tmp_path / "new", *argv) == 1
    assert f"{what}.json" in capsys.readouterr().err
    shutil.copytree(MODELS / what, start)
    card = json.loads((start / f"{what}.json").read_text())
    (start / f"{what}.json").write_text(json.dumps(card | {"sha256": "0" * 64}))
    assert train(what, tmp_path / "new", *argv) == 1
    assert f"{what}.tflite" in capsys.readouterr().err
    assert not cache.exists()


def test_the_confidence_of_few_photos_is_refused(tmp_path):
    assert train("confidence", tmp_path, "--photos", "4", "--jobs", "1") == 1
    assert not list(tmp_path.iterdir())


@pytest.fixture
def made(monkeypatch):
    """What is trained, with what, in its order; nothing is."""
    calls = []
    for name in ("make_network", "make_classifier", "make_confidence"):

        def make(*args, name=name, **options):
            calls.append((args[0] if name == "make_network" else name, options))

        monkeypatch.setattr(everything, name, make)
    return calls


@pytest.mark.parametrize("from_nothing", [False, True])
def test_all_trains_each_network_on_what_was_made_before(made, tmp_path, from_nothing):
    flags = ["--work", str(tmp_path), "--share", "0.01", "--jobs", "1"]
    flags += ["--from-nothing"] if from_nothing else []
    assert train_shipped.main(["all", "--overwrite", *flags]) == 0
    names, options = zip(*made, strict=True)
    assert names == ("band", "trace", "reader", "make_classifier", "make_confidence")
    for name, given in zip(names[:4], options[:4], strict=True):
        folder = MODELS / ("default" if name == "make_classifier" else name)
        assert given["start"] == (None if from_nothing else folder)
    assert options[-1]["photos"] == MIN_PHOTOS
    assert not list(tmp_path.iterdir())


def test_all_replaces_nothing_by_accident(made, tmp_path, capsys):
    assert train_shipped.main(["all"]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert train("all", tmp_path, "--overwrite") == 1
    assert "SPECTRUM_MODELS" in capsys.readouterr().err
    assert not made


def test_a_classifier_that_went_on_is_halfway_to_where_it_started(tmp_path):
    start, end = DEFAULT_MODEL / "model.keras", tmp_path / "model.keras"
    before = load_network(start)
    ended = load_network(start)
    ended.set_weights([weight + 1 for weight in ended.get_weights()])
    save_network(ended, end)
    classifier.meet_halfway(end, start)
    for one, other in zip(load_network(end).get_weights(), before.get_weights(), strict=True):
        assert one == pytest.approx(other + 0.5, abs=1e-5)


@pytest.mark.slow
def test_one_command_makes_a_classifier_and_another_goes_on_from_it(tmp_path):
    argv = ["--work", str(tmp_path / "work"), "--jobs", "1"]
    argv += ["--crops", "150", "--unknown", "40", "--check", "60", "--epochs", "1", "--cuts", "14"]
    assert train("classifier", tmp_path / "first", *argv, "--teachers", "1", "1") == 0
    argv += ["--start", str(tmp_path / "first"), "--overwrite", "--teachers", "1"]
    assert train("classifier", tmp_path / "model", *argv) == 0
    card = read_card(tmp_path / "model")
    assert card["architecture"] == "compact"
    assert {"model.pb", "model.tflite", "model.keras"} <= set(card["files"])


def test_a_model_that_is_there_is_not_replaced_by_accident(tmp_path, capsys):
    (tmp_path / CARD_NAME).write_text("{}")
    assert train("classifier", tmp_path, "--work", str(tmp_path / "work")) == 1
    assert "already exists" in capsys.readouterr().err
    assert not (tmp_path / "work").exists()


def test_examples_are_those_of_their_seed():
    first, second = (reader_bands.simulate_bands(64, 3) for _ in range(2))
    for name in ("views", "nm"):
        assert np.array_equal(first[name], second[name], equal_nan=True)
    views, nm, kinds = first.values()
    assert views.shape == (64, COLUMNS, CHANNELS - 1) and nm.shape == (64, PLACES)
    assert kinds.max() < len(reader_bands.KINDS)
    known = NM_ORIGIN + NM_UNIT * nm[np.isfinite(nm)]
    assert known.min() >= reader_bands.SEEN_NM[0] and known.max() <= reader_bands.SEEN_NM[1]


def test_a_copy_that_has_met_no_held_out_kind_is_never_shown_one():
    every, known = reader_bands.shares(), reader_bands.shares(held_out=False)
    assert sum(every.values()) == pytest.approx(1) and sum(known.values()) == pytest.approx(1)
    left_out = set(every) - set(known)
    assert {"laser", "sodium_low", "krypton"} <= left_out
    assert all(one.held_out for name, one in (LAMPS | STRIPS).items() if name in left_out)


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
    assert float(wavelength_loss(truth, output)[0]) == pytest.approx(-1.0)


def test_profiles_as_in_photos_stay_profiles():
    profiles = np.tile(np.linspace(0, 255, COLUMNS, dtype=np.float32)[None, :, None], (300, 1, 3))
    profiles[..., 2] *= 0.5
    shown = as_in_photos(np.random.default_rng(0), profiles)
    assert shown.shape == profiles.shape and shown.min() >= 0 and shown.max() <= 255
    grey = (np.ptp(shown, axis=2).max(axis=1) < 1e-3).mean()
    same = (shown == profiles).all(axis=(1, 2)).mean()
    assert 0.04 < grey < 0.2 and 0.2 < same < 0.7
