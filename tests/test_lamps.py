import numpy as np
import pytest

from lib.simulation.lamps.catalogue import LAMPS, WAVELENGTHS_NM, class_lamps, unknown_lamps
from lib.taxonomy import CLASSES


@pytest.mark.parametrize("name", LAMPS)
def test_every_lamp_draws_varied_positive_spectra(name):
    rng = np.random.default_rng(5)
    first, second = LAMPS[name].draw(rng), LAMPS[name].draw(rng)
    for spd in (first, second):
        assert spd.shape == WAVELENGTHS_NM.shape
        assert np.isfinite(spd).all() and spd.min() >= 0 and spd.sum() > 0
    assert not np.allclose(first / first.sum(), second / second.sum())


def test_every_class_has_a_lamp_and_known_lamps_are_never_held_out():
    for class_name in CLASSES:
        assert class_lamps(class_name)
    assert not any(lamp.held_out for lamp in LAMPS.values() if lamp.class_name)


def test_kinds_for_evaluation_never_appear_among_kinds_for_training():
    training = {lamp.kind for lamp in unknown_lamps(held_out=False)}
    evaluation = {lamp.kind for lamp in unknown_lamps(held_out=True)}
    assert training and evaluation and not training & evaluation
    assert not (training | evaluation) & set(CLASSES)


@pytest.mark.parametrize(
    ("name", "nm"),
    [("mercury", 546.074), ("neon", 585.249), ("helium", 587.562), ("sodium_low", 588.995)],
)
def test_line_lamps_shine_at_their_lines(name, nm):
    spd = LAMPS[name].draw(np.random.default_rng(0))
    assert spd[np.abs(WAVELENGTHS_NM - nm) < 0.6].sum() > 0.02 * spd.sum()


def test_daylight_is_dark_at_fraunhofer_lines():
    spd = LAMPS["daylight"].draw(np.random.default_rng(0))
    for nm in (393.366, 486.135, 656.281, 760.6):
        line = spd[np.abs(WAVELENGTHS_NM - nm).argmin()]
        beside = spd[np.abs(WAVELENGTHS_NM - nm - 8).argmin()]
        assert line < 0.85 * beside
