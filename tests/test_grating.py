import numpy as np
import pytest

from lib.simulation.instrument.grating import Geometry, column_flux, draw_geometry, wavelength_at
from lib.simulation.lamps.spectra import WAVELENGTHS_NM, deposit

LIMITS = np.array([[400.0, 700.0], [-50.0, 800.0], [380.0, 1000.0]])


def test_the_crop_ends_at_its_limits_and_wavelength_grows_between():
    geometry = draw_geometry(np.random.default_rng(0), 3)
    nm = wavelength_at(geometry, LIMITS, np.linspace(0, 1, 200))
    assert nm[:, 0] == pytest.approx(LIMITS[:, 0])
    assert nm[:, -1] == pytest.approx(LIMITS[:, 1])
    assert (np.diff(nm, axis=1) > 0).all()


def test_dispersion_follows_the_grating_equation():
    # Straight through a 1000 lines/mm grating at normal incidence, camera on the axis of 550 nm.
    sin_centre = 0.55
    geometry = Geometry(
        np.array([1000.0]), np.array([sin_centre]), np.array([0.0]), np.array([np.nan])
    )
    nm = wavelength_at(geometry, np.array([[450.0, 650.0]]), np.array([0.0, 0.5, 1.0]))[0]
    axis = np.arcsin(sin_centre)
    ends = np.tan(np.arcsin([0.45, 0.65]) - axis)
    expected = 1000 * np.sin(axis + np.arctan(ends.mean()))
    assert nm[1] == pytest.approx(expected)
    assert abs(nm[1] - 550) > 1


def test_uncurved_dispersion_is_linear():
    geometry = draw_geometry(np.random.default_rng(0), 3, curved=False)
    nm = wavelength_at(geometry, LIMITS, np.linspace(0, 1, 5))
    assert np.diff(nm, 2, axis=1) == pytest.approx(0, abs=1e-3)


def test_a_second_order_line_lands_at_twice_its_wavelength():
    geometry = draw_geometry(np.random.default_rng(1), 3)
    position = np.linspace(0, 1, 7)
    first = wavelength_at(geometry, LIMITS, position)
    assert wavelength_at(geometry, LIMITS, position, order=2) == pytest.approx(first / 2)


def test_columns_share_out_all_the_light_once():
    spd = deposit(np.array([435.833, 546.074]), np.array([2.0, 1.0]))[None]
    edges = np.linspace(WAVELENGTHS_NM[0] - 1, WAVELENGTHS_NM[-1] + 1, 333)[None]
    flux = column_flux(spd, edges)
    assert flux.sum() == pytest.approx(3.0, rel=1e-5)
    centres = (edges[:, 1:] + edges[:, :-1]) / 2
    assert (flux * centres).sum() / 3 == pytest.approx((2 * 435.833 + 546.074) / 3, abs=0.5)
