"""What is advised follows from what is known."""

import numpy as np
import pytest

from lib.paths import DEFAULT_MODEL
from lib.recognition.advice import ADVICE, UNREADABLE, advice_on
from lib.recognition.instrument import instrument_of
from lib.recognition.name.classifier import kept_classifier
from lib.recognition.recognise import recognise
from tests.support.rows import photo_of_rows


@pytest.mark.parametrize("code", ADVICE)
def test_clipped_light_is_never_told_to_be_exposed_longer(code):
    assert not any("longer" in sentence for sentence in advice_on(code, clipped=True))


@pytest.mark.parametrize("code", ADVICE)
def test_a_told_lamp_is_never_asked_for(code):
    assert not any("name it" in one or "name the lamp" in one for one in advice_on(code, told=True))


@pytest.mark.parametrize("code", ADVICE)
def test_where_nothing_is_known_all_is_said(code):
    assert advice_on(code) == ADVICE[code]


@pytest.mark.parametrize("code", sorted(set(ADVICE) - {UNREADABLE}))
def test_who_calibrates_is_told_of_another_lamp_and_never_to_calibrate_first(code):
    sentences = advice_on(code, calibrating=True)
    assert sentences[-1].startswith("Photograph a fluorescent")
    assert not any("that instrument" in one or "an instrument" in one for one in sentences)


def test_without_a_reason_nothing_is_advised():
    assert advice_on(None, clipped=True, told=True) == ()


def test_an_answer_knows_what_is_clipped_and_told():
    image = photo_of_rows(("neon", -40, 40))
    classifier = kept_classifier(str(DEFAULT_MODEL))
    told = recognise(image, classifier, lamp="mercury")
    assert told.axis is None and told.advice
    assert not any("name it" in sentence for sentence in told.advice)


def test_an_instrument_that_does_not_fit_is_said_before_the_lamp():
    image = photo_of_rows(("neon", -40, 40))
    classifier = kept_classifier(str(DEFAULT_MODEL))
    lamp = recognise(image, classifier, lamp="neon")
    instrument = instrument_of(lamp.axis, image, lamp.band)
    noise = np.random.default_rng(1).integers(0, 12, (300, 300, 3)).astype(np.uint8)
    other = recognise(noise, classifier, instrument=instrument)
    assert other.status == "no_band" and other.reason_code == "other_instrument"
    assert other.reason.startswith("the instrument was not used: the instrument is for photos")
    assert other.reason.endswith("nothing in the photo looks like one")
    assert other.advice == ADVICE["other_instrument"]
