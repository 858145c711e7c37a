"""The light itself is held against an instrument's wavelengths."""

import cv2
import numpy as np
import pytest

from lib.paths import DEFAULT_MODEL
from lib.recognition.axis.axis import MatchedLine, WavelengthAxis
from lib.recognition.axis.shift import likeness
from lib.recognition.instrument import OtherInstrument, instrument_of
from lib.recognition.instrument_check import check_light
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.lamps.spectra import deposit, gaussian
from lib.simulation.photos.bench import draw_bench
from lib.taxonomy import LINE_CLASSES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def classifier():
    return Classifier(DEFAULT_MODEL)


@pytest.fixture(scope="module")
def bench():
    return draw_bench(np.random.default_rng(11))


@pytest.fixture(scope="module")
def instrument(bench, classifier):
    rng = np.random.default_rng(0)
    lamp = bench.photograph(rng, LAMPS["triphosphor"].draw(rng))
    answer = recognise(lamp, classifier, lamp="cfl")
    return instrument_of(answer.axis, lamp, answer.band, source="lamp.jpg")


def photograph(bench, spd):
    return bench.photograph(np.random.default_rng(1), spd)


@pytest.mark.parametrize("nm", [450, 630])
def test_a_mirrored_or_turned_light_is_refused_and_a_plain_one_is_not(
    bench, instrument, classifier, nm
):
    plain = photograph(bench, gaussian(nm, 22))
    answer = recognise(plain, classifier, instrument=instrument)
    light = answer.profile.rgb.max(axis=1)
    assert answer.axis.nm_at(answer.profile.position[light.argmax()]) == pytest.approx(nm, abs=8)
    for changed in (plain[:, ::-1], plain[::-1, ::-1]):
        answer = recognise(np.ascontiguousarray(changed), classifier, instrument=instrument)
        assert answer.axis is None
        assert "the instrument was not used" in answer.reason


def test_the_refusal_says_what_the_light_looks_like(bench, instrument):
    band = instrument.band_in(photograph(bench, gaussian(450, 22))[:, ::-1].copy())
    with pytest.raises(OtherInstrument, match=r"looks like 4\d\d nm .* mirrored") as refused:
        check_light(instrument, band)
    assert refused.value.code == "light_contradicts"


def test_another_size_of_photo_is_always_said(bench, instrument, classifier):
    plain = photograph(bench, gaussian(520, 30))
    half = cv2.resize(plain, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    answer = recognise(half, classifier, instrument=instrument).to_json("half.jpg")
    assert "scaled" in [one["code"] for one in answer["remarks"]]
    answer = recognise(plain, classifier, instrument=instrument).to_json("plain.jpg")
    assert "scaled" not in [one["code"] for one in answer["remarks"]]


def test_a_part_of_the_frame_is_not_taken_for_all_of_it_at_a_lesser_size(classifier):
    rng = np.random.default_rng(6)
    bench = draw_bench(rng)
    lamp = bench.photograph(rng, LAMPS["neon"].draw(rng))
    answer = recognise(lamp, classifier, lamp="neon")
    instrument = instrument_of(answer.axis, lamp, answer.band, source="lamp.jpg")
    plain = photograph(bench, gaussian(600, 25))
    height, width = plain.shape[:2]
    middle = tuple(slice(size // 8, 7 * size // 8) for size in (height, width))
    size = (3 * width // 4, 3 * height // 4)
    scaled = cv2.resize(plain, size, interpolation=cv2.INTER_AREA)
    assert scaled.shape == plain[middle].shape
    answer = recognise(np.ascontiguousarray(plain[middle]), classifier, instrument=instrument)
    assert answer.axis is None and "cut out" in answer.reason
    assert recognise(scaled, classifier, instrument=instrument).axis.source == "lamp.jpg"


def test_three_lasers_do_not_move_an_instrument(bench, instrument, classifier):
    lasers = photograph(bench, deposit(np.array([488.0, 561.0, 640.0]), np.array([1.0, 1.2, 0.9])))
    answer = recognise(lasers, classifier, instrument=instrument)
    assert answer.axis is not None and answer.axis.source == "lamp.jpg"


@pytest.mark.parametrize("lasers_nm", [(445, 520, 635), (405, 445, 594), (473, 561, 671)])
def test_lasers_are_named_for_no_lamp_whose_lines_they_have_not(
    bench, instrument, classifier, lasers_nm
):
    lasers = photograph(bench, deposit(np.array(lasers_nm, float), np.array([1.0, 1.2, 0.9])))
    answer = recognise(lasers, classifier, instrument=instrument)
    assert answer.source not in LINE_CLASSES
    for lamp in ("cfl_hg", "neon", "hydrogen"):
        assert likeness(answer.axis, answer.profile, lamp) < 0.2


@pytest.mark.parametrize("lamp", ["mercury", "neon", "helium", "hydrogen", "nitrogen"])
def test_a_lamp_has_its_lines_where_an_instrument_has_them(bench, instrument, classifier, lamp):
    rng = np.random.default_rng(2)
    image = bench.photograph(rng, LAMPS[lamp].draw(rng))
    answer = recognise(image, classifier, instrument=instrument)
    assert likeness(answer.axis, answer.profile, LAMPS[lamp].class_name) > 0.5
    assert "do not lie" not in str(answer.reason)


def test_few_lines_of_a_lamp_s_own_are_no_proof_against_an_instrument(instrument):
    axis = instrument.axis

    def own(count):
        px = np.linspace(*axis.range_px, count)
        lines = tuple(
            MatchedLine(float(axis.nm_at(x)) + 12 * (k % 2), float(x), "He I", 0.0)
            for k, x in enumerate(px)
        )
        return WavelengthAxis(**vars(axis) | {"lines": lines, "lamp": "helium"})

    assert instrument.axis_for(own(3)).shift_px is None
    with pytest.raises(OtherInstrument, match="does not fit the photo's own helium lines"):
        instrument.axis_for(own(6))
