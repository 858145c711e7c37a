"""Instruments of points that are set by hand along a band."""

import numpy as np
import pytest

from lib.errors import DataError
from lib.measurement.by_hand import instrument_of_band, instrument_of_frame
from lib.measurement.points import points_in
from lib.recognition.instrument_file import instrument_from_json, instrument_to_json
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
from lib.simulation.lamps.catalogue import LAMPS
from web.readers import worker
from web.readers.work import Job, Limits

POINTS = ((300.0, 435.83), (500.0, 546.07), (620.0, 611.5))
BAND = {"start": 0, "stop": 1279, "centre": [360, 0.01], "half_height": 40, "rows": [-20, 20]}
LIMITS = Limits(max_bytes=2**25, max_pixels=64 * 10**6)


def frame(axis="horizontal", width=1280, height=720):
    return {"photo": {"width": width, "height": height}, "band": {**BAND, "axis": axis}}


@pytest.mark.parametrize(("told", "letter"), [(frame(), "x"), (frame("vertical", 720, 1280), "y")])
def test_points_along_a_told_band_make_an_instrument(told, letter):
    instrument = instrument_of_frame(POINTS, told)
    assert instrument.axis.axis == letter
    assert instrument.size == (told["photo"]["width"], told["photo"]["height"])
    assert instrument.place.rows == (-20, 20) and instrument.place.towards_red == 1
    for px, nm in POINTS:
        assert float(instrument.axis.nm_at(px)) == pytest.approx(nm, abs=0.1)
    again = instrument_from_json(instrument_to_json(instrument), "again")
    assert again.axis.coefficients == instrument.axis.coefficients


def test_a_box_tells_a_band_as_well():
    told = frame()
    told["band"] = {"x0": 0, "y0": 300, "x1": 1280, "y1": 400, "angle_deg": 1}
    instrument = instrument_of_frame(POINTS, told)
    assert instrument.place.geometry.slope() == pytest.approx(np.tan(np.radians(1)))


@pytest.mark.parametrize(
    ("points", "told", "complaint"),
    [
        (POINTS, {}, "expected the parts photo and band"),
        (POINTS, {"photo": {"width": 1280, "height": 720}, "band": {"x0": 3}}, "frame: band"),
        (
            POINTS,
            {"photo": {"width": 1280, "height": 720}, "band": {"x0": float("nan")}},
            "NaN|JSON",
        ),
        (POINTS[:1], frame(), "expected at least 2"),
        (((1, 500), (2, 400), (3, 600)), frame(), "grow or fall"),
        (((100, 436), (1300, 700)), frame(), "1280 px along the band"),
        (((-4, 436), (300, 700)), frame(), "1280 px along the band"),
    ],
)
def test_what_gives_no_instrument_is_refused_by_name(points, told, complaint):
    with pytest.raises(DataError, match=complaint):
        instrument_of_frame(points, told)


def test_points_of_a_request_are_never_a_file(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("31,388.9\n616,632.8\n")
    with pytest.raises(DataError, match="expected two numbers"):
        points_in(str(path))


@pytest.mark.slow
def test_points_set_in_a_photo_overrule_what_its_lines_say(bench, shipped_model):
    classifier = Classifier(shipped_model)
    rng = np.random.default_rng(3)
    image = bench.photograph(rng, LAMPS["neon"].draw(rng), peak=0.5)
    band = recognise(image, classifier).band
    position = np.sort(band.profile.position)
    px = np.linspace(position[0], position[-1], 5)[1:-1]
    # Somebody whose spectrometer shows other wavelengths.
    points = [(float(x), 300 + 0.2 * float(x)) for x in px]
    instrument = instrument_of_band(points, image, band)
    assert instrument.place.geometry == band.geometry
    assert float(instrument.axis.nm_at(px[1])) == pytest.approx(points[1][1], abs=0.2)


def test_the_reader_answers_points_with_a_document():
    reply = worker.work(
        Job(b"", "points", kind="points", points=POINTS, frame=frame()), None, LIMITS
    )
    lines = reply.extras["calibration"]["axis"]["lines"]
    assert [(line["px"], line["nm"]) for line in lines] == list(POINTS)
