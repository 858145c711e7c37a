"""identify: one answer a photo, in order, whatever the photo; figures, spectra and calibrations."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

import identify
from lib.images.png import write_png
from lib.images.reading import read_image
from lib.paths import DEFAULT_MODEL
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise_file

NEON = ROOT / "web" / "static" / "web" / "examples" / "neon.jpg"
RAINBOW = NEON.with_name("rainbow.jpg")
JSON_KEYS = [
    "photo",
    "status",
    "reason",
    "remarks",
    "source",
    "class_id",
    "lamp",
    "certainty",
    "threshold",
    "probability",
    "probabilities",
    "band",
    "saturated",
    "wavelength",
    "model_version",
]


def run(*argv) -> int:
    return identify.main([str(word) for word in argv])


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A neon lamp, a photo without a spectrum, and a file that is no image."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "a_neon.jpg").write_bytes(NEON.read_bytes())
    (folder / "b_rainbow.jpg").write_bytes(RAINBOW.read_bytes())
    (folder / "c_broken.jpg").write_bytes(NEON.read_bytes()[:900])
    return folder


def answers(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_json_has_one_object_a_photo_in_order_and_nothing_else(photos, capsys):
    assert run(photos, "--json") == 0
    rows = answers(capsys)
    assert [row["photo"].rsplit("/", 1)[1][0] for row in rows] == ["a", "b", "c"]
    assert [row["status"] for row in rows] == ["ok", "no_band", "error"]
    assert set(JSON_KEYS) <= set(rows[0])
    assert rows[0]["source"] == "neon" and rows[0]["class_id"] == 3
    assert rows[0]["wavelength"]["axis"] in ("x", "y")
    assert rows[1]["wavelength"] is None and rows[1]["reason"]
    assert "c_broken.jpg" in rows[2]["reason"]


@pytest.mark.slow
def test_many_photos_are_shared_among_processes(tmp_path):
    # As people start it: what workers import differs from what a test imports.
    for number in range(33):
        write_png(tmp_path / f"{number:02d}.png", np.full((60, 80, 3), 4 * number, np.uint8))
    write_png(tmp_path / "33.png", read_image(NEON))
    done = subprocess.run(
        [sys.executable, "identify.py", str(tmp_path), "--json", "--jobs", "2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["photo"][-6:] for row in rows] == [f"{number:02d}.png" for number in range(34)]
    assert rows[-1]["source"] == "neon"


def test_photos_of_one_stem_have_files_of_their_own():
    paths = [Path(name) for name in ("x-2.jpg", "x.jpeg", "X.jpg", "x_pysa.jpg", "overview.jpg")]
    assert identify.output_names(paths) == ["x-2", "x", "X-3", "x_pysa-2", "overview-2"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [b"price$5$.jpg", b"a$\\frac$.jpg", b"latin\xff.jpg"])
def test_a_photo_may_be_called_anything(tmp_path, name):
    folder = tmp_path / "photos"
    folder.mkdir()
    try:
        (folder / os.fsdecode(name)).write_bytes(NEON.read_bytes())
    except OSError:
        pytest.skip("this system has no such file names")
    assert run(folder, "--plot", tmp_path / "p", "--csv", tmp_path / "a.csv") == 0
    assert len(list((tmp_path / "p").iterdir())) == 2


@pytest.mark.slow
def test_a_reader_that_has_read_enough_sees_no_traceback():
    command = f"{sys.executable} identify.py {NEON} {NEON} {RAINBOW} | head -n 1"
    done = subprocess.run(
        command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert len(done.stdout.splitlines()) == 1 and "Traceback" not in done.stderr


@pytest.mark.slow
def test_what_an_earlier_run_drew_is_no_photo(tmp_path, capsys):
    write_png(tmp_path / "neon.png", read_image(NEON))
    for _ in range(2):
        assert run(tmp_path, "--json", "--plot", tmp_path / "plots") == 0
        assert len(answers(capsys)) == 1


def test_nothing_in_place_of_a_photo_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as stopped:
        run("")
    assert stopped.value.code == 2 and "received nothing" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--csv", "--save-calibration", "--plot"])
def test_no_output_replaces_a_photo(tmp_path, capsys, flag):
    photo = tmp_path / "neon.png"
    write_png(photo, read_image(NEON))
    before = photo.read_bytes()
    assert run(photo, flag, tmp_path if flag == "--plot" else photo) == 1
    assert "neon.png: would replace a file that is read" in capsys.readouterr().err
    assert photo.read_bytes() == before


@pytest.mark.slow
def test_files_lie_where_they_were_asked_for(photos, tmp_path, capsys):
    flags = ("--csv", tmp_path / "a.csv", "--plot", tmp_path / "p", "--spectra", tmp_path / "s")
    assert run(photos, *flags) == 0
    with (tmp_path / "a.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["status"] for row in rows] == ["ok", "no_band", "error"]
    assert float(rows[0]["first_nm"]) < float(rows[0]["last_nm"])
    made = {path.name for folder in ("p", "s") for path in (tmp_path / folder).iterdir()}
    assert made == {
        "a_neon.png",
        "overview.png",
        "a_neon.csv",
        "a_neon.txt",
        "a_neon_pysa.csv",
    }
    assert "neon" in capsys.readouterr().out


def test_a_photo_without_an_axis_has_its_spectrum_over_pixels_and_says_so(tmp_path, capsys):
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "led_pysa.csv").write_text("of an earlier run, with an axis")
    assert run(NEON.with_name("led.jpg"), "--spectra", folder) == 0
    err = capsys.readouterr().err
    assert "led.jpg" in err and "over pixels" in err
    assert {path.name for path in folder.iterdir()} == {"led.csv", "led.txt"}
    with (folder / "led.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    pixels = [float(row["pixel"]) for row in rows]
    assert pixels == sorted(pixels) and {row["nm"] for row in rows} == {""}
    with (folder / "led.txt").open() as stream:
        assert stream.readline().startswith("# position_in_the_photo_px")
    text = np.loadtxt(folder / "led.txt")
    assert text[:, 0].tolist() == pixels


def test_the_table_has_a_heading_and_json_has_none(photos, capsys):
    assert run(photos) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split()[:2] == ["photo", "source"] and len(rows) == 3


def test_a_calibration_kept_from_a_lamp_serves_another_photo(tmp_path, capsys):
    kept = tmp_path / "instrument.json"
    assert run(NEON, "--save-calibration", kept, "--json") == 0
    assert run(NEON, "--calibration", kept, "--json") == 0
    first, second = (answer["wavelength"] for answer in answers(capsys))
    assert second["source"] == NEON.name and second["shift_px"] == 0
    (low, high), px = first["range_px"], np.linspace(*first["range_px"], 9)
    assert second["range_px"][0] <= low and second["range_px"][1] >= high
    nm = (np.polynomial.polynomial.polyval(px, one["coefficients"]) for one in (first, second))
    np.testing.assert_allclose(*nm, atol=0.3)


def test_a_photo_of_another_instrument_keeps_its_own_axis_and_says_so(tmp_path, capsys):
    kept = tmp_path / "instrument.json"
    assert run(NEON, "--save-calibration", kept) == 0
    capsys.readouterr()
    other = tmp_path / "turned.png"
    write_png(other, np.ascontiguousarray(np.rot90(read_image(NEON))))
    assert run(other, "--calibration", kept, "--json") == 0
    (row,) = answers(capsys)
    assert row["wavelength"]["source"] == "own lines"
    assert row["reason_code"] == "other_instrument" and "calibration is for" in row["reason"]


def test_what_cannot_be_calibrated_is_not_kept(tmp_path, capsys):
    assert run(RAINBOW, "--save-calibration", tmp_path / "a.json") == 1
    assert "no calibration to save" in capsys.readouterr().err
    assert not (tmp_path / "a.json").exists()


def test_the_user_may_name_the_lamp(capsys):
    assert run(NEON, "--lamp", "neon", "--json") == 0
    assert answers(capsys)[0]["source"] == "neon"
    assert run(NEON, "--lamp", "kryptonite") == 1
    assert "lamp 'kryptonite': expected one of" in capsys.readouterr().err


def test_a_photo_that_is_not_there_is_one_clear_line(tmp_path, capsys):
    assert run(tmp_path / "none.jpg") == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ") and "none.jpg" in error


def test_a_folder_without_images_is_one_clear_line(tmp_path, capsys):
    assert run(tmp_path) == 1
    assert "no image files" in capsys.readouterr().err


@pytest.mark.parametrize("share", ["0", "1.5"])
def test_a_precision_out_of_range_is_wrong_usage(share, capsys):
    with pytest.raises(SystemExit) as stop:
        run(NEON, "--min-precision", share)
    assert stop.value.code == 2


def test_darkness_is_no_band(tmp_path):
    write_png(tmp_path / "dark.png", np.zeros((240, 320, 3), np.uint8))
    result = recognise_file(tmp_path / "dark.png", Classifier(DEFAULT_MODEL))
    assert result.status == "no_band" and result.to_json("dark")["band"] is None


@pytest.mark.slow
def test_real_photos_get_one_answer_each(real_data, capsys):
    folder = real_data / "photos"
    assert run(folder, "--json") == 0
    rows = answers(capsys)
    assert len(rows) == len([path for path in folder.rglob("*.*") if path.is_file()])
    assert {row["status"] for row in rows} <= {"ok", "unknown", "no_band"}
