import numpy as np
import pytest

from lib.simulation.lamps.spectra import (
    STEP_NM,
    WAVELENGTHS_NM,
    deposit,
    emission,
    gaussian,
    planck,
    violet_shaded_band,
)


@pytest.mark.parametrize("nm", [404.656, 546.074, 656.279, 703.2413])
def test_a_sharp_line_keeps_its_flux_and_its_centroid(nm):
    spd = deposit(nm, 3.0)
    assert spd.sum() == pytest.approx(3.0)
    assert (spd * WAVELENGTHS_NM).sum() / spd.sum() == pytest.approx(nm, abs=1e-4)


def test_lines_outside_the_grid_are_left_out():
    assert deposit(np.array([300.0, 1100.0]), np.array([1.0, 1.0])).sum() == 0


def test_a_gaussian_has_its_flux_and_its_width():
    spd = gaussian(550, 20, flux=2)
    assert spd.sum() == pytest.approx(2, rel=1e-3)
    assert STEP_NM * (spd > spd.max() / 2).sum() == pytest.approx(20, abs=0.5)


def test_a_band_degraded_to_the_violet_has_no_light_beyond_its_head():
    spd = violet_shaded_band(600, 4)
    assert spd.sum() == pytest.approx(1, rel=1e-5)
    assert spd[WAVELENGTHS_NM > 602].sum() < 0.01
    assert spd[WAVELENGTHS_NM < 598].sum() > 0.4


def test_a_black_body_peaks_where_wien_says():
    for temperature_k in (4000, 5777):
        peak_nm = WAVELENGTHS_NM[planck(temperature_k).argmax()]
        assert peak_nm == pytest.approx(2.8978e6 / temperature_k, abs=0.5)


def test_emission_of_a_list_has_peaks_at_its_strong_lines():
    spd = emission("hydrogen")
    for nm in (656.279, 486.135):
        near = np.abs(WAVELENGTHS_NM - nm) < 0.5
        assert spd[near].sum() > 30
