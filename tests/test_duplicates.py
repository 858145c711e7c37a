"""Copies of a photo are found whatever was done to them, and nothing else is."""

import shutil

import cv2
import numpy as np
import pytest

from lib.curation.analysis import AnalysisStore, analyse, analyse_all, code_version
from lib.curation.duplicates import chain, near_duplicates
from lib.curation.fingerprints import fingerprint
from lib.images.png import write_png
from lib.paths import ROOT
from lib.simulation.photos.difficulty import PLAIN
from lib.simulation.photos.photos import simulate_photo
from tests.support.pictures import turned

LAMPS = ("neon", "mercury", "incandescent", "helium", "white_led", "triphosphor")


def recompressed(image):
    coded = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 40])[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB)


CHANGES = {
    "rescaled": lambda image: cv2.resize(image, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA),
    "recompressed": recompressed,
    "brightened": lambda image: cv2.convertScaleAbs(image, alpha=1.4, beta=8),
    "quarter turn": lambda image: np.ascontiguousarray(np.rot90(image)),
    "half turn": lambda image: np.ascontiguousarray(image[::-1, ::-1]),
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "turned a little": lambda image: turned(image, 6),
    "all at once": lambda image: recompressed(
        cv2.resize(cv2.convertScaleAbs(image[::-1], alpha=1.2), None, fx=1.3, fy=1.3)
    ),
}


CLEAR = vars(PLAIN)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return AnalysisStore(tmp_path_factory.mktemp("analysis"))


@pytest.fixture(scope="module")
def photos():
    """One clear photo of each lamp, and another of the first."""
    draws = [*enumerate(LAMPS), (90, LAMPS[0])]
    return [
        simulate_photo(np.random.default_rng([14, i]), lamp, quality=0, **CLEAR).image
        for i, lamp in draws
    ]


@pytest.fixture(scope="module")
def analysed(store, photos, tmp_path_factory):
    """The files by the names under which the store holds them, "<photo> <change>"."""
    folder = tmp_path_factory.mktemp("photos")
    pictures = {f"{i} original": photo for i, photo in enumerate(photos)}
    pictures |= {
        f"{i} {name}": change(photos[i]) for i in range(3) for name, change in CHANGES.items()
    }
    for name, picture in pictures.items():
        write_png(folder / f"{name}.png", picture)
    contents = {name: folder / f"{name}.png" for name in pictures}
    analyse_all(contents, store)
    return contents


def test_every_kind_of_copy_joins_its_original_and_no_other_photo(store, analysed):
    groups = near_duplicates(analysed, store)
    assert [{name.split()[0] for name in group} for group in groups] == [{"0"}, {"1"}, {"2"}]
    missed = set(analysed) - {name for group in groups for name in group}
    assert missed == {f"{i} original" for i in range(3, 7)}


@pytest.mark.slow
def test_the_order_of_the_photos_does_not_matter(store, analysed):
    backwards = dict(reversed(analysed.items()))
    assert near_duplicates(backwards, store) == near_duplicates(analysed, store)


@pytest.mark.slow
def test_two_processes_find_the_same(store, analysed):
    assert near_duplicates(analysed, store, jobs=2) == near_duplicates(analysed, store)


def test_black_and_unreadable_photos_are_nobodys_duplicates(store, tmp_path):
    write_png(tmp_path / "a.png", np.zeros((40, 60, 3), np.uint8))
    write_png(tmp_path / "b.png", np.zeros((40, 61, 3), np.uint8))
    (tmp_path / "c.png").write_bytes(b"no image")
    contents = {name: tmp_path / f"{name}.png" for name in "abc"}
    analyse_all(contents, store)
    assert near_duplicates(contents, store) == []


def test_pairs_chain_into_sorted_groups():
    assert chain([("d", "c"), ("a", "b"), ("b", "e"), ("c", "f")]) == [
        ["a", "b", "e"],
        ["c", "d", "f"],
    ]
    assert chain([]) == []


def test_a_fingerprint_survives_the_smallest_photos():
    for shape in ((1, 1, 3), (1, 800, 3), (26, 800, 3), (800, 2, 3)):
        mark = fingerprint(np.full(shape, 90, np.uint8))
        assert mark.canvas.shape == (64, 64, 3)
        assert mark.frame_waves.shape == mark.axis_waves.shape == (12, 12)


def test_an_analysis_is_read_back_as_it_was_written(store, photos, tmp_path):
    write_png(tmp_path / "photo.png", photos[0])
    analysis = analyse(tmp_path / "photo.png", "some-content")
    assert analysis.status == "ok"
    store.write(analysis)
    assert store.read("some-content") == analysis


@pytest.fixture
def checkout(tmp_path):
    """The program's own code and cards, to change."""
    ignored = shutil.ignore_patterns("__pycache__", "*.tflite", "*.keras", "*.pb")
    for name in ("lib", "models"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    return tmp_path


@pytest.mark.parametrize(
    "changed",
    [
        *("lib/images/reading.py", "lib/litert.py", "lib/curation/analysis.py"),
        *("lib/recognition/band.py", "lib/recognition/find/another.py"),
        *("models/band/band.json", "models/trace/trace.json", "models/reader/reader.json"),
    ],
)
def test_an_analysis_does_not_outlive_the_code_and_the_networks_that_made_it(checkout, changed):
    path = checkout / changed
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as stream:
        stream.write("\n")
    assert code_version(checkout) != code_version()


def test_an_analysis_outlives_another_classifier(checkout):
    for other in ("models/default/model.json", "models/mine/run.json", "lib/training/runs/fit.py"):
        path = checkout / other
        path.parent.mkdir(exist_ok=True)
        path.write_text("another")
    assert code_version(checkout) == code_version()


def test_what_cannot_be_analysed_has_its_reason(tmp_path):
    (tmp_path / "page.jpg").write_bytes(b"<html>")
    write_png(tmp_path / "dark.png", np.zeros((50, 70, 3), np.uint8))
    broken = analyse(tmp_path / "page.jpg", "x")
    dark = analyse(tmp_path / "dark.png", "y")
    assert (broken.status, dark.status) == ("error", "no_band")
    assert "page.jpg" in broken.reason and dark.reason
    assert (dark.width, dark.height) == (70, 50) and dark.thumbnail
