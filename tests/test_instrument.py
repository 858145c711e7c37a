"""An instrument: read from files of people and programs, and held against photos."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lib.errors import DataError
from lib.measurement.calibration import calibrate
from lib.measurement.lamp_lines import LampPhoto
from lib.paths import DEFAULT_MODEL
from lib.recognition.axis.axis import MatchedLine, WavelengthAxis
from lib.recognition.axis.shift import find_shift
from lib.recognition.band import BandProfile
from lib.recognition.instrument import (
    Dark,
    Instrument,
    OtherInstrument,
    Place,
    Response,
)
from lib.recognition.instrument_check import check_place
from lib.recognition.instrument_file import (
    load_instrument,
    parse_instrument,
    quality_in_words,
    save_instrument,
)
from lib.recognition.instrument_model import ASSUMED_ERROR_NM
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
from lib.recognition.straighten import Geometry
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.lamps.glow import led_die
from lib.simulation.lamps.spectra import deposit
from lib.simulation.photos.bench import draw_bench

AXIS = WavelengthAxis(
    coefficients=(380.0, 0.5, 1e-5),
    axis="x",
    rms_nm=0.2,
    uncertainty_nm=0.3,
    lines=(
        MatchedLine(435.83, 111.4, "Hg I", 0.0),
        MatchedLine(546.07, 329.9, "Hg I", 0.0),
        MatchedLine(579.07, 394.9, "Hg I", 0.0),
    ),
    model="grating",
    lamp="mercury",
    origin_px=320.0,
    scale_px=300.0,
    covariance=((0.01, 0.0), (0.0, 0.02)),
    range_px=(20.0, 619.0),
)
PLACE = Place(Geometry("horizontal", 20.0, 619.0, (230.0, 0.01), 30.0), (-20.0, 20.0), 1)
INSTRUMENT = Instrument(AXIS, (640, 480), PLACE, "lamp.jpg")


@pytest.fixture(scope="module")
def classifier():
    return Classifier(DEFAULT_MODEL)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "instrument.json"
    save_instrument(path, INSTRUMENT)
    return path


def photo(*, middle=230.0, slope=0.01, start=20, stop=620) -> np.ndarray:
    """A picture of an even band."""
    image = np.zeros((480, 640, 3), np.uint8)
    for x in range(start, stop):
        y = round(middle + slope * x)
        image[y - 25 : y + 26, x] = 180
    return image


def found(*, middle=230.0, slope=0.01, start=20, stop=620, axis="horizontal", blue="left"):
    """That band as the finder may have found it."""
    light = np.full((stop - start, 3), 180, np.float32)
    # It ends in darkness.
    light[: (stop - start) // 8] = 0
    profile = BandProfile(light, light[:, 0] > 250, np.arange(start, stop, dtype=float))
    towards_red = -1 if blue in ("right", "bottom") else 1
    geometry = Geometry(axis, float(start), float(stop - 1), (middle, slope), 25.0)
    return SimpleNamespace(
        axis=axis,
        geometry=geometry,
        rows=(-20.0, 20.0),
        profile=profile if towards_red > 0 else profile.reversed(),
        background=np.zeros(3, np.float32),
        blue_end=blue,
        towards_red=towards_red,
        way_is_sure=blue != "none",
    )


def test_an_instrument_comes_back_whole(saved):
    assert load_instrument(saved) == INSTRUMENT


def test_dark_and_response_come_back(tmp_path):
    curve = np.array([[0.1, 0.2, np.nan], [0.3, 1.0, 0.2]])
    response = Response(np.array([400.0, 700.0]), curve, "Planck, 2856 K")
    dark = Dark(3, (0.01, 0.01, 0.02), (0.001, 0.001, 0.001))
    path = tmp_path / "instrument.json"
    save_instrument(path, replace(INSTRUMENT, dark=dark, response=response))
    assert "NaN" not in path.read_text()
    back = load_instrument(path)
    assert back.dark == dark
    np.testing.assert_array_equal(back.response.nm, response.nm)
    np.testing.assert_array_equal(back.response.rgb, curve)


def test_the_file_can_be_read_by_people(saved):
    fields = json.loads(saved.read_text())
    assert fields["version"] == 2
    assert fields["photo"] == {"width": 640, "height": 480}
    assert fields["axis"]["coefficients"] == [380.0, 0.5, 1e-5]
    assert (
        fields["quality"]
        == "excellent: within 0.3 nm from 390 to 693 nm, 0.12 nm over half of it; "
        "3 lines from 436 to 579 nm; nothing is claimed beyond 390 and 693 nm"
    )


def test_a_file_of_an_earlier_version_is_read(tmp_path):
    path = tmp_path / "calibration.json"
    box = {"x0": 20, "y0": 200, "x1": 620, "y1": 260, "axis": "horizontal"}
    axis = {key: value for key, value in vars(AXIS).items() if key not in ("range_px", "lines")}
    fields = {
        "format": "spectrum wavelength calibration",
        "version": 1,
        "source": "lamp.jpg",
        "photo": {"width": 640, "height": 480},
        "band": {**box, "blue_end": "left", "angle_deg": 0.5},
        "axis": {**axis, "lines": [vars(line) for line in AXIS.lines]},
    }
    path.write_text(json.dumps(fields))
    read = load_instrument(path)
    assert replace(read.axis, range_px=AXIS.range_px) == AXIS
    assert read.axis.range_px == (20.0, 619.0)
    geometry = read.place.geometry
    assert geometry.across(320.0) == pytest.approx(229.5, abs=0.6)
    assert np.degrees(np.arctan(geometry.slope())) == pytest.approx(0.5)


def test_a_file_written_by_hand_may_leave_out_what_nobody_knows(tmp_path):
    path = tmp_path / "maker.json"
    path.write_text(
        '{"format": "spectrum instrument", "version": 2,'
        ' "axis": {"coefficients": [380, 0.5], "range_px": [0, 640]}}'
    )
    read = load_instrument(path)
    assert read.size is None
    assert read.place is None
    assert read.axis.nm_at(100) == 430
    assert read.axis.standard_error_nm(100) == pytest.approx(ASSUMED_ERROR_NM)


def box(**changes) -> dict:
    return {"x0": 20, "y0": 200, "x1": 620, "y1": 260} | changes


def curve(**changes) -> dict:
    nothing = [None, None]
    return {"nm": [400, 700], "red": [1, 0.5], "green": nothing, "blue": nothing} | changes


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda f: f.update(format="other"), "format: input should be 'spectrum instrument'"),
        (lambda f: f.update(version=99), "version 2, received 99"),
        (lambda f: f.pop("axis"), "axis: missing"),
        (lambda f: f["axis"].pop("coefficients"), "axis.coefficients: missing"),
        (lambda f: f["axis"].update(coefficients=[400, 0.1, -0.001]), "grow or fall"),
        (lambda f: f["axis"].update(coefficients=[-900, 0.5]), "wavelengths in nm"),
        (lambda f: f["axis"].update(coefficients=[float("nan"), 1]), "finite number"),
        (lambda f: f["axis"].update(coefficients=[400]), "axis.coefficients: .* at least 2"),
        (lambda f: f["axis"].update(coefficients=["400", 1]), "a valid number; received '400'"),
        (lambda f: f["axis"].update(coefficients=[True, 1]), "a valid number; received True"),
        (lambda f: f["axis"].update(coefficients=[10**400, 1]), "axis.coefficients.0: .* finite"),
        (lambda f: f["axis"].update(axis="z"), "axis.axis: .* received 'z'"),
        (lambda f: f["axis"].update(uncertainty_nm=-5), "greater than or equal to 0"),
        (lambda f: f["axis"].update(scale_px=0), "scale_px"),
        (lambda f: f["axis"].update(covariance=[[1, 0]]), "covariance: .* square"),
        (lambda f: f["axis"].update(covariance=[[-0.04]]), "no variance below 0"),
        (lambda f: f["axis"].update(covariance=[[1, 2], [2, 1]]), "no variance below 0"),
        (lambda f: f["axis"].update(covariance=[[1, 0.5], [0, 1]]), "symmetric"),
        (lambda f: f["axis"].update(range_px=[300, 200]), "where the axis holds"),
        (lambda f: f["axis"].update(range_px=[0, 1e300]), "axis.range_px.1"),
        (lambda f: f["axis"].update(lines=[{"nm": 500}]), "lines.0.px: missing"),
        (lambda f: f["axis"].update(lines=f["axis"]["lines"] * 1000), "at most 2000 items"),
        (lambda f: f["axis"].update(model=["grating"]), "axis.model: .* valid string"),
        (lambda f: f["band"].update(centre=[]), "band.centre"),
        (lambda f: f["band"].update(centre=[1e6]), "lies in a photo"),
        (lambda f: f["band"].update(half_height="x"), "half_height: .* valid number"),
        (lambda f: f["band"].update(axis="vertical"), "band.axis: .* received 'vertical'"),
        (lambda f: f["band"].update(rows=[5, -5]), "rise"),
        (lambda f: f.update(band=[1, 2]), "band.box: input should be an object"),
        (lambda f: f.update(band=box(x1=9e4, angle_deg=79)), "lies in a photo"),
        (lambda f: f.update(band=box(x1=20)), "empty"),
        (lambda f: f.update(photo={"width": 0, "height": 5}), "photo.width: .* equal to 1"),
        (lambda f: f.update(response={"nm": [1, 2], "red": [1]}), "response.green: missing"),
        (lambda f: f.update(response=curve(red=[None, None])), "above 0 somewhere"),
        (lambda f: f.update(response=curve(red=[1.0])), "rising nm"),
        (lambda f: f.update(response=curve(nm=[700, 400])), "rising nm"),
        (lambda f: f.update(dark={"level": [1], "noise": [1]}), "dark.level"),
        (lambda f: f.update(source="x" * 5001), "source: .* at most 5000 characters"),
        (lambda f: f.update(source=["lamp.jpg"]), "source: .* valid string"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(saved, change, complaint):
    fields = json.loads(saved.read_text())
    change(fields)
    saved.write_text(json.dumps(fields))
    with pytest.raises(DataError, match=complaint) as caught:
        load_instrument(saved)
    assert str(saved) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "[" * 100_000,
        '{"format": ' * 50_000,
        '{"version": %s}' % ("9" * 5000),
        '{"source": "\\ud800"}',
        b'{"source": "\xff"}',
        '{"source": "a\nb',
    ],
    ids=range(9),
)
def test_what_is_no_json_object_is_refused_in_one_line(text):
    with pytest.raises(DataError, match=r"evil\.json: ") as caught:
        parse_instrument(text, "evil.json")
    assert len(str(caught.value)) < 200 and str(caught.value).isprintable()


def test_half_a_character_is_refused_wherever_it_stands(saved):
    fields = json.loads(saved.read_text())
    saved.write_text(json.dumps(fields | {"title": "\ud800"}))
    with pytest.raises(DataError, match="JSON"):
        load_instrument(saved)


def test_a_lamp_photo_may_be_called_by_any_bytes(tmp_path):
    name = b"lamp \xff.jpg".decode(errors="surrogateescape")
    save_instrument(tmp_path / "instrument.json", replace(INSTRUMENT, source=name))
    assert load_instrument(tmp_path / "instrument.json").source == r"lamp \udcff.jpg"


def test_an_instrument_too_large_for_a_file_is_not_written(tmp_path):
    axis = replace(AXIS, lines=AXIS.lines * 1000)
    with pytest.raises(DataError, match=r"axis\.lines: .* at most 2000"):
        save_instrument(tmp_path / "large.json", replace(INSTRUMENT, axis=axis))
    assert not list(tmp_path.iterdir())


def test_an_editor_s_byte_order_mark_does_no_harm(saved):
    saved.write_text(saved.read_text(), encoding="utf-8-sig")
    assert load_instrument(saved) == INSTRUMENT


def test_the_same_camera_at_another_resolution_is_the_same_instrument():
    half = INSTRUMENT.in_frame(320, 240)
    # The middle of the photo's left half, whatever its size.
    assert half.axis.nm_at(79.75) == pytest.approx(AXIS.nm_at(160))
    assert half.axis.standard_error_nm(79.75) == pytest.approx(AXIS.standard_error_nm(160))
    assert half.place.geometry.across(79.75) == pytest.approx(
        (PLACE.geometry.across(160) + 0.5) / 2 - 0.5
    )
    assert half.in_frame(640, 480).axis.nm_at(160) == pytest.approx(AXIS.nm_at(160))


def test_a_photo_of_other_proportions_is_refused():
    with pytest.raises(OtherInstrument, match="640 x 480"):
        INSTRUMENT.in_frame(480, 640)


def test_a_band_in_its_place_is_taken():
    check_place(INSTRUMENT, photo(), found())


@pytest.mark.parametrize(
    ("moved", "complaint"),
    [
        ({"middle": 330.0}, r"\+100 px across"),
        ({"slope": 0.4, "middle": 105.0}, "turned by .21.2 degrees"),
    ],
)
def test_light_beside_the_band_is_refused(moved, complaint):
    with pytest.raises(OtherInstrument, match=complaint):
        check_place(INSTRUMENT, photo(**moved), found(**moved))


def test_a_band_the_other_way_round_is_refused():
    with pytest.raises(OtherInstrument, match="blue end"):
        check_place(INSTRUMENT, photo(), found(blue="right"))


@pytest.mark.parametrize("changes", [{"slope": 0.2}, {"blue": "right"}, {"axis": "vertical"}])
def test_a_blob_says_nothing_of_tilt_and_direction(changes):
    blob = {"start": 300, "stop": 330}
    middle = 230.0 if "slope" not in changes else 230.0 - 0.19 * 315
    check_place(INSTRUMENT, photo(**blob), found(middle=middle, **blob, **changes))


def shown(nm: float) -> WavelengthAxis:
    """What the lines of a photo say that lie `nm` beside where the instrument puts them."""
    lines = tuple(replace(line, nm=line.nm + nm) for line in AXIS.lines)
    return replace(AXIS, lines=lines)


def test_a_small_shift_is_found_and_put_right():
    axis = INSTRUMENT.axis_for(shown(2.0))
    assert axis.shift_px == pytest.approx(-4.0, abs=0.1)
    assert axis.nm_at(111.4) == pytest.approx(437.83, abs=0.1)
    assert axis.source == "lamp.jpg"
    assert INSTRUMENT.axis_for(shown(0.0)).shift_px == 0.0
    assert INSTRUMENT.axis_for().shift_px is None


def test_lines_that_no_shift_explains_are_refused():
    far = shown(30.0)
    with pytest.raises(OtherInstrument, match="own mercury lines"):
        INSTRUMENT.axis_for(replace(far, lines=2 * far.lines))
    # Three lines are no proof.
    assert INSTRUMENT.axis_for(far).shift_px is None
    wrong = tuple(
        replace(line, nm=line.nm + off) for line, off in zip(AXIS.lines, (9, 0, -9), strict=True)
    )
    assert find_shift(AXIS, replace(AXIS, lines=wrong)) is None


def test_the_uncertainty_is_the_largest_error_of_what_is_claimed():
    assert INSTRUMENT.axis_for().uncertainty_nm == pytest.approx(np.sqrt(0.01 + 0.02), rel=0.01)
    less = replace(AXIS, range_px=(300.0, 340.0))
    assert replace(INSTRUMENT, axis=less).axis_for().uncertainty_nm == pytest.approx(0.1, abs=0.001)


@pytest.mark.parametrize("uncertainty, word", [(0.1, "excellent"), (1.0, "fair"), (4.0, "poor")])
def test_a_quality_has_a_word(uncertainty, word):
    axis = replace(AXIS, covariance=((uncertainty**2,),), uncertainty_nm=2 * uncertainty)
    words = quality_in_words(Instrument(axis))
    assert words.startswith(f"{word}: within {2 * uncertainty:.2g} nm from 390 to 693 nm")
    assert f", {uncertainty:.2g} nm over half of it; " in words


def test_the_quality_says_what_it_rests_on():
    points = Instrument(replace(AXIS, lamp=""))
    assert "; 3 points from 436 to 579 nm; " in quality_in_words(points)
    assert "lines" not in quality_in_words(Instrument(replace(AXIS, lines=())))


def test_the_quality_of_two_lamps_is_what_leaving_one_out_tells(tmp_path):
    two = replace(INSTRUMENT, left_out_nm=0.42)
    assert quality_in_words(two).startswith("good: within 0.3 nm from 390 to 693 nm, 0.42")
    save_instrument(tmp_path / "two.json", two)
    assert load_instrument(tmp_path / "two.json").left_out_nm == 0.42


@pytest.fixture(scope="module")
def bench():
    return draw_bench(np.random.default_rng(15), vertical=False, curved=False, tilted=False)


@pytest.fixture(scope="module")
def calibrated(bench, classifier):
    rng = np.random.default_rng(6)
    image = bench.photograph(rng, LAMPS["neon"].draw(rng))
    lamp = LampPhoto("neon.png", image, recognise(image, classifier, lamp="neon"))
    return calibrate([lamp]).instrument


LIGHTS = {
    "green laser": (532.0, deposit(532.0, 1.0)),
    "red laser": (650.0, deposit(650.0, 1.0)),
    "blue LED": (455.0, led_die(455.0, 20.0)),
    "green LED": (525.0, led_die(525.0, 30.0)),
}


@pytest.mark.parametrize("light", LIGHTS)
def test_narrow_lights_are_read_on_the_instrument_s_wavelengths(
    bench, calibrated, classifier, light
):
    _, spd = LIGHTS[light]
    image = bench.photograph(np.random.default_rng(7), spd)
    result = recognise(image, classifier, instrument=calibrated)
    assert result.axis.source == "neon.png"
    px = result.profile.position[int(result.profile.rgb.max(axis=1).argmax())]
    y = result.band.geometry.across(px)
    true = float(bench.nm_at(np.array([px]), np.array([y]))[0])
    error = max(3 * float(result.axis.standard_error_nm(px)), 0.5)
    assert float(result.axis.nm_at(px)) == pytest.approx(true, abs=error)
    assert result.source == ("led" if "LED" in light else None)


def test_darkness_is_measured_too(calibrated, classifier):
    width, height = calibrated.size
    result = recognise(np.zeros((height, width, 3), np.uint8), classifier, instrument=calibrated)
    assert result.status == "unknown"
    assert result.axis.source == "neon.png"
