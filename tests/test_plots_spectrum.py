import numpy as np
import pytest

from lib.plots.report import report_figure
from lib.plots.spectrum import spectrum_figure, spread_labels


@pytest.fixture
def spectrum():
    rgb = np.random.default_rng(0).uniform(0, 200, (120, 3))
    strip = np.zeros((15, 480, 3), np.uint8)
    return rgb, strip


def test_band_curve_and_residuals_share_the_wavelength_axis(spectrum):
    nm = np.linspace(400, 700, 120)
    lines = [(546.07, "Hg I", 0.1), (435.83, "Hg I", -0.2)]
    figure = spectrum_figure(*spectrum, nm=nm, lines=lines, error_nm=np.full(120, 0.3))
    assert len(figure.axes) == 3
    assert figure.axes[-1].get_xlim() == (400, 700)
    names = [text.get_text() for text in figure.axes[1].texts]
    assert names == ["Hg I 435.8", "Hg I 546.1"]
    figure.draw_without_rendering()


def test_without_an_axis_the_figure_is_in_pixels(spectrum):
    figure = spectrum_figure(*spectrum, position=np.arange(300.0, 180.0, -1))
    assert len(figure.axes) == 2
    assert "px" in figure.axes[-1].get_xlabel()
    assert figure.axes[0].get_xlim() == (181, 300)


def test_peaks_without_wavelengths_say_their_pixels(spectrum):
    position = np.arange(300.0, 180.0, -1)
    figure = spectrum_figure(*spectrum, position=position, peaks_px=[250.3, 200.0])
    assert len(figure.axes) == 2
    assert [text.get_text() for text in figure.axes[1].texts] == ["200.0 px", "250.3 px"]


def test_names_of_lines_do_not_overlap():
    wanted = np.array([400.0, 500.0, 501.0, 502.0, 600.0])
    places = spread_labels(wanted, 5.0, 390.0, 610.0)
    assert (np.diff(places) >= 5.0 - 1e-9).all()
    assert places[0] == 400.0
    assert places[2] == pytest.approx(501.0)
    assert len(spread_labels(np.zeros(0), 5.0, 0.0, 9.0)) == 0


@pytest.mark.parametrize("wanted", [[400.0, 400.5, 401.0], [598.0, 599.0, 600.0]])
def test_names_of_lines_at_the_ends_do_not_lie_on_the_axis(wanted):
    places = spread_labels(np.array(wanted), 5.0, 400.0, 600.0)
    assert (np.diff(places) >= 5.0 - 1e-9).all()
    assert places[0] >= 402.5 and places[-1] <= 597.5


def test_a_photo_is_called_by_its_name_in_any_script(spectrum):
    figure = spectrum_figure(*spectrum, title="лампа 氖灯 مصباح 🌈\udcff.jpg: neon $1")
    figure.draw_without_rendering()
    figure = report_figure(
        [("氖灯 " * 30, np.arange(9.0), np.arange(9.0), np.ones(9))], quantity="light"
    )
    figure.draw_without_rendering()
    assert figure.axes[0].get_position().width > 0.5
