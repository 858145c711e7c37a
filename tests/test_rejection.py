import numpy as np
import pytest

from lib.certainty import certainty
from lib.recognition.advice import ADVICE
from lib.recognition.name.rejection import judge
from lib.recognition.quality import Quality
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
LIMITS = CARD["unknown"]
GOOD = Quality(
    snr=50.0,
    brightness=0.6,
    clipped_fraction=0.0,
    clipped_light=0.0,
    lines_resolved=5,
    contrast=0.9,
    colour=0.5,
    evidence=1.0,
)


def believed(**probabilities):
    """Probabilities of the classes, those not given shared evenly."""
    rest = (1 - sum(probabilities.values())) / (len(CLASSES) - len(probabilities))
    return np.array([probabilities.get(name, rest) for name in CLASSES])


def but(**changes):
    return Quality(**(GOOD.as_dict() | changes))


def test_a_sure_guess_is_named():
    verdict = judge(believed(neon=0.95), 0.9, LIMITS, quality=GOOD)
    assert (verdict.status, verdict.reason, verdict.code) == ("ok", None, None)


def test_an_unsure_guess_is_refused_however_large_its_probability():
    verdict = judge(believed(neon=0.99), 0.3, LIMITS, quality=GOOD)
    assert (verdict.status, verdict.code) == ("unknown", "unlike_known")
    assert "neon lamp is nearest" in verdict.reason


def test_a_doubt_between_two_classes_names_both():
    verdict = judge(believed(neon=0.55, helium=0.4), 0.3, LIMITS, quality=GOOD)
    assert verdict.reason == "neon lamp or helium lamp: the photo does not decide it"
    assert verdict.code == "between_two"


def test_where_clipping_makes_two_classes_alike_it_is_what_to_mend():
    doubted = believed(led=0.6, continuum=0.35)
    verdict = judge(doubted, 0.3, LIMITS, quality=but(clipped_fraction=0.4))
    assert verdict.reason == "LED or continuous light: 40% of the spectrum is clipped"
    assert verdict.code == "clipped"


@pytest.mark.parametrize(
    ("quality", "code"),
    [(but(brightness=0.01), "too_dark"), (but(clipped_fraction=0.95), "clipped")],
)
def test_poor_light_is_refused_however_sure_the_guess_is(quality, code):
    verdict = judge(believed(neon=0.99), 0.999, LIMITS, quality=quality)
    assert (verdict.status, verdict.code) == ("unknown", code)


def test_a_clipped_continuum_may_be_a_white_led_though_a_clipped_led_is_none():
    clipped = but(clipped_fraction=0.3, clipped_light=0.6)
    assert judge(believed(continuum=0.99), 0.99, LIMITS, quality=clipped).status == "ok"
    verdict = judge(believed(continuum=0.99), 0.8, LIMITS, quality=clipped)
    assert verdict.reason == "LED or continuous light: 30% of the spectrum is clipped"
    assert judge(believed(led=0.99), 0.9, LIMITS, quality=clipped).status == "ok"


def test_a_crop_without_its_photo_passes_the_gates():
    assert judge(believed(neon=0.99), 0.99, LIMITS).status == "ok"


def test_the_wanted_precision_moves_the_threshold_along_the_curve():
    neon = believed(neon=0.9)
    assert judge(neon, 0.55, LIMITS).status == "ok"
    assert judge(neon, 0.55, LIMITS, min_precision=0.95).status == "unknown"
    assert judge(neon, 0.25, LIMITS, min_precision=0.5).status == "ok"
    assert judge(neon, 0.95, LIMITS, min_precision=0.99).status == "ok"


def test_a_name_refused_only_for_the_wanted_precision_is_told():
    verdict = judge(believed(neon=0.9), 0.55, LIMITS, min_precision=0.95)
    assert verdict.reason == "neon lamp is likely, but less sure than asked"
    assert verdict.code == "less_sure_than_asked"


def test_a_precision_never_reached_names_nothing():
    assert judge(believed(neon=0.99), 0.9999, LIMITS, min_precision=1.0).status == "unknown"


@pytest.mark.parametrize("code", ADVICE)
def test_every_reason_says_what_to_do(code):
    assert ADVICE[code] and all(sentence.endswith(".") for sentence in ADVICE[code])


def test_certainty_rises_with_the_largest_logit_alone():
    logits = np.array([[1.0, 0.9, 0.8], [2.0, -5.0, -5.0], [3.0, 2.9, 2.9]])
    sure = certainty(logits, CARD["unknown"])
    assert np.all(np.diff(sure) > 0)
    assert sure[2] == pytest.approx(0.5)
