import numpy as np
import pytest

from lib.certainty import certainty
from lib.errors import DataError
from lib.model_card import read_card
from lib.paths import DEFAULT_MODEL
from lib.recognition import recognise as recognise_module
from lib.recognition.axis import NoAxis
from lib.recognition.calibration import make_calibration
from lib.recognition.classifier import Classifier, Prediction
from lib.recognition.quality import Quality
from lib.recognition.recognise import recognise
from lib.recognition.rejection import NameVerdict, judge, shipped_name_verdict
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


@pytest.fixture
def neon():
    return simulate_photo(np.random.default_rng(1), "neon", **vars(PLAIN))


def lines_say(monkeypatch, probability):
    """Let the photo's lines fit with a given probability, and give no axis."""

    def refuse(*args, **options):
        raise NoAxis("the lines do not confirm it", probability=probability)

    monkeypatch.setattr(recognise_module, "fit_axis", refuse)


def test_lines_that_fit_make_a_name_surer_and_lines_that_do_not_less_sure():
    verdict = NameVerdict(certainty=0.7, lines=0.3, offset=-1.0)
    said = [verdict.of(0.6, NoAxis("", probability=p)) for p in (0.0, 0.3, 0.9, 1.0)]
    assert said == sorted(said) and said[0] < 0.2 < 0.5 < said[-1]
    assert verdict.of(0.9, NoAxis("", probability=0.3)) > said[1]


def test_the_shipped_verdict_lets_lines_decide_what_the_classifier_doubts():
    verdict, threshold = shipped_name_verdict(), read_card(DEFAULT_MODEL)["unknown"]["threshold"]
    doubted = threshold
    assert verdict.of(doubted, NoAxis("", probability=0.05)) < threshold
    assert verdict.of(0.97, NoAxis("", probability=0.99)) > threshold


def test_a_lamp_whose_lines_do_not_fit_is_not_named(monkeypatch, neon):
    classifier = Classifier(DEFAULT_MODEL)
    named = recognise(neon.image, classifier)
    assert (named.status, named.source) == ("ok", "neon")
    monkeypatch.setattr(
        recognise_module, "shipped_name_verdict", lambda: NameVerdict(0.1, 2.0, 0.0)
    )
    lines_say(monkeypatch, 0.02)
    refused = recognise(neon.image, classifier)
    assert (refused.status, refused.source, refused.axis) == ("unknown", None, None)
    assert "neon" in refused.reason
    # What the user says is not called into doubt.
    assert recognise(neon.image, classifier, lamp="neon").status == "ok"


def test_the_name_is_the_same_with_a_calibration(monkeypatch, neon):
    classifier = Classifier(DEFAULT_MODEL)
    named = recognise(neon.image, classifier)
    calibration = make_calibration(named.axis, neon.image, named.band)
    monkeypatch.setattr(
        recognise_module, "shipped_name_verdict", lambda: NameVerdict(0.1, 2.0, 0.0)
    )
    lines_say(monkeypatch, 0.02)
    refused = recognise(neon.image, classifier, calibration=calibration)
    assert (refused.status, refused.source) == ("unknown", None)
    # The wavelengths are the instrument's, whatever the lamp.
    assert refused.axis.coefficients == named.axis.coefficients


def test_a_damaged_verdict_is_refused_in_one_line(monkeypatch, tmp_path):
    (tmp_path / "axis").mkdir()
    (tmp_path / "axis" / "names.json").write_text('{"certainty": 1.0}')
    monkeypatch.setattr("lib.recognition.rejection.MODELS", tmp_path)
    with pytest.raises(DataError, match=r"names\.json: not a verdict"):
        shipped_name_verdict.__wrapped__()
