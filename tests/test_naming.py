"""Names: what classifier and reader say, as one."""

import numpy as np
import pytest

from lib.errors import DataError
from lib.paths import DEFAULT_MODEL
from lib.recognition.instrument import instrument_of
from lib.recognition.name import naming
from lib.recognition.name.classifier import Classifier, Prediction
from lib.recognition.name.naming import name_evidence, name_probabilities, shipped_names
from lib.recognition.reading import PLACES, Reading, shipped_reader
from lib.recognition.recognise import recognise
from lib.simulation.photos.difficulty import PLAIN
from lib.simulation.photos.photos import simulate_photo
from lib.taxonomy import CLASSES, LAMP_NAMES
from lib.training.recipes.confidence import KnownPhoto, fit_names


def predicted(certainty=0.9, **classes):
    rest = (1 - sum(classes.values())) / (len(CLASSES) - len(classes))
    probabilities = np.array([[classes.get(name, rest) for name in CLASSES]], np.float32)
    return Prediction(probabilities, np.log(probabilities), np.zeros((1, 4)), np.array([certainty]))


def read(**kinds):
    known = shipped_reader().card["kinds"]
    rest = (1 - sum(kinds.values())) / (len(known) - len(kinds))
    t = np.linspace(-1, 1, PLACES)
    every = {name: kinds.get(name, rest) for name in known}
    return Reading(t, 550 + 150 * t, np.ones(PLACES), every)


def test_a_name_that_both_give_is_surer_than_either():
    of_class, _ = name_probabilities(predicted(neon=0.8), read(neon=0.8))
    assert CLASSES[int(of_class.argmax())] == "neon" and of_class.max() > 0.9


def test_lamps_of_one_class_add_up():
    of_class, lamps = name_probabilities(
        predicted(cfl_hg=0.9), read(mercury=0.4, triphosphor=0.3, halophosphate=0.25)
    )
    assert of_class[CLASSES.index("cfl_hg")] > 0.95
    assert lamps["fluorescent"] > lamps["mercury"] > 0.3


def test_a_lamp_of_no_class_is_named_where_the_classifier_has_no_name_either():
    evidence = name_evidence(predicted(0.02, led=0.9), read(sodium_low=0.6, sodium_high=0.39))
    assert evidence.certainty < 0.1
    assert evidence.sure_lamp().title == "Sodium lamp"
    assert name_evidence(predicted(0.5), read(mixture=0.9)).sure_lamp() is None


def test_certainty_rises_with_the_probability():
    sure = [shipped_names().certainty(probability) for probability in (0.0, 0.1, 0.5, 0.9, 1.0)]
    assert sure == sorted(sure) and sure[0] < 0.1 and sure[-1] > 0.9


def test_every_lamp_that_has_a_name_is_one_that_the_reader_knows():
    known = set(shipped_reader().card["kinds"])
    assert all(set(lamp.kinds) <= known for lamp in LAMP_NAMES)


def test_the_fitted_threshold_gives_right_names_and_refuses_others():
    rng, known = np.random.default_rng(0), []
    for _ in range(3000):
        lamp = str(rng.choice(["neon", "helium", "krypton", "argon"]))
        clear = rng.random()
        of_class = np.full(len(CLASSES), 0.01)
        guess = lamp if rng.random() < 0.4 + 0.6 * clear else "neon"
        if guess in CLASSES:
            of_class[CLASSES.index(guess)] = 0.3 + 0.69 * clear
        lamps = {one.name: 0.001 for one in LAMP_NAMES} | {guess: 0.3 + 0.69 * clear}
        known.append(KnownPhoto(lamp, of_class, lamps, None))
    card = fit_names(known)
    assert card["named"]["of_these_right"] > 0.95
    assert card["named"]["of_the_classes"] > 0.15
    assert card["named"]["unknown_refused"] > 0.5
    assert card["named"]["other_lamps_by_name"] > 0.1
    assert card["slope"] > 0


@pytest.fixture(scope="module")
def neon():
    return simulate_photo(np.random.default_rng(4), "neon", **vars(PLAIN))


def test_a_guess_that_the_reader_doubts_is_not_named(monkeypatch, neon):
    classifier = Classifier(DEFAULT_MODEL)
    named = recognise(neon.image, classifier)
    assert (named.status, named.source) == ("ok", "neon")
    assert named.lamp.name == "neon"
    instrument = instrument_of(named.axis, neon.image, named.band)
    said = naming.name_probabilities

    def doubting(prediction, reading):
        of_class, lamps = said(prediction, reading)
        return 0.02 * of_class, dict.fromkeys(lamps, 0.01)

    monkeypatch.setattr(naming, "name_probabilities", doubting)
    refused = recognise(neon.image, classifier)
    assert (refused.status, refused.source, refused.axis) == ("unknown", None, None)
    assert "neon" in refused.reason
    # What the user says is not called into doubt.
    assert recognise(neon.image, classifier, lamp="neon").status == "ok"
    # Wavelengths are the instrument's, whatever the lamp.
    refused = recognise(neon.image, classifier, instrument=instrument)
    assert (refused.status, refused.source) == ("unknown", None)
    assert refused.axis.coefficients == named.axis.coefficients


def test_a_lamp_of_no_class_is_told_by_name_with_its_wavelengths():
    photo = simulate_photo(np.random.default_rng(2), "krypton", **vars(PLAIN))
    answer = recognise(photo.image, Classifier(DEFAULT_MODEL)).to_json("krypton.jpg")
    assert (answer["status"], answer["source"]) == ("unknown", None)
    assert answer["lamp"]["name"] == "krypton"
    assert "none of the 7 classes" in answer["reason"]
    assert answer["wavelength"]["lamp"] == "krypton"


def test_a_told_lamp_that_the_light_contradicts_gives_no_axis(neon):
    answer = recognise(neon.image, Classifier(DEFAULT_MODEL), lamp="xenon").to_json("neon.jpg")
    assert "told_lamp_contradicts" in [one["code"] for one in answer["remarks"]]
    assert answer["wavelength"] is None and "neon" in answer["reason"]
    # Argon in a neon lamp is no contradiction.
    answer = recognise(neon.image, Classifier(DEFAULT_MODEL), lamp="neon+argon").to_json("neon.jpg")
    assert "told_lamp_contradicts" not in [one["code"] for one in answer["remarks"]]


def test_a_damaged_card_is_refused_in_one_line(monkeypatch, tmp_path):
    (tmp_path / "reader").mkdir()
    (tmp_path / "reader" / "names.json").write_text('{"slope": 1}')
    monkeypatch.setattr(naming, "MODELS", tmp_path)
    with pytest.raises(DataError, match=r"names\.json: not the confidence of names"):
        shipped_names.__wrapped__()
