"""A video is read as the frame that its path names, or as the mean of many."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import ROOT

import cli
from lib.errors import DataError
from lib.images.frames_named import file_of
from lib.images.reading import read_image, read_picture, read_pictures
from lib.images.video import MEAN_OF


def write_video(path: Path, levels) -> Path:
    """Write frames that are grey on the left and red on the right, as bright as the levels."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (96, 64))
    for level in levels:
        frame = np.full((64, 96, 3), level, np.uint8)
        frame[:, 48:, :2] = 0
        writer.write(frame)
    writer.release()
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("video") / "clip.avi", range(20, 220, 20))


def level_of(image) -> float:
    return float(image[8:-8, 8:40].mean())


@pytest.mark.parametrize(
    ("frames", "level"), [("", 110), ("#1", 20), ("#10", 200), ("#2-4", 60), ("#1-10", 110)]
)
def test_a_path_names_frames(clip, frames, level):
    image = read_image(f"{clip}{frames}")
    assert image.shape == (64, 96, 3) and image.dtype == np.uint8 and image.flags.c_contiguous
    assert level_of(image) == pytest.approx(level, abs=3)
    red = image[8:-8, 60:-8].reshape(-1, 3).mean(axis=0)
    assert red[0] == pytest.approx(level, abs=12) and red[1:].max() < 12


def test_a_video_stays_8_bit_where_more_was_asked_for(clip):
    assert read_image(clip, deep=True).dtype == np.uint8


def test_a_long_video_is_the_mean_of_its_first_frames(tmp_path):
    long = write_video(tmp_path / "long.avi", [100] * MEAN_OF + [250] * 30)
    picture = read_picture(long)
    assert level_of(picture.pixels) == pytest.approx(100, abs=3)
    assert picture.passed_over == (
        f"the mean of the first {MEAN_OF} of {MEAN_OF + 30} frames; long.avi#1-{MEAN_OF + 30} "
        "names all"
    )
    assert len(list(read_pictures(long, every=True))) == MEAN_OF + 30


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ("#11", "no frame 11; the file has 10"),
        ("#4-11", "no frame 11; the file has 10"),
        ("#0", "#0 names no frames, which count from 1"),
        ("#3-2", "#3-2 names no frames"),
        ("#", "# names no frames"),
        ("#frame=3", "#frame=3 names no frames"),
    ],
)
def test_frames_that_are_not_there_are_one_clear_error(clip, frames, words):
    with pytest.raises(DataError, match=rf"clip\.avi{frames}: {words}"):
        read_image(f"{clip}{frames}")


def test_what_is_no_video_is_refused_in_one_line_and_nothing_else(tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 20)
    (tmp_path / "none.webm").touch()
    code = (
        "import sys; from lib.errors import DataError; from lib.images.reading import read_image\n"
        "for path in sys.argv[1:]:\n"
        "    try: read_image(path)\n"
        "    except DataError as error: print(error)\n"
    )
    names = ("bad.mp4", "none.webm", "absent.mov#3")
    done = subprocess.run(
        [sys.executable, "-c", code, *(str(tmp_path / name) for name in names)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert all(name in line for name, line in zip(names, lines, strict=True))
    assert all("expected a file" in line for line in lines[:2])
    assert lines[2].endswith("absent.mov#3: no such file")


def test_too_many_pixels_are_refused(clip):
    with pytest.raises(DataError, match="96 x 64 pixels; expected at most 100"):
        read_image(clip, max_pixels=100)


def test_no_output_replaces_a_video_whose_frames_are_read(clip):
    with pytest.raises(DataError, match="would replace a file that is read"):
        cli.refuse_to_replace([clip], [clip.with_name("clip.avi#3")])


@pytest.mark.parametrize(
    "name", ["a.MP4", "a.mp4#3", "a#1.mov#x", "a b.mkv", "a.tif#1-6", "a.jpg#3"]
)
def test_a_path_that_names_frames_has_a_file(name):
    assert file_of(Path("x", name)) == Path("x", name.rpartition("#")[0] or name)


def test_a_file_of_that_very_name_is_itself(tmp_path):
    (tmp_path / "a.jpg#3").touch()
    assert file_of(tmp_path / "a.jpg#3") == tmp_path / "a.jpg#3"


@pytest.mark.parametrize("name", ["mp4", "a.mp4.txt", "lamp#3", "a.txt#3"])
def test_other_names_are_names(name):
    assert file_of(Path(name)) == Path(name)
