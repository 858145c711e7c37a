from dataclasses import replace

import numpy as np
import pytest

from lib.certainty import certainty
from lib.paths import DEFAULT_MODEL
from lib.recognition import recognise as recognise_module
from lib.recognition.axis import NoAxis, WavelengthAxis
from lib.recognition.calibration import make_calibration
from lib.recognition.classifier import Classifier, Prediction
from lib.recognition.quality import Quality
from lib.recognition.recognise import recognise
from lib.recognition.rejection import judge, other_lines
from lib.simulation.difficulty import PLAIN
from lib.simulation.photos import simulate_photo
from lib.taxonomy import CLASSES

CARD = {
    "unknown": {
        "score": "largest_logit",
        "slope": 1.0,
        "offset": -3.0,
        "threshold": 0.5,
        "curve": [
            {"threshold": 0.9, "coverage": 0.4, "precision": 0.99},
            {"threshold": 0.6, "coverage": 0.8, "precision": 0.95},
            {"threshold": 0.2, "coverage": 1.0, "precision": 0.80},
        ],
    }
}
GOOD = Quality(
    snr=50.0,
    brightness=0.6,
    clipped_fraction=0.0,
    lines_resolved=5,
    contrast=0.9,
    colour=0.5,
    evidence=1.0,
)


def predicted(largest, **probabilities):
    """A prediction whose largest logit and probabilities are given, the rest shared evenly."""
    rest = (1 - sum(probabilities.values())) / (len(CLASSES) - len(probabilities))
    row = np.array([[probabilities.get(name, rest) for name in CLASSES]], np.float32)
    logits = np.log(row) - np.log(row.max()) + largest
    return Prediction(row, logits, np.zeros((1, 4), np.float32), certainty(logits, CARD["unknown"]))


def but(**changes):
    return Quality(**(GOOD.as_dict() | changes))


def test_a_large_logit_is_named():
    verdict = judge(predicted(5.0, neon=0.95), GOOD, CARD)
    assert verdict.status == "ok" and verdict.reason is None


def test_a_small_logit_is_refused_however_large_its_probability():
    verdict = judge(predicted(1.0, neon=0.99), GOOD, CARD)
    assert verdict.status == "unknown"
    assert verdict.reason.startswith("unlike anything in training") and "neon" in verdict.reason


def test_a_doubt_between_two_classes_names_both():
    verdict = judge(predicted(1.0, neon=0.55, helium=0.4), GOOD, CARD)
    assert verdict.reason == "between neon and helium"


@pytest.mark.parametrize(
    ("quality", "word"),
    [(but(brightness=0.01), "too dark"), (but(clipped_fraction=0.95), "clipped")],
)
def test_poor_light_is_refused_however_sure_the_network_is(quality, word):
    verdict = judge(predicted(9.0, neon=0.99), quality, CARD)
    assert verdict.status == "unknown" and verdict.reason.startswith(word)


def test_a_line_source_needs_lines():
    verdict = judge(predicted(9.0, neon=0.99), but(lines_resolved=1), CARD)
    assert verdict.reason.startswith("too few lines for neon")
    assert judge(predicted(9.0, led=0.99), but(lines_resolved=1), CARD).status == "ok"


def test_an_led_is_not_as_narrow_as_a_line():
    verdict = judge(predicted(9.0, led=0.99), but(width_nm=4.0), CARD)
    assert verdict.status == "unknown" and verdict.reason.startswith("too narrow for an led")
    assert judge(predicted(9.0, led=0.99), but(width_nm=20.0), CARD).status == "ok"
    assert judge(predicted(9.0, led=0.99), but(width_nm=None), CARD).status == "ok"
    assert judge(predicted(9.0, neon=0.99), but(width_nm=4.0), CARD).status == "ok"


def test_a_crop_without_its_photo_passes_the_gates():
    assert judge(predicted(9.0, neon=0.99), None, CARD).status == "ok"


def test_the_wanted_precision_moves_the_threshold_along_the_curve():
    unsure, sure = predicted(3.2, neon=0.9), predicted(6.0, neon=0.9)
    assert judge(unsure, GOOD, CARD).status == "ok"
    assert judge(unsure, GOOD, CARD, min_precision=0.95).status == "unknown"
    assert judge(unsure, GOOD, CARD, min_precision=0.5).status == "ok"
    assert judge(sure, GOOD, CARD, min_precision=0.99).status == "ok"


def test_a_name_refused_only_for_the_wanted_precision_is_told():
    verdict = judge(predicted(3.2, neon=0.9), GOOD, CARD, min_precision=0.95)
    assert verdict.reason == "neon is likely, but less sure than asked"


def test_a_precision_never_reached_names_nothing():
    assert judge(predicted(50.0, neon=0.99), GOOD, CARD, min_precision=1.0).status == "unknown"


def test_certainty_rises_with_the_largest_logit_alone():
    logits = np.array([[1.0, 0.9, 0.8], [2.0, -5.0, -5.0], [3.0, 2.9, 2.9]])
    sure = certainty(logits, CARD["unknown"])
    assert np.all(np.diff(sure) > 0)
    assert sure[2] == pytest.approx(0.5)


def test_a_lamp_whose_lines_leave_the_brightest_over_is_not_named(monkeypatch):
    photo = simulate_photo(np.random.default_rng(1), "neon", **vars(PLAIN))
    classifier = Classifier(DEFAULT_MODEL)
    named = recognise(photo.image, classifier)
    assert (named.status, named.source) == ("ok", "neon") and named.axis.explained > 0.9
    left_over = replace(named.axis, explained=0.4)
    monkeypatch.setattr(recognise_module, "fit_axis", lambda *args, **options: left_over)
    refused = recognise(photo.image, classifier)
    assert (refused.status, refused.source, refused.axis) == ("unknown", None, None)
    assert "neon" in refused.reason
    # What the user says is not called into doubt.
    assert recognise(photo.image, classifier, lamp="neon").status == "ok"


def test_lamps_with_more_lines_than_their_list_may_leave_them_over():
    axis = WavelengthAxis((500.0, 1.0), "x", 0.1, 0.1, (), "linear", "hydrogen", 0, 1, (), 0.4)
    assert other_lines(axis, "neon", 0.99)
    assert other_lines(axis, "hydrogen", 0.99) is None


@pytest.mark.parametrize(
    ("source", "certainty", "probability", "refused"),
    [
        ("neon", 0.5, 0.1, True),
        # A sure name needs no lines, a doubtful one only some: they may be blurred.
        ("neon", 0.9, 0.1, False),
        ("neon", 0.5, 0.4, False),
        ("hydrogen", 0.5, 0.0, True),
        # These show no lines, or lines that nobody could list.
        ("led", 0.5, 0.0, False),
        ("continuum", 0.5, 0.0, False),
        ("nitrogen", 0.5, 0.0, False),
    ],
)
def test_a_doubtful_line_lamp_needs_lines_that_fit(source, certainty, probability, refused):
    why = other_lines(NoAxis("too loosely", probability=probability), source, certainty)
    assert (why is not None) == refused
    assert not refused or source in why


def test_the_name_is_the_same_with_a_calibration(monkeypatch):
    photo = simulate_photo(np.random.default_rng(1), "neon", **vars(PLAIN))
    classifier = Classifier(DEFAULT_MODEL)
    named = recognise(photo.image, classifier)
    calibration = make_calibration(named.axis, photo.image, named.band)
    left_over = replace(named.axis, explained=0.4)
    monkeypatch.setattr(recognise_module, "fit_axis", lambda *args, **options: left_over)
    refused = recognise(photo.image, classifier, calibration=calibration)
    assert (refused.status, refused.source) == ("unknown", None)
    # The wavelengths are the instrument's, whatever the lamp.
    assert refused.axis.coefficients == named.axis.coefficients
