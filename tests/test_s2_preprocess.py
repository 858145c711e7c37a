"""s2: labelled folders to crops and crops.csv."""

import csv
import os

import cv2
import numpy as np
import pytest

import s2_preprocess
from lib.files import sha256, write_csv
from lib.images.png import write_png
from lib.images.reading import read_image
from lib.simulation.photos.photos import simulate_photo
from lib.tables import CROP_SHAPE, CROPS_COLUMNS, LABELS_COLUMNS


@pytest.fixture(scope="module")
def photos():
    """Three easy photos of neon and of a CFL."""
    rng = np.random.default_rng(5)
    easy = dict.fromkeys(("small", "dark", "large", "thin", "monochrome", "cluttered"), False)
    return [simulate_photo(rng, lamp, **easy).image for lamp in ("neon", "cfl_hg", "neon")]


@pytest.fixture
def labelled(tmp_path, photos):
    folder = tmp_path / "Image_Labeled"
    write_png(folder / "5" / "neon_1.png", photos[0])
    write_png(folder / "1" / "cfl_2.png", photos[1])
    write_png(folder / "5" / "neon_3.png", photos[2])
    (folder / "5" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    write_png(folder / "10" / "black.png", np.zeros((120, 160, 3), np.uint8))
    return folder


def run(labelled, output, *flags):
    return s2_preprocess.main(
        ["--input", str(labelled), "--output", str(output), "--jobs", "1", *flags]
    )


def rows_of(output):
    with (output / "crops.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {row["photo"]: row for row in rows}


def test_crops_are_written_as_listed(labelled, tmp_path):
    assert run(labelled, tmp_path / "out") == 0
    rows = rows_of(tmp_path / "out")
    assert list(rows) == [
        "1/cfl_2.png",
        "5/broken.jpg",
        "5/neon_1.png",
        "5/neon_3.png",
        "10/black.png",
    ]
    assert list(rows["1/cfl_2.png"]) == list(CROPS_COLUMNS)
    good = rows["5/neon_1.png"]
    assert (good["status"], good["raw_id"]) == ("ok", "5")
    assert read_image(tmp_path / "out" / good["crop"]).shape == CROP_SHAPE


def test_nothing_is_listed_that_was_not_written(labelled, tmp_path):
    """An unreadable photo got a row for a crop that did not exist (nnSIC's third mistake)."""
    run(labelled, tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    assert rows["5/broken.jpg"]["status"] == "error"
    assert "5/broken.jpg" in rows["5/broken.jpg"]["reason"]
    assert rows["10/black.png"]["status"] == "no_band"
    assert rows["10/black.png"]["reason"]
    listed = {row["crop"] for row in rows.values() if row["crop"]}
    crops = tmp_path / "out" / "crops"
    written = {path.relative_to(tmp_path / "out").as_posix() for path in crops.rglob("*.*")}
    assert listed == written
    assert all(bool(row["crop"]) == (row["status"] == "ok") for row in rows.values())


def test_same_input_gives_same_bytes(labelled, tmp_path):
    for name in ("first", "second"):
        run(labelled, tmp_path / name)
    first, second = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*.*")
        }
        for name in ("first", "second")
    )
    assert first == second


@pytest.mark.slow
def test_parallel_run_gives_the_same_table(labelled, tmp_path):
    run(labelled, tmp_path / "one")
    run(labelled, tmp_path / "two", "--jobs", "2")
    one, two = ((tmp_path / name / "crops.csv").read_bytes() for name in ("one", "two"))
    assert one == two


def test_groups_follow_a_moved_photo(labelled, tmp_path):
    photo = labelled / "5" / "neon_1.png"
    row = dict.fromkeys(LABELS_COLUMNS, "")
    row |= {"image_path": "1/neon_1.png", "sha256": sha256(photo), "group": "twins"}
    write_csv(labelled / "labels.csv", LABELS_COLUMNS, [row])
    run(labelled, tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    assert rows["5/neon_1.png"]["group"] == "twins"
    assert rows["5/neon_3.png"]["group"] == sha256(labelled / "5" / "neon_3.png")


def test_second_run_takes_up_only_what_changed(labelled, tmp_path, photos):
    out = tmp_path / "out"
    run(labelled, out)
    kept = out / rows_of(out)["5/neon_1.png"]["crop"]
    changed = out / rows_of(out)["1/cfl_2.png"]["crop"]
    moved = out / rows_of(out)["5/neon_3.png"]["crop"]
    for crop in (kept, changed):
        os.utime(crop, (1e9, 1e9))
    before = changed.read_bytes()
    # Content counts, not age: another photo comes under the old name, older than the crop.
    (labelled / "1" / "cfl_2.png").write_bytes((labelled / "5" / "neon_3.png").read_bytes())
    os.utime(labelled / "1" / "cfl_2.png", (9e8, 9e8))
    (labelled / "5" / "neon_3.png").rename(labelled / "1" / "neon_3.png")
    run(labelled, out)
    assert kept.stat().st_mtime == 1e9
    assert changed.read_bytes() != before
    assert not moved.exists()
    assert rows_of(out)["1/neon_3.png"]["status"] == "ok"


def test_overwrite_makes_all_again(labelled, tmp_path):
    out = tmp_path / "out"
    run(labelled, out)
    crop = out / rows_of(out)["5/neon_1.png"]["crop"]
    os.utime(crop, (2e9, 2e9))
    run(labelled, out, "--overwrite")
    assert crop.stat().st_mtime != 2e9


def test_sheets_show_every_folder(labelled, tmp_path, capsys):
    run(labelled, tmp_path / "out", "--sheet")
    sheets = sorted(path.name for path in (tmp_path / "out" / "sheets").glob("*.png"))
    assert sheets == ["1-01.png", "10-01.png", "5-01.png"]
    assert cv2.imread(str(tmp_path / "out" / "sheets" / "5-01.png")) is not None
    assert "5-01.png" in capsys.readouterr().out


def test_a_picture_of_the_user_among_the_sheets_is_not_replaced(labelled, tmp_path, capsys):
    theirs = tmp_path / "out" / "sheets" / "5-01.png"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"theirs")
    assert run(labelled, tmp_path / "out", "--sheet") == 1
    assert "5-01.png: exists already" in capsys.readouterr().err
    assert theirs.read_bytes() == b"theirs"
    for flags in (["--overwrite"], []):
        assert run(labelled, tmp_path / "out", "--sheet", *flags) == 0


def test_a_picture_of_the_user_among_the_crops_is_one_row(labelled, tmp_path):
    theirs = tmp_path / "out" / "crops" / "5" / "neon_1.png.png"
    write_png(theirs, np.zeros((9, 9, 3), np.uint8))
    before = theirs.read_bytes()
    assert run(labelled, tmp_path / "out") == 0
    rows = rows_of(tmp_path / "out")
    assert rows["5/neon_1.png"]["status"] == "error" and not rows["5/neon_1.png"]["crop"]
    assert rows["5/neon_3.png"]["status"] == "ok"
    assert theirs.read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such file names")
def test_a_long_name_has_a_crop_and_an_unreadable_file_a_row(labelled, tmp_path, monkeypatch):
    long = f"{'n' * 250}.png"
    (labelled / "5" / long).write_bytes((labelled / "5" / "neon_1.png").read_bytes())

    def refused(path):
        if path.name == "neon_3.png":
            raise PermissionError(13, "Permission denied")
        return sha256(path)

    monkeypatch.setattr("lib.recognition.cropping.sha256", refused)
    assert run(labelled, tmp_path / "out") == 0
    rows = rows_of(tmp_path / "out")
    assert (tmp_path / "out" / rows[f"5/{long}"]["crop"]).is_file()
    assert rows["5/neon_3.png"]["status"] == "error"
    assert rows["5/neon_3.png"]["reason"] == "5/neon_3.png: cannot be read (Permission denied)"


def test_what_a_killed_run_left_among_the_crops_is_gone(labelled, tmp_path):
    leftover = tmp_path / "out" / "crops" / "7" / ".half-written-k3j_x9ab.png"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    os.utime(leftover, (0, 0))
    run(labelled, tmp_path / "out")
    assert not leftover.exists()


def test_empty_folder_is_one_clear_line(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    assert run(tmp_path / "in", tmp_path / "out") == 1
    assert capsys.readouterr().err.startswith("error: ")
    assert not (tmp_path / "out").exists()


def test_damaged_labels_are_one_clear_line(labelled, tmp_path, capsys):
    (labelled / "labels.csv").write_text("path,label\n")
    assert run(labelled, tmp_path / "out") == 1
    assert "labels.csv: missing column(s)" in capsys.readouterr().err


def test_a_folder_that_is_none_is_named_with_the_valid_ones_and_cropped(labelled, tmp_path, capsys):
    (labelled / "5").rename(labelled / "mercry")
    assert run(labelled, tmp_path / "out") == 0
    (line,) = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("unknown: ")
    ]
    assert "folder mercry" in line and "0 led, 1 cfl" in line
    assert rows_of(tmp_path / "out")["mercry/neon_1.png"]["status"] == "ok"
