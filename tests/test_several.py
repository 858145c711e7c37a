"""Several spectra in one photo: found, said, chosen, and measured by one another."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

import calibrate
import identify
import measure
from lib.errors import DataError
from lib.images.png import write_png
from lib.measurement.frames import Frames
from lib.measurement.response import Planck, measure_response
from lib.paths import DEFAULT_MODEL
from lib.recognition.find import finder
from lib.recognition.find.choice import matching, parse_choice
from lib.recognition.find.finder import NoSuchBand, find_band
from lib.recognition.find.rows_apart import rows_apart
from lib.recognition.find.search import find_candidates
from lib.recognition.instrument import instrument_of
from lib.recognition.name.classifier import kept_classifier
from lib.recognition.recognise import placed, recognise
from tests.support.rows import BENCH, BRIGHT_BENCH, photo_of_rows


def centre(box):
    return (box[1] + box[3]) / 2


@pytest.fixture(scope="module")
def two():
    return photo_of_rows(("mercury", -80, -25), ("neon", 25, 80))


@pytest.fixture(scope="module")
def star_between_lamps():
    return photo_of_rows(("neon", -80, -25), ("star", -3, 3), ("neon", 25, 80))


@pytest.fixture(scope="module")
def classifier():
    return kept_classifier(str(DEFAULT_MODEL))


def test_two_lamps_one_above_the_other_are_said_from_top_to_bottom(two):
    band = find_band(two)
    upper, lower = band.among
    assert upper[3] < lower[1]
    assert centre(upper) == pytest.approx(187, abs=6) and centre(lower) == pytest.approx(292, abs=6)
    assert centre((band.x0, band.y0, band.x1, band.y1)) == pytest.approx(
        centre(band.among[band.number - 1]), abs=2
    )


def test_a_star_between_the_rows_of_a_lamp_is_one_of_three(star_between_lamps):
    boxes = find_band(star_between_lamps).among
    assert len(boxes) == 3
    star = find_band(star_between_lamps, 2)
    assert star.number == 2 and star.geometry.half_height < 12
    assert star.geometry.across(320) == pytest.approx(239.5, abs=3)


@pytest.mark.parametrize("number", [1, 2])
def test_a_number_and_a_box_choose_a_spectrum(two, number):
    by_number = find_band(two, number)
    box = by_number.among[number - 1]
    assert by_number.number == number
    assert find_band(two, box).geometry == by_number.geometry
    generous = (0, box[1] - 20, 640, box[3] + 20)
    inside = find_band(two, generous)
    assert inside.geometry.across(320) == pytest.approx(by_number.geometry.across(320), abs=3)
    assert inside.profile.position[0] == pytest.approx(by_number.profile.position[0], abs=40)


def test_what_was_chosen_and_is_not_there_is_refused_in_words(two):
    with pytest.raises(NoSuchBand, match="no band 3: the photo shows 2 spectra"):
        find_band(two, 3)
    with pytest.raises(NoSuchBand, match="nothing in the box 5,5,60,60"):
        find_band(two, (5, 5, 60, 60))
    with pytest.raises(NoSuchBand, match="outside the photo of 640 x 480 px"):
        find_band(two, (700, 5, 760, 60))


@pytest.mark.parametrize("gap", [0, 8])
def test_the_halves_of_a_divided_slit_are_one_spectrum(gap):
    image = photo_of_rows(("neon", -60, -gap / 2), ("neon", gap / 2, 60))
    assert find_band(image).among == ()
    assert find_band(image, 1).among == ()


def test_one_spectrum_costs_one_examination(monkeypatch):
    image = photo_of_rows(("neon", -40, 40))
    (candidate,) = find_candidates(image)
    assert rows_apart(image, candidate) == [candidate]
    examined = []
    examine = finder._examine
    monkeypatch.setattr(finder, "_examine", lambda *args: examined.append(1) or examine(*args))
    find_band(image)
    assert len(examined) == 1


def test_two_rows_of_one_mask_cost_no_more_unless_the_other_is_chosen(two, monkeypatch):
    examined = []
    examine = finder._examine
    monkeypatch.setattr(finder, "_examine", lambda *args: examined.append(1) or examine(*args))
    candidates = len(find_candidates(two))
    find_band(two)
    assert len(examined) == candidates


@pytest.mark.parametrize(
    ("text", "choice"), [("2", 2), ("10,20,300,60", (10, 20, 300, 60)), (" 1", 1)]
)
def test_a_choice_is_a_number_or_a_box(text, choice):
    assert parse_choice(text) == choice


@pytest.mark.parametrize("text", ["", "0", "-1", "a", "1,2", "1.5", "5,5,5,9", "9,9,1,1", "1e9"])
def test_other_choices_are_refused(text):
    with pytest.raises(ValueError, match="expected its number, 1 or more, or a box"):
        parse_choice(text)


def test_a_box_is_about_the_spectrum_that_it_covers():
    boxes = [(0, 0, 100, 20), (0, 40, 100, 60)]
    assert matching((2, 41, 99, 62), boxes) == 1
    assert matching((0, 0, 100, 60), boxes) is None
    assert matching((0, 0, 10, 10), []) is None


def test_the_answer_says_how_many_where_and_which(two, classifier):
    answer = recognise(two, classifier).answer("photo")
    (remark,) = [one for one in answer.remarks if one.code == "several_bands"]
    assert remark.text.startswith("2 spectra in the photo (number 1 at ")
    assert re.search(r"; the answer is about number [12]$", remark.text)
    assert [(box.x0, box.y0, box.x1, box.y1) for box in answer.bands] == list(find_band(two).among)
    chosen = recognise(two, classifier, band=1).answer("photo")
    assert len(chosen.bands) == 2
    assert "several_bands" not in [one.code for one in chosen.remarks]
    missing = recognise(two, classifier, band=3).answer("photo")
    assert (missing.status, missing.reason_code, missing.bands) == ("no_band", "no_such_band", ())


def test_an_instrument_takes_its_own_band_before_a_better_one(star_between_lamps, classifier):
    told = recognise(star_between_lamps, classifier, lamp="neon", band=1)
    instrument = instrument_of(told.axis, star_between_lamps, told.band)
    again = recognise(star_between_lamps, classifier, instrument=instrument)
    assert again.band.number == 1
    assert again.axis.source != "own lines"


def test_a_lamp_gives_the_trace_beside_it_wavelengths(star_between_lamps, classifier):
    told = recognise(star_between_lamps, classifier, lamp="neon", band=1)
    instrument = instrument_of(told.axis, star_between_lamps, told.band)
    star = recognise(star_between_lamps, classifier, instrument=instrument, band=2)
    assert star.band.number == 2 and star.axis is not None
    px = np.linspace(*instrument.axis.range_px, 5)
    x, y = star.band.geometry.place(px, [0.0])
    off = star.axis.nm_at(px) - BENCH.nm_at(x[0], y[0])
    assert np.all(np.abs(off) < 3 * star.axis.standard_error_nm(px))
    # Further from the lamp, less is certain.
    near = instrument.axis.standard_error_nm(px).mean()
    assert star.axis.standard_error_nm(px).mean() > near


def test_of_several_spectra_along_a_tall_instrument_the_nearest_is_taken(two):
    tall = replace(find_band(two, 2).geometry, half_height=150.0)
    assert find_band(two, along=tall).number == 2


def test_a_box_about_one_spectrum_of_a_tall_instrument_is_read_alone(two, classifier):
    told = recognise(two, classifier, lamp="neon", band=2)
    made = instrument_of(told.axis, two, told.band)
    geometry = replace(made.place.geometry, half_height=150.0)
    tall = replace(made, place=replace(made.place, geometry=geometry, rows=(-120.0, 120.0)))
    upper = find_band(two, 1)
    moved, found = placed(two, tall, find_band(two).among[0])
    assert found.number == 1
    assert moved.place.rows == upper.rows
    assert moved.place.geometry.across(300) == pytest.approx(upper.geometry.across(300), abs=2)


def test_a_box_too_faint_to_be_found_is_read_by_the_instrument(classifier):
    image = photo_of_rows(("neon", -80, -25))
    told = recognise(image, classifier, lamp="neon")
    instrument = instrument_of(told.axis, image, told.band)
    box = (100, 300, 600, 321)
    moved, found = placed(image, instrument, box)
    assert found is None
    assert moved.place.geometry.across(350) == pytest.approx(310, abs=3)
    assert moved.place.rows == (-10.5, 10.5)


def test_lines_that_lean_are_followed_to_another_row(classifier):
    image = photo_of_rows(("neon", -80, -25))
    told = recognise(image, classifier, lamp="neon")
    made = instrument_of(told.axis, image, told.band)
    own = made.place.geometry
    for lean in (0.05, -0.05):
        leaning = made.place.__class__(
            own.__class__(**vars(own) | {"lean": lean}), made.place.rows, made.place.towards_red
        )
        instrument = made.__class__(**vars(made) | {"place": leaning})
        other = own.__class__(**vars(own) | {"lean": 0.0, "centre": (own.centre[0] + 100, 0.0)})
        moved = instrument.on_line(other, (-5, 5))
        off = float(other.across(300) - own.across(300))
        assert moved.axis.nm_at(300 + lean * off) == pytest.approx(made.axis.nm_at(300), abs=0.2)


@pytest.fixture(scope="module")
def two_file(two, tmp_path_factory):
    path = tmp_path_factory.mktemp("two") / "two.png"
    write_png(path, two)
    return path


def test_commands_take_a_band(two_file, tmp_path, capsys):
    made = tmp_path / "instrument.json"
    lamp = ["--lamp", "neon", "--band", "2"]
    assert calibrate.main([str(two_file), *lamp, "--output", str(made)]) == 0
    capsys.readouterr()
    assert identify.main([str(two_file), "--json", "--band", "1"]) == 0
    seen = json.loads(capsys.readouterr().out)
    assert seen["band"]["y1"] < 240 and seen["remarks"] == []
    options = ["--instrument", str(made), "--json"]
    assert measure.main([str(two_file), *options, "--band", "1"]) == 0
    peaks = json.loads(capsys.readouterr().out)["peaks"]
    green = max(peaks, key=lambda one: one["height"])
    assert abs(green["nm"] - 546.07) < max(2 * green["error_nm"], 0.5)
    with pytest.raises(SystemExit):
        identify.main([str(two_file), "--band", "1,2"])
    assert "expected its number" in capsys.readouterr().err


def test_the_response_is_measured_on_the_band_that_was_chosen(classifier):
    image = photo_of_rows(("incandescent", -80, -25), ("helium", 25, 80), bench=BRIGHT_BENCH)
    told = recognise(image, classifier, lamp="helium", band=2)
    instrument = instrument_of(told.axis, image, told.band)
    frames = Frames(("both.png",), (image,))
    response, _ = measure_response(frames, instrument, Planck(2856.0), band=1)
    known = np.isfinite(response.rgb).any(axis=1)
    assert known.mean() > 0.9 and np.ptp(response.nm[known]) > 200


def test_a_band_that_is_not_there_fails_the_measurement_in_one_line(two_file, tmp_path, capsys):
    made = tmp_path / "instrument.json"
    assert (
        calibrate.main([str(two_file), "--lamp", "neon", "--band", "2", "--output", str(made)]) == 0
    )
    assert measure.main([str(two_file), "--instrument", str(made), "--band", "9"]) == 1
    assert "no band 9: the photo shows 2 spectra" in capsys.readouterr().err


def test_a_crop_is_answered_in_the_photos_own_pixels(two):
    x0, y0 = 30, 240
    part = find_band(np.ascontiguousarray(two[y0:, x0:]))
    moved = part.moved(x0, y0)
    assert moved.geometry.across(300) == pytest.approx(part.geometry.across(300 - x0) + y0)
    assert moved.profile.position[0] == part.profile.position[0] + x0
    assert (moved.x0, moved.y0) == (part.x0 + x0, part.y0 + y0)


def test_nothing_but_data_errors_leave(two, classifier):
    with pytest.raises(DataError):
        find_band(np.zeros_like(two), 1)
