import json

import numpy as np
import pytest

import evaluate
from lib.errors import DataError
from lib.images.png import write_png
from lib.simulation.photos.photos import simulate_photo
from lib.taxonomy import CLASSES
from lib.training.scores.assessment import assess_crops, assess_photos


def run(*flags):
    return evaluate.main([str(flag) for flag in flags])


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(1)
    lamps = ("neon", "cfl_hg", "helium")
    return {lamp: simulate_photo(rng, lamp).image for lamp in lamps}


@pytest.fixture
def photos(pictures, tmp_path):
    """Photos in folders named by class, one that shows nothing, one that is no picture."""
    for lamp, image in pictures.items():
        write_png(tmp_path / "photos" / lamp / f"{lamp}.png", image)
    write_png(tmp_path / "photos" / "unknown" / "grey.png", np.full((200, 300, 3), 90, np.uint8))
    (tmp_path / "photos" / "neon" / "broken.png").write_bytes(b"no picture")
    return tmp_path / "photos"


def row(truth, source, *, status="ok", sureness=0.9):
    guess = source or "led"
    rest = (1 - sureness) / (len(CLASSES) - 1)
    probabilities = {name: sureness if name == guess else rest for name in CLASSES}
    certainty = sureness
    if status in ("no_band", "error"):
        probabilities, source, certainty = {}, None, None
    return {
        "truth": truth,
        "status": status,
        "source": source,
        "probabilities": probabilities,
        "certainty": certainty,
    }


def test_evaluating_the_test_file_repeats_the_frozen_report(
    frozen_model, crops_folder, tmp_path, capsys
):
    flags = ("--json", tmp_path / "a.json", "--plot", tmp_path / "plots")
    files = ("--tfrecord", crops_folder / "test.tfrecord")
    assert run("--model", frozen_model, *files, *flags) == 0
    report = json.loads((tmp_path / "a.json").read_text())
    card = json.loads((frozen_model / "model.json").read_text())
    assert report["confusion"] == card["test"]["confusion"]
    assert report["model_version"] == card["version"]
    assert {
        "n",
        "accuracy",
        "accuracy_ci95",
        "weighted_precision",
        "weighted_recall",
        "weighted_f1",
        "per_class",
        "confusion",
        "ece",
        "coverage",
        "selective_precision",
    } <= set(report)
    assert report["n"] + report["unknown"]["n"] == 64
    drawn = {path.name for path in (tmp_path / "plots").glob("[!.]*")}
    assert drawn == {"confusion.png", "confusion.csv", "reliability.png", "coverage.png"}
    out = capsys.readouterr().out
    assert "weighted" in out and f"of {report['unknown']['n']} unknowns" in out


def test_a_file_of_the_user_is_replaced_only_if_told_to(
    frozen_model, crops_folder, tmp_path, capsys
):
    theirs = tmp_path / "plots" / "confusion.csv"
    theirs.parent.mkdir()
    theirs.write_text("theirs")
    files = ("--tfrecord", crops_folder / "test.tfrecord", "--plot", theirs.parent)
    assert run("--model", frozen_model, *files) == 1
    assert "confusion.csv: exists already" in capsys.readouterr().err
    assert theirs.read_text() == "theirs"
    for flags in (["--overwrite"], []):
        assert run("--model", frozen_model, *files, *flags) == 0
    assert theirs.read_text().startswith("true,")


def test_several_files_count_as_one(frozen_model, crops_folder, tmp_path):
    files = [crops_folder / f"{name}.tfrecord" for name in ("test", "validation")]
    assert run("--model", frozen_model, "--json", tmp_path / "a", "--tfrecord", *files) == 0
    report = json.loads((tmp_path / "a").read_text())
    assert report["n"] + report["unknown"]["n"] == 128


def test_nnsic_s_published_file_is_evaluated_unchanged(frozen_model, real_data, tmp_path):
    path = real_data / "crops" / "MyDataV2_test_dev87.tfrecords"
    assert run("--model", frozen_model, "--json", tmp_path / "a", "--tfrecord", path) == 0
    assert json.loads((tmp_path / "a").read_text())["n"] == 87


def test_every_photo_of_a_folder_is_answered(frozen_model, photos, tmp_path, capsys):
    flags = ("--json", tmp_path / "a.json", "--jobs", 1)
    assert run("--model", frozen_model, "--photos", photos, *flags) == 0
    report = json.loads((tmp_path / "a.json").read_text())
    assert {photo["photo"]: photo["truth"] for photo in report["photos"]} == {
        "cfl_hg/cfl_hg.png": "cfl_hg",
        "helium/helium.png": "helium",
        "neon/broken.png": "neon",
        "neon/neon.png": "neon",
        "unknown/grey.png": "unknown",
    }
    assert report["band_found"]["n"] == 4 > report["band_found"]["found"] == report["n"]
    assert report["unknown"] == {"n": 1, "refused": 1}
    out = capsys.readouterr().out
    assert "band found in" in out and "refused 1 of 1 unknowns" in out
    assert "neon/broken.png" in out


@pytest.mark.slow
@pytest.mark.thorough
def test_processes_give_the_same_answers(frozen_model, photos, pictures, tmp_path):
    for i in range(30):
        write_png(photos / "helium" / f"{i}.png", pictures["helium"])
    for jobs in (1, 2):
        flags = ("--json", tmp_path / f"{jobs}.json", "--jobs", jobs)
        assert run("--model", frozen_model, "--photos", photos, *flags) == 0
    one, two = (json.loads((tmp_path / f"{jobs}.json").read_text()) for jobs in (1, 2))
    assert one["confusion"] == two["confusion"]
    for alone, shared in zip(one["photos"], two["photos"], strict=True):
        # Sums of float32 may round otherwise in another process.
        assert alone.pop("probabilities") == pytest.approx(shared.pop("probabilities"), abs=1e-5)
        assert alone == shared


def test_a_flat_folder_is_labelled_by_file_names(tmp_path):
    for name in ("neon_21411.png", "Mercury lamp.png", "incandescent2.png", "laser_1.png"):
        write_png(tmp_path / name, np.zeros((20, 20, 3), np.uint8))
    truths = {path.name: truth for path, truth in evaluate.labelled_photos(tmp_path)}
    assert truths == {
        "neon_21411.png": "neon",
        "Mercury lamp.png": "cfl_hg",
        "incandescent2.png": "continuum",
        "laser_1.png": "unknown",
    }


def test_a_folder_as_s1_sorts_it_is_labelled_by_raw_id(tmp_path):
    for raw_id in ("4", "9"):
        write_png(tmp_path / raw_id / "a.png", np.zeros((20, 20, 3), np.uint8))
    assert [truth for _, truth in evaluate.labelled_photos(tmp_path)] == ["cfl_hg", "unknown"]
    write_png(tmp_path / "77" / "a.png", np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(DataError, match="no raw folder '77'"):
        evaluate.labelled_photos(tmp_path)


def test_a_folder_that_names_no_class_is_refused(tmp_path):
    write_png(tmp_path / "holiday.png", np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(DataError, match="nothing in it is named by a class"):
        evaluate.labelled_photos(tmp_path)


def test_photos_are_counted_as_found_named_right_and_refused():
    rows = [
        row("neon", "neon"),
        row("neon", "helium"),
        row("led", "led"),
        row("led", None, status="unknown", sureness=0.3),
        row("helium", None, status="no_band"),
        row("unknown", "led"),
        row("unknown", None, status="unknown"),
        row("unknown", None, status="error"),
    ]
    report, labels, probabilities = assess_photos(rows)
    assert report["n"] == 4 == len(labels) == len(probabilities)
    assert report["accuracy"] == 3 / 4
    assert report["band_found"] == {"n": 5, "found": 4}
    assert report["coverage"] == 3 / 5 and report["selective_precision"] == 2 / 3
    assert report["unknown"] == {"n": 3, "refused": 2}


def test_unknown_crops_count_only_as_refused_or_not():
    labels = np.array([0, 1, -1, -1])
    probabilities = np.eye(7)[[0, 2, 3, 4]]
    named, certainty = np.array([True, False, True, False]), np.array([0.9, 0.2, 0.8, 0.1])
    report, *_ = assess_crops(labels, probabilities, named, certainty)
    assert report["n"] == 2 and report["accuracy"] == 0.5
    assert report["coverage"] == 0.5 and report["selective_precision"] == 1
    assert report["unknown"] == {"n": 2, "refused": 1}
    assert [point["unknown_refused"] for point in report["curve"]] == [1.0, 0.5]


def make_unknown_file(folder):
    from lib.training.crops.writing import write_tfrecord

    write_tfrecord(folder / "u.tfrecord", [(np.zeros((15, 480, 3), np.uint8), -1, "x")])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--tfrecord", "{tmp}/none.tfrecord"], "none.tfrecord: no such file"),
        (["--tfrecord", "{tmp}/u.tfrecord"], "expected crops of the classes"),
        (["--photos", "{tmp}/none"], "none: no such folder"),
        (["--photos", "{tmp}/empty"], "empty: holds no image"),
        (["--photos", "{tmp}/dark"], "a band was found in none"),
        (["--photos", "{tmp}", "--model", "{tmp}"], "holds no frozen model"),
    ],
)
def test_bad_input_is_one_line(flags, message, frozen_model, tmp_path, capfd):
    make_unknown_file(tmp_path)
    (tmp_path / "empty").mkdir()
    write_png(tmp_path / "dark" / "neon.png", np.zeros((100, 100, 3), np.uint8))
    flags = [flag.format(tmp=tmp_path) for flag in flags]
    assert run("--model", frozen_model, *flags, "--json", tmp_path / "a.json") == 1
    errors = [line for line in capfd.readouterr().err.splitlines() if not line.startswith("INFO")]
    assert len(errors) == 1 and errors[0].startswith("error: ") and message in errors[0]
    assert not (tmp_path / "a.json").exists()


def test_a_threshold_that_several_coverages_share_is_printed_once(capsys):
    evaluate.print_curve([{"threshold": 0.5, "coverage": 1.0, "precision": 0.9}])
    assert capsys.readouterr().out == "certainty >= 0.500: 1.0000 named, 0.9000 of them right\n"
