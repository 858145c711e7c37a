import pytest

import s0_simulate
from lib.training.crops.tfrecord import read_tfrecord


def test_crops_are_written_as_tfrecords_with_their_lamps_in_the_names(tmp_path):
    path = tmp_path / "crops.tfrecord"
    argv = ["crops", "--count", "40", "--seed", "3", "--output", str(path), "--jobs", "1"]
    assert s0_simulate.main(argv) == 0
    crops = read_tfrecord(path)
    assert len(crops) == 40 and crops.images.shape == (40, 15, 480, 3)
    assert crops.names[7].endswith("_3_0000007.png")


def test_many_crops_go_to_several_files(tmp_path):
    argv = ["crops", "--count", "50", "--per-shard", "20", "--jobs", "1"]
    assert s0_simulate.main([*argv, "--output", str(tmp_path / "x.tfrecord")]) == 0
    assert [p.name for p in sorted(tmp_path.iterdir())] == [f"x-0000{i}.tfrecord" for i in range(3)]
    assert s0_simulate.main([*argv, "--output", str(tmp_path / "x.tfrecord")]) == 1
    # A smaller set in its place leaves nothing of the larger one.
    argv[2] = "30"
    assert s0_simulate.main([*argv, "--output", str(tmp_path / "x.tfrecord"), "--overwrite"]) == 0
    assert [p.name for p in sorted(tmp_path.iterdir())] == [f"x-0000{i}.tfrecord" for i in range(2)]


def test_unknown_lamps_alone_serve_outlier_exposure(tmp_path):
    path = tmp_path / "unknown.tfrecord"
    argv = ["crops", "--count", "20", "--lamps", "unknown", "--output", str(path), "--jobs", "1"]
    assert s0_simulate.main(argv) == 0
    assert set(read_tfrecord(path).labels) == {-1}


def test_an_existing_file_is_kept_without_overwrite(tmp_path, capsys):
    path = tmp_path / "crops.tfrecord"
    path.write_bytes(b"mine")
    assert s0_simulate.main(["crops", "--count", "9", "--output", str(path)]) == 1
    assert "already exists" in capsys.readouterr().err and path.read_bytes() == b"mine"


def test_a_lamp_that_does_not_exist_is_a_usage_error():
    with pytest.raises(SystemExit) as error:
        s0_simulate.parse_args(["crops", "--lamps", "unobtainium"])
    assert error.value.code == 2


@pytest.mark.slow
def test_photos_are_written_as_a_crawl_with_its_truth(tmp_path, capsys):
    argv = ["photos", "--count", "8", "--seed", "2", "--output", str(tmp_path), "--jobs", "1"]
    assert s0_simulate.main([*argv, "--fault", "missing=0.25", "wrong_label=0"]) == 0
    assert "missing 2" in capsys.readouterr().out
    assert len(list(tmp_path.glob("Image/*/*.*"))) == 6
    assert len(list(tmp_path.glob("DataTable/*-????????????.csv"))) == 2
    assert (tmp_path / "truth.csv").exists()
    assert s0_simulate.main(argv) == 1
    assert "already exists" in capsys.readouterr().err


@pytest.mark.parametrize("fault", ["gremlins=0.1", "missing", "missing=often"])
def test_a_fault_that_makes_no_sense_is_a_usage_error(fault):
    with pytest.raises(SystemExit) as error:
        s0_simulate.parse_args(["photos", "--fault", fault])
    assert error.value.code == 2


@pytest.mark.slow
def test_cuts_are_crops_that_the_finder_cut(tmp_path):
    argv = ["cuts", "--count", "14", "--seed", "3", "--output", str(tmp_path / "a.tfrecord")]
    assert s0_simulate.main([*argv, "--jobs", "1"]) == 0
    crops = read_tfrecord(tmp_path / "a.tfrecord")
    assert 7 <= len(crops.labels) <= 14
    assert crops.images.shape[1:] == (15, 480, 3)
    assert set(crops.labels.tolist()) <= set(range(7))
    argv[-1] = str(tmp_path / "b.tfrecord")
    assert s0_simulate.main([*argv, "--jobs", "2"]) == 0
    assert (tmp_path / "a.tfrecord").read_bytes() == (tmp_path / "b.tfrecord").read_bytes()


def test_cuts_of_unknown_lamps_have_no_class(tmp_path):
    path = tmp_path / "unknown.tfrecord"
    argv = ["cuts", "--count", "6", "--lamps", "unknown", "--output", str(path), "--jobs", "1"]
    assert s0_simulate.main(argv) == 0
    assert set(read_tfrecord(path).labels.tolist()) == {-1}
