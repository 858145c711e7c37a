import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.special import softmax

from lib.errors import DataError
from lib.files import sha256
from lib.recognition.name.classifier import BATCH_CROPS, Classifier


@pytest.fixture(scope="module")
def crops():
    return np.random.default_rng(0).integers(0, 256, (150, 15, 480, 3), dtype=np.uint8)


@pytest.fixture
def own_model(frozen_model, tmp_path):
    """A copy of the frozen model that a test may change."""
    return shutil.copytree(frozen_model, tmp_path / "model")


def set_in_card(folder, place, value):
    """Set a part of model.json, named by its path."""
    card = json.loads((folder / "model.json").read_text())
    part = card
    for name in place[:-1]:
        part = part[name]
    part[place[-1]] = value
    (folder / "model.json").write_text(json.dumps(card))


def edit_card(folder, **changes):
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_predictions_are_probabilities_logits_and_features(frozen_model, crops):
    classifier = Classifier(frozen_model)
    prediction = classifier.predict(crops)
    assert prediction.probabilities.shape == (150, 7) and prediction.features.shape == (150, 16)
    expected = softmax(prediction.logits / classifier.card["temperature"], axis=1)
    assert prediction.probabilities == pytest.approx(expected, abs=1e-6)


def test_a_crop_s_answer_does_not_depend_on_its_batch(frozen_model, crops):
    classifier = Classifier(frozen_model)
    assert len(crops) > 2 * BATCH_CROPS
    together = classifier.predict(crops)
    alone = classifier.predict(crops[140:141])
    assert alone.logits == pytest.approx(together.of(140).logits, abs=1e-5)


def test_no_crops_give_no_answers(frozen_model, crops):
    prediction = Classifier(frozen_model).predict(crops[:0])
    assert prediction.probabilities.shape == (0, 7) and prediction.features.shape == (0, 16)


def test_threads_may_share_a_classifier(frozen_model, crops):
    classifier = Classifier(frozen_model)
    expected = classifier.predict(crops).logits
    with ThreadPoolExecutor(8) as pool:
        for prediction in pool.map(classifier.predict, [crops] * 24):
            assert (prediction.logits == expected).all()


@pytest.mark.parametrize("shape", [(1, 15, 480), (15, 480, 3), (1, 16, 480, 3)])
def test_crops_of_another_shape_are_refused(frozen_model, shape):
    with pytest.raises(ValueError, match=r"expected uint8 crops of shape \(n, 15, 480, 3\)"):
        Classifier(frozen_model).predict(np.zeros(shape, np.uint8))


def test_floats_are_refused(frozen_model, crops):
    with pytest.raises(ValueError, match=r"received float64"):
        Classifier(frozen_model).predict(crops / 255)


def test_a_changed_model_is_refused(own_model):
    data = bytearray((own_model / "model.tflite").read_bytes())
    data[-1] ^= 1
    (own_model / "model.tflite").write_bytes(data)
    with pytest.raises(DataError, match=r"model.tflite: expected the file with SHA-256"):
        Classifier(own_model)


@pytest.mark.parametrize(
    ("name", "message"),
    [("model.tflite", "model.tflite: no such file"), ("model.json", "trained, but not frozen")],
)
def test_a_missing_file_is_named(own_model, name, message):
    (own_model / name).unlink()
    with pytest.raises(DataError, match=message):
        Classifier(own_model)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": ["led", "neon"]}, r"expected classes \['led', 'cfl_hg'"),
        ({"input": {"shape": [20, 480, 3], "scaling": "RGB / 255"}}, r"expected input shape"),
        ({"input": {"shape": [15, 480, 3], "scaling": "BGR"}}, r"expected input scaling"),
        ({"outputs": {"ArgMax_4": {"shape": [7]}}}, r"expected outputs \['features', 'logits'"),
        ({"files": {}}, r"says nothing of model.tflite"),
    ],
)
def test_a_card_that_does_not_match_is_refused(own_model, changes, message):
    edit_card(own_model, **changes)
    with pytest.raises(DataError, match=rf"model.json: .*{message}"):
        Classifier(own_model)


NAN, HUGE = float("nan"), 10**400


@pytest.mark.parametrize(
    ("place", "value"),
    [
        *((["temperature"], value) for value in (0, -1.0, NAN, "1", None, HUGE, [1.0])),
        *((["unknown", "slope"], value) for value in ("steep", NAN, HUGE, None)),
        *((["unknown", "threshold"], value) for value in (NAN, 2.0, "0.5")),
        *((["unknown", "curve"], value) for value in ([], {}, [1], [{"threshold": 0.5}])),
        *(([part], []) for part in ("input", "outputs", "unknown", "files")),
        (["files", "model.tflite"], "51ade926"),
        (["files", "model.tflite", "sha256"], 5),
        (["files", "model.tflite", "bytes"], HUGE),
        (["outputs", "features"], None),
        (["outputs", "features", "shape"], []),
        (["outputs", "features", "shape"], [HUGE]),
        (["classes"], 7),
        (["version"], ["compact"]),
        (["test"], []),
        (["test", "accuracy_ci95"], [0.5]),
    ],
)
def test_a_card_with_a_part_of_another_kind_is_refused_in_one_line(own_model, place, value):
    set_in_card(own_model, place, value)
    with pytest.raises(DataError, match=rf"model.json: {'.'.join(place)}[.:]") as refused:
        Classifier(own_model)
    assert len(str(refused.value).splitlines()) == 1 and len(str(refused.value)) < 400


@pytest.mark.parametrize(
    ("place", "value"),
    [
        *((["unknown", "slope"], value) for value in ("steep", NAN, HUGE, None)),
        *(([part], []) for part in ("input", "outputs", "unknown", "files")),
        (["files", "model.tflite", "sha256"], 5),
        (["outputs", "features"], None),
        (["classes"], 7),
        (["version"], ["compact"]),
    ],
)
def test_a_command_that_reads_only_what_it_needs_of_a_card_refuses_it_in_the_same_words(
    own_model, place, value
):
    set_in_card(own_model, place, value)
    said = []
    for whole in (True, False):
        with pytest.raises(DataError) as refused:
            Classifier(own_model, whole_card=whole)
        said.append(str(refused.value))
    assert said[0] == said[1]


def test_what_predicting_does_not_need_of_a_card_may_be_damaged(own_model, crops):
    set_in_card(own_model, ["test"], "lost")
    prediction = Classifier(own_model, whole_card=False).predict(crops)
    assert prediction.probabilities.shape == (len(crops), 7)


@pytest.mark.parametrize("text", ['{"a": ' + "1" * 5000 + "}", "[" * 10**5, "[]", "\xff", ""])
def test_a_card_that_is_no_json_object_is_refused_in_one_line(own_model, text):
    (own_model / "model.json").write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match=r"model.json: ") as refused:
        Classifier(own_model)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("share", [None, NAN])
def test_a_model_that_named_nothing_of_its_test_can_be_used(own_model, share):
    card = json.loads((own_model / "model.json").read_text())
    card["test"] = (card.get("test") or {}) | {"selective_precision": share}
    (own_model / "model.json").write_text(json.dumps(card))
    assert Classifier(own_model).card["test"]["selective_precision"] is None


def test_a_card_without_a_key_is_refused(own_model):
    card = json.loads((own_model / "model.json").read_text())
    del card["temperature"]
    (own_model / "model.json").write_text(json.dumps(card))
    with pytest.raises(DataError, match=r"model.json: temperature: missing"):
        Classifier(own_model)


def test_a_file_that_is_no_model_is_refused_even_if_listed(own_model):
    (own_model / "model.tflite").write_bytes(b"not a model at all, but hashed as one")
    digest = sha256(own_model / "model.tflite")
    edit_card(own_model, files={"model.tflite": {"sha256": digest, "bytes": 37}})
    with pytest.raises(DataError, match=r"model.tflite: no LiteRT model"):
        Classifier(own_model)


def test_features_of_another_size_are_refused(own_model):
    card = json.loads((own_model / "model.json").read_text())
    card["outputs"]["features"]["shape"] = [99]
    (own_model / "model.json").write_text(json.dumps(card))
    with pytest.raises(DataError, match=r"model.tflite: expected outputs .*99"):
        Classifier(own_model)
