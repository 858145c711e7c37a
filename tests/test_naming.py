import numpy as np
import pytest

from lib.errors import DataError
from lib.paths import DEFAULT_MODEL
from lib.recognition.axis.reading import PLACES, Reading
from lib.recognition.instrument import instrument_of
from lib.recognition.name import naming
from lib.recognition.name.classifier import Classifier
from lib.recognition.name.naming import (
    FIGURES,
    KINDS,
    NameEvidence,
    NameVerdict,
    shipped_name_verdict,
)
from lib.recognition.name.opinion import BINS, CHANNELS, FIRST_NM, light_over_wavelengths, opinion
from lib.recognition.recognise import recognise
from lib.simulation.photos.difficulty import PLAIN
from lib.simulation.photos.photos import simulate_photo
from lib.taxonomy import CLASSES
from lib.training.recipes.name_verdict import fit_name_verdict


def straight(first_nm, last_nm, error_nm=1.0):
    t = np.linspace(-1, 1, PLACES)
    nm = first_nm + (t + 1) / 2 * (last_nm - first_nm)
    return Reading(t, nm, np.full(PLACES, error_nm))


def test_a_line_lies_in_the_bin_of_its_wavelength_whichever_way_the_band_runs():
    rgb = np.full((601, 3), 4.0)
    rgb[290:311] = 200.0
    forth = light_over_wavelengths(rgb, straight(400, 700))
    back = light_over_wavelengths(rgb[::-1], straight(700, 400))
    assert forth.shape == (BINS, CHANNELS)
    assert np.allclose(forth, back, atol=0.02)
    assert FIRST_NM + 2.0 * (forth[:, 1].argmax() + 0.5) == pytest.approx(550, abs=6)
    covered = forth[:, 3] > 0.5
    assert covered.sum() == 150 and not forth[~covered].any()


def test_an_opinion_is_a_probability_of_each_class_and_of_none():
    said = opinion(np.random.default_rng(0).uniform(0, 255, (300, 3)), straight(400, 700))
    assert said.shape == (len(CLASSES) + 1,)
    assert said.sum() == pytest.approx(1) and (said > 0).all()


def evidence(source="neon", **figures):
    values = np.array([figures.get(name, 0.0) for name in FIGURES])
    return NameEvidence(source, np.full(len(CLASSES), 1 / len(CLASSES)), values)


@pytest.mark.parametrize("figure", ["certainty", "opinion"])
def test_each_figure_makes_the_shipped_verdict_surer(figure):
    verdict = shipped_name_verdict()
    said = [verdict.certainty(evidence(**{figure: value})) for value in (-3.0, 0.0, 3.0)]
    assert said == sorted(said)


def test_kinds_of_lamps_are_weighed_apart():
    weights = {kind: np.zeros(len(FIGURES)) for kind in KINDS}
    verdict = NameVerdict(weights, {"lines": 2.0, "led": 0.0, "continuum": -2.0}, {})
    said = [verdict.certainty(evidence(name)) for name in ("helium", "led", "continuum")]
    assert said == pytest.approx([0.881, 0.5, 0.119], abs=0.001)


def test_a_fitted_verdict_follows_what_tells_right_from_wrong():
    rng = np.random.default_rng(0)
    figures = rng.normal(0, 1, (2000, 2))
    right = figures[:, 0] + 0.3 * rng.normal(0, 1, 2000) > 0
    known = right | (rng.random(2000) < 0.5)
    card = fit_name_verdict(["led"] * 2000, figures, right, known, ("telling", "idle"))
    assert card["kinds"]["led"]["telling"] > 5 * abs(card["kinds"]["led"]["idle"])
    assert card["named"]["of_these_right"] > 0.95 > card["named"]["of_the_classes"] > 0.3


@pytest.fixture(scope="module")
def neon():
    return simulate_photo(np.random.default_rng(4), "neon", **vars(PLAIN))


def test_a_guess_that_the_second_opinion_doubts_is_not_named(monkeypatch, neon):
    classifier = Classifier(DEFAULT_MODEL)
    named = recognise(neon.image, classifier)
    assert (named.status, named.source) == ("ok", "neon")
    instrument = instrument_of(named.axis, neon.image, named.band)
    none = np.array([0.01] * len(CLASSES) + [0.93])
    monkeypatch.setattr(naming, "opinion", lambda rgb, reading: none)
    refused = recognise(neon.image, classifier)
    assert (refused.status, refused.source, refused.axis) == ("unknown", None, None)
    assert "neon" in refused.reason
    # What the user says is not called into doubt.
    assert recognise(neon.image, classifier, lamp="neon").status == "ok"
    # Wavelengths are the instrument's, whatever the lamp.
    refused = recognise(neon.image, classifier, instrument=instrument)
    assert (refused.status, refused.source) == ("unknown", None)
    assert refused.axis.coefficients == named.axis.coefficients


def test_a_damaged_verdict_is_refused_in_one_line(monkeypatch, tmp_path):
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "verdict.json").write_text('{"kinds": {}}')
    monkeypatch.setattr(naming, "MODELS", tmp_path)
    with pytest.raises(DataError, match=r"verdict\.json: not a verdict"):
        shipped_name_verdict.__wrapped__()
