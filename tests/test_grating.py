import numpy as np
import pytest

from lib.simulation.instrument.grating import Grating, Prism, column_flux, draw_dispersion
from lib.simulation.lamps.spectra import WAVELENGTHS_NM, deposit

RANGES_NM = ((400.0, 700.0), (-50.0, 800.0), (380.0, 1000.0), (680.0, 1020.0), (500.0, 540.0))


def drawn(nm, n=200, **options):
    return [draw_dispersion(np.random.default_rng(i), 480.0, nm, **options) for i in range(n)]


@pytest.mark.parametrize("nm", RANGES_NM)
def test_a_range_is_spread_over_the_length_and_wavelength_grows_within(nm):
    for dispersion in drawn(nm):
        low, high = dispersion.offset_px(np.array(nm))
        assert high - low == pytest.approx(480)
        inside = dispersion.nm_at(np.linspace(low, high, 200))
        assert inside[[0, -1]] == pytest.approx(nm, abs=1e-6)
        assert (np.diff(inside) > 0).all()


def test_gratings_and_prisms_are_drawn_but_no_prism_before_the_zero_order():
    kinds = [type(dispersion) for dispersion in drawn(RANGES_NM[0])]
    assert 0 < kinds.count(Prism) < 0.15 * len(kinds)
    assert not any(isinstance(one, Prism) for one in drawn(RANGES_NM[1]))
    assert not any(isinstance(one, Prism) for one in drawn(RANGES_NM[0], prism=False))


def test_dispersion_follows_the_grating_equation():
    # 1000 lines/mm, light falls in at asin 0.2, camera on the axis of 550 nm.
    grating = Grating(1000.0, 1.0, np.arcsin(0.35), 0.2)
    low, high = grating.offset_px(np.array([450.0, 650.0]))
    ends = np.tan(np.arcsin([0.25, 0.45]) - np.arcsin(0.35))
    expected = 1000 * (np.sin(np.arcsin(0.35) + np.arctan(ends.mean())) + 0.2)
    assert grating.nm_at((low + high) / 2) == pytest.approx(expected)
    assert abs(expected - 550) > 0.1
    assert grating.offset_px(0.0) == pytest.approx(0)


def test_uncurved_dispersion_is_linear():
    grating = draw_dispersion(np.random.default_rng(0), 1.0, (400.0, 700.0), curved=False)
    nm = grating.nm_at(grating.offset_px(400.0) + np.linspace(0, 1, 5))
    assert np.diff(nm, 2) == pytest.approx(0, abs=1e-3)


def test_a_second_order_line_lands_at_twice_its_wavelength():
    for grating in drawn((400.0, 700.0), 20, prism=False):
        u = grating.offset_px(np.linspace(400, 700, 7))
        assert grating.nm_at(u, order=2) == pytest.approx(grating.nm_at(u) / 2)


def test_columns_share_out_all_the_light_once():
    spd = deposit(np.array([435.833, 546.074]), np.array([2.0, 1.0]))[None]
    edges = np.linspace(WAVELENGTHS_NM[0] - 1, WAVELENGTHS_NM[-1] + 1, 333)[None]
    flux = column_flux(spd, edges)
    assert flux.sum() == pytest.approx(3.0, rel=1e-5)
    centres = (edges[:, 1:] + edges[:, :-1]) / 2
    assert (flux * centres).sum() / 3 == pytest.approx((2 * 435.833 + 546.074) / 3, abs=0.5)


def test_light_far_beyond_the_visible_still_leaves_the_grating():
    for seed in range(300):
        rng = np.random.default_rng(seed)
        dispersion = draw_dispersion(rng, 1.0, (383.6, 1501.1))
        first, last = dispersion.offset_px(np.array([383.6, 1501.1]))
        assert last - first == pytest.approx(1.0) and np.isfinite([first, last]).all()
