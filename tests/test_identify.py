"""identify: one answer a photo, in order, whatever the photo; figures, spectra and calibrations."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

import identify
from lib.files import read_csv
from lib.images.png import write_png
from lib.images.reading import read_image
from lib.outputs import own_path
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


def test_a_photo_that_is_not_there_is_said_to_be_missing_and_nothing_more(capsys):
    assert run("none.jpg") == 1
    assert capsys.readouterr().err == "error: none.jpg: no such file\n"


@pytest.mark.parametrize(
    ("holds", "message"),
    [
        (None, "no such folder; expected one with a frozen model"),
        ([], "holds no frozen model (no model.json)"),
        (["run.json"], "trained, but not frozen; run this first: python s5_freeze_pb.py --input "),
    ],
)
def test_a_folder_without_a_frozen_model_says_what_is_missing(
    tmp_path, monkeypatch, capsys, holds, message
):
    monkeypatch.chdir(tmp_path)
    if holds is not None:
        Path("mine").mkdir()
    for name in holds or ():
        (Path("mine") / name).touch()
    assert run(NEON, "--model", "mine") == 1
    assert capsys.readouterr().err.startswith(f"error: mine: {message}")


def test_daylight_without_wavelengths_is_advised_to_calibrate(capsys):
    assert run(NEON.with_name("daylight.jpg"), "--json") == 0
    (row,) = answers(capsys)
    assert row["source"] == "continuum" and row["reason_code"] == "no_lines"
    assert "Calibrate" in row["advice"][0]


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
    assert len(list((tmp_path / "p").glob("*.png"))) == 2


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
        printed = capsys.readouterr()
        assert len(printed.out.splitlines()) == 1
    assert "skipped 2 pictures that this program has drawn" in printed.err


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
    made = {path.name for folder in ("p", "s") for path in (tmp_path / folder).glob("[!.]*")}
    assert made == {
        "a_neon.png",
        "overview.png",
        "a_neon.csv",
        "a_neon.txt",
        "a_neon_pysa.csv",
    }
    assert "neon" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flag", "file"),
    [
        ("--csv", "answers.csv"),
        ("--save-calibration", "instrument.json"),
        ("--plot", "neon.png"),
        ("--spectra", "neon_pysa.csv"),
    ],
)
def test_a_file_of_the_user_is_replaced_only_if_told_to(tmp_path, capsys, flag, file):
    (tmp_path / "out").mkdir()
    theirs = tmp_path / "out" / file
    theirs.write_bytes(b"theirs")
    place = theirs.parent if flag in ("--plot", "--spectra") else theirs
    assert run(NEON, flag, place) == 1
    printed = capsys.readouterr()
    assert f"{file}: exists already" in printed.err and printed.out == ""
    assert [path.read_bytes() for path in theirs.parent.iterdir()] == [b"theirs"]
    for flags in (["--overwrite"], []):
        assert run(NEON, flag, place, *flags) == 0
        assert theirs.read_bytes() != b"theirs"


@pytest.mark.slow
def test_photos_in_the_folder_of_the_plots_are_photos(tmp_path, capsys):
    (tmp_path / "photos").mkdir()
    theirs = tmp_path / "photos" / "x.jpg"
    theirs.write_bytes(RAINBOW.read_bytes())
    (tmp_path / "y.jpg").write_bytes(NEON.read_bytes())
    for _ in range(2):
        assert run(tmp_path, "--json", "--plot", theirs.parent) == 0
        assert [Path(row["photo"]).name for row in answers(capsys)] == ["x.jpg", "y.jpg"]
    write_png(theirs.with_name("z.png"), read_image(NEON))
    before = theirs.with_name("z.png").read_bytes()
    assert run(tmp_path, "--plot", theirs.parent) == 1
    assert "z.png: would replace a file that is read" in capsys.readouterr().err
    assert theirs.with_name("z.png").read_bytes() == before


@pytest.mark.slow
def test_the_csv_names_the_lamp(tmp_path):
    assert run(NEON, RAINBOW, "--csv", tmp_path / "a.csv") == 0
    first, second = read_csv(tmp_path / "a.csv", identify.CSV_COLUMNS)
    assert (first["source"], first["axis"]) == ("neon", "horizontal")
    assert (second["status"], second["source"]) == ("no_band", "")


@pytest.mark.slow
def test_a_photo_whose_files_cannot_be_written_is_one_row(tmp_path, capsys):
    (tmp_path / "s" / "neon.txt").mkdir(parents=True)
    flags = ("--json", "--spectra", tmp_path / "s", "--csv", tmp_path / "a.csv")
    assert run(NEON, RAINBOW, *flags) == 0
    first, second = answers(capsys)
    assert first["status"] == "error" and "neon.txt: cannot be written" in first["reason"]
    assert second["status"] == "no_band"
    rows = read_csv(tmp_path / "a.csv", identify.CSV_COLUMNS)
    assert [row["status"] for row in rows] == ["error", "no_band"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such file names")
def test_hostile_names_do_no_harm(tmp_path, capsys):
    folder = tmp_path / "photos"
    folder.mkdir()
    names = ["=1+1.jpg", "a\n\x1b[31mred.jpg", "n" * 250 + ".jpg", "n" * 250 + ".png"]
    for name in names:
        (folder / name).write_bytes(NEON.read_bytes())
    paths = [folder / name for name in names]
    flags = ("--csv", tmp_path / "a.csv", "--plot", tmp_path / "p", "--spectra", tmp_path / "s")
    assert run(*paths, *flags) == 0
    table = capsys.readouterr().out
    rows = [line for line in table.splitlines() if "Neon" in line]
    assert len(rows) == len(names)
    assert "\x1b" not in table and "a\\n\\x1b[31mred.jpg" in table
    rows = read_csv(tmp_path / "a.csv", identify.CSV_COLUMNS)
    assert [row["photo"] for row in rows] == [path.as_posix() for path in paths]
    assert {row["status"] for row in rows} == {"ok"}
    assert len(list((tmp_path / "p").glob("*.png"))) == len(names) + 1
    assert len(list((tmp_path / "s").glob("*.txt"))) == len(names)


def test_a_name_too_long_for_a_file_is_one_row_or_one_line(tmp_path, capsys):
    long = "n" * 300
    assert run(f"{long}.jpg", RAINBOW, "--json") == 0
    first, second = answers(capsys)
    assert (first["status"], second["status"]) == ("error", "no_band")
    for flag in ("--csv", "--plot", "--calibration", "--model"):
        assert run(RAINBOW, flag, tmp_path / long) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ") and long in line


def test_links_that_go_round_in_a_circle_are_one_row(tmp_path, capsys):
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    assert run(tmp_path / "loop.jpg", "--csv", tmp_path / "a.csv") == 1
    assert "loop.jpg" in capsys.readouterr().err
    assert read_csv(tmp_path / "a.csv", ["status"])[0]["status"] == "error"
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    assert run(RAINBOW, "--csv", tmp_path / "loop.csv") == 1
    assert "loop.csv: cannot be written" in capsys.readouterr().err


INTERRUPT = """
import os, runpy, signal, sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
sys.argv = ["identify.py", {photo!r}]
sys.path.insert(0, "")
runpy.run_path("identify.py", run_name="__main__")
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("module", ["numpy", "lib.recognition.recognise", "ai_edge_litert"])
def test_an_interrupt_at_the_start_is_one_line(module):
    code = INTERRUPT.format(module=module, photo=str(NEON))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.stderr == "error: interrupted\n"
    # Ended by the signal, which a shell calls 130, or by the command itself.
    assert done.returncode in (130, -signal.SIGINT)


def test_a_photo_without_an_axis_has_its_spectrum_over_pixels_and_says_so(tmp_path, capsys):
    folder = tmp_path / "s"
    with own_path(folder / "led_pysa.csv") as path:
        path.write_text("of an earlier run, with an axis")
    assert run(NEON.with_name("led.jpg"), "--spectra", folder) == 0
    err = capsys.readouterr().err
    assert "led.jpg" in err and "over pixels" in err
    assert {path.name for path in folder.glob("[!.]*")} == {"led.csv", "led.txt"}
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
    assert heading.split()[:3] == ["photo", "light", "source"]
    assert [row.split()[0] for row in rows[:3]] == ["a_neon.jpg", "b_rainbow.jpg", "c_broken.jpg"]
    assert rows[-1] == ("3 photos: 1 named, 1 with wavelengths, 1 without a spectrum, 1 unreadable")


def test_what_holds_for_several_photos_is_said_once(capsys):
    assert run(RAINBOW, RAINBOW) == 0
    out = capsys.readouterr().out
    assert out.count("looks like a spectrum") == 1 and "no spectrum (2 photos): " in out


def test_figures_stand_in_json_and_in_the_long_table(capsys):
    dark = NEON.with_name("daylight.jpg")
    assert run(dark) == 0 and run(dark, "-v") == 0 and run(dark, "--json") == 0
    short, long = capsys.readouterr().out.split("photo   ")[1:]
    assert "no sharp lines" in short and "probability" not in short
    assert "probability 0." in long.split("{")[0]


def test_photos_of_several_folders_are_called_by_their_path_inside_what_holds_them(
    tmp_path, capsys
):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "bow.jpg").write_bytes(RAINBOW.read_bytes())
    assert run(tmp_path / "a", tmp_path / "b") == 0
    rows = capsys.readouterr().out.splitlines()[1:3]
    assert [row.split()[0] for row in rows] == ["a/bow.jpg", "b/bow.jpg"]


def test_a_pattern_that_no_shell_expanded_is_expanded(capsys):
    assert run(NEON.with_name("ne*.jpg"), "--json") == 0
    assert [Path(row["photo"]).name for row in answers(capsys)] == ["neon.jpg"]
    assert run(NEON.with_name("xe*.jpg")) == 1
    assert "xe*.jpg: no file matches this pattern" in capsys.readouterr().err


def test_a_single_photo_that_cannot_be_read_is_one_line(tmp_path, capsys):
    assert run(tmp_path / "none.jpg") == 1
    printed = capsys.readouterr()
    assert printed.out == "" and len(printed.err.splitlines()) == 1


def test_a_mistyped_flag_is_one_line_that_names_the_right_one(capsys):
    with pytest.raises(SystemExit) as stopped:
        run(NEON, "--lampe", "neon")
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--lampe" in line and "; did you mean --lamp?" in line


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
    assert row["reason_code"] == "other_instrument" and "the instrument is for" in row["reason"]


def test_what_cannot_be_calibrated_is_not_kept(tmp_path, capsys):
    assert run(RAINBOW, "--save-calibration", tmp_path / "a.json") == 1
    error = capsys.readouterr().err
    assert "rainbow.jpg: " in error and "Photograph a fluorescent" in error
    assert not (tmp_path / "a.json").exists()


def test_the_user_may_name_the_lamp(capsys):
    assert run(NEON, "--lamp", "neon", "--json") == 0
    assert answers(capsys)[0]["source"] == "neon"
    assert run(NEON, "--lamp", "kryptonite") == 1
    assert "lamp 'kryptonite': not known; did you mean krypton?" in capsys.readouterr().err


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
