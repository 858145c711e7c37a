import json
from types import SimpleNamespace

import numpy as np
import pytest

from lib.errors import DataError
from lib.recognition.axis import MatchedLine, WavelengthAxis
from lib.recognition.calibration import load_calibration, save_calibration

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
    assert calibration.axis_for(IMAGE, band(y0=205, y1=262, blue_end="none")) == AXIS


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
        (lambda f: f["axis"].update(coefficients=[float("nan")]), "grow or fall"),
        (lambda f: f["axis"].update(axis="y"), "axis 'y'"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(saved, change, complaint):
    fields = json.loads(saved.read_text())
    change(fields)
    saved.write_text(json.dumps(fields))
    with pytest.raises(DataError, match=complaint):
        load_calibration(saved)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.json"):
        load_calibration(tmp_path / "gone.json")
