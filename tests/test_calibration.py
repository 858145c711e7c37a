import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lib.errors import DataError
from lib.recognition.axis.axis import MatchedLine, WavelengthAxis
from lib.recognition.axis.calibration import load_calibration, save_calibration

IMAGE = np.zeros((480, 640, 3), np.uint8)
AXIS = WavelengthAxis(
    coefficients=(380.0, 0.5, 1e-5),
    axis="x",
    rms_nm=0.2,
    uncertainty_nm=0.3,
    lines=(MatchedLine(435.83, 111.0, "Hg I", 0.1), MatchedLine(546.07, 330.0, "Hg I", -0.1)),
    model="quadratic",
    lamp="mercury",
    origin_px=320.0,
    scale_px=300.0,
    covariance=((0.01, 0.0), (0.0, 0.02)),
    range_px=(20.0, 619.0),
)


def band(**changes) -> SimpleNamespace:
    place = {"x0": 20, "y0": 200, "x1": 620, "y1": 260}
    values = {**place, "axis": "horizontal", "blue_end": "left", "angle_deg": 0.5, **changes}
    return SimpleNamespace(**values)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "instrument.json"
    save_calibration(path, AXIS, IMAGE, band(), source="lamp.jpg")
    return path


def test_a_saved_axis_comes_back_whole(saved):
    calibration = load_calibration(saved)
    assert calibration.axis == AXIS
    axis = calibration.axis_for(IMAGE, band(y0=205, y1=262, blue_end="none"))
    assert axis.source == "lamp.jpg"
    assert replace(axis, uncertainty_nm=AXIS.uncertainty_nm, source=AXIS.source) == AXIS


def test_the_uncertainty_is_that_over_the_photo_s_own_band(saved):
    calibration = load_calibration(saved)
    inside, outside = (
        calibration.axis_for(IMAGE, band(x0=x0, x1=x1)).uncertainty_nm
        for x0, x1 in ((310, 330), (0, 60))
    )
    assert inside == pytest.approx(0.1, abs=0.001)
    assert outside == pytest.approx(np.sqrt(0.01 + 0.02 * (290 / 300) ** 2), rel=0.02)


def shifted(nm: float) -> WavelengthAxis:
    """What the lines of a photo say whose camera has moved."""
    lines = tuple(replace(line, nm=line.nm + nm, residual_nm=0.0) for line in AXIS.lines)
    return replace(AXIS, coefficients=(380.0 + nm, *AXIS.coefficients[1:]), lines=lines)


def test_a_photo_whose_own_lines_lie_elsewhere_is_refused(saved):
    calibration = load_calibration(saved)
    same = calibration.axis_for(IMAGE, band(), shifted(0.0))
    assert same.coefficients == AXIS.coefficients
    with pytest.raises(DataError, match="nm off at the photo's own mercury lines"):
        calibration.axis_for(IMAGE, band(), shifted(8.0))


def test_the_file_can_be_read_by_people(saved):
    fields = json.loads(saved.read_text())
    assert fields["version"] == 1
    assert fields["source"] == "lamp.jpg"
    assert fields["photo"] == {"width": 640, "height": 480}
    assert fields["axis"]["coefficients"] == [380.0, 0.5, 1e-5]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"axis": "vertical"}, "horizontal band"),
        ({"blue_end": "right"}, "blue end"),
        ({"y0": 300, "y1": 360}, "around y"),
        ({"angle_deg": 9.0}, "turned"),
        ({"x0": 621, "x1": 640}, "band at"),
    ],
)
def test_a_photo_of_another_setup_is_refused(saved, changes, complaint):
    with pytest.raises(DataError, match=complaint):
        load_calibration(saved).axis_for(IMAGE, band(**changes))


def test_a_photo_of_another_size_is_refused(saved):
    with pytest.raises(DataError, match="640 x 480"):
        load_calibration(saved).axis_for(np.zeros((240, 320, 3), np.uint8), band())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda f: f.update(format="other"), "format|expected a"),
        (lambda f: f.update(version=99), "version"),
        (lambda f: f.pop("axis"), "not whole"),
        (lambda f: f["axis"].pop("covariance"), "not whole"),
        (lambda f: f["axis"].update(coefficients=[400, 0.1, -0.001]), "grow or fall"),
        (lambda f: f["axis"].update(coefficients=[float("nan")]), "not whole"),
        (lambda f: f["axis"].update(axis="y"), "axis 'y'"),
        (lambda f: f["axis"].update(coefficients=[]), "two coefficients"),
        (lambda f: f["axis"].update(uncertainty_nm=-5), "not whole"),
        (lambda f: f["axis"].update(rms_nm=float("nan")), "not whole"),
        (lambda f: f["axis"].update(scale_px="x"), "not whole"),
        (lambda f: f["axis"].update(scale_px=0), "not whole"),
        (lambda f: f["axis"].update(range_px=[300, 200]), "not whole"),
        (lambda f: f["axis"]["lines"][0].update(px=None), "not whole"),
        (lambda f: f["band"].update(x0=None), "not whole"),
        (lambda f: f["band"].update(angle_deg=float("nan")), "not whole"),
        (lambda f: f["band"].update(axis="x"), "band.axis 'x'"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(saved, change, complaint):
    fields = json.loads(saved.read_text())
    change(fields)
    saved.write_text(json.dumps(fields))
    with pytest.raises(DataError, match=complaint):
        load_calibration(saved)


def test_a_file_of_an_earlier_version_is_read(saved):
    fields = json.loads(saved.read_text())
    for later in ("explained", "range_px", "source", "probability"):
        del fields["axis"][later]
    saved.write_text(json.dumps(fields))
    assert load_calibration(saved).axis == AXIS


def test_an_editor_s_byte_order_mark_does_no_harm(saved):
    saved.write_text(saved.read_text(), encoding="utf-8-sig")
    assert load_calibration(saved).axis == AXIS


def test_a_file_nested_without_end_is_refused(saved):
    saved.write_text("[" * 100_000)
    with pytest.raises(DataError, match="not readable as JSON"):
        load_calibration(saved)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.json"):
        load_calibration(tmp_path / "gone.json")
