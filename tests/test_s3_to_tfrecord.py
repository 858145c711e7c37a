import csv
import json
from collections import Counter

import numpy as np
import pytest

import s3_to_tfrecord
from lib.files import write_csv
from lib.images.png import write_png
from lib.images.reading import read_image
from lib.simulation.crops.crops import simulate_crops
from lib.tables import CROPS_COLUMNS
from lib.taxonomy import CLASSES, class_id, class_of_raw_id, in_short

COUNTS = {0: 20, 1: 12, 2: 8, 3: 6, 4: 6, 5: 9, 6: 4, 7: 6, 8: 5, 9: 3}


@pytest.fixture(scope="module")
def images():
    (batch,) = simulate_crops(sum(COUNTS.values()), 0)
    return batch.images


@pytest.fixture
def data(tmp_path, images):
    """InputData as s2 leaves it: crops of nine raw folders and a laser's, pairs of duplicates."""
    rows = []
    for raw_id, count in COUNTS.items():
        for i in range(count):
            name = f"crops/{raw_id}/{i}.png"
            write_png(tmp_path / name, images[len(rows)])
            rows.append(
                {
                    "photo": f"{raw_id}/{i}.jpg",
                    "raw_id": raw_id,
                    # From the fifth on, two of a folder are duplicates of each other.
                    "group": f"{raw_id}-{i if i < 4 else i // 2 + 100}",
                    "crop": name,
                    "status": "ok",
                }
            )
    rows.append({"photo": "0/cat.jpg", "raw_id": 0, "status": "no_band", "reason": "no spectrum"})
    write_csv(tmp_path / "crops.csv", CROPS_COLUMNS, rows)
    return tmp_path


def run(*flags):
    return s3_to_tfrecord.main([str(flag) for flag in flags])


def read(folder, split):
    from lib.training.crops.tfrecord import read_tfrecord

    return read_tfrecord(folder / f"{split}.tfrecord")


def rewrite(table, change):
    """Apply `change` to the rows of crops.csv; rows that it makes None are left out."""
    with table.open() as stream:
        rows = [change(row) for row in csv.DictReader(stream)]
    write_csv(table, CROPS_COLUMNS, [row for row in rows if row])


def test_every_crop_goes_to_one_split_with_its_merged_class(data, capsys):
    assert run("--input", data, "--minimum", 0) == 0
    written = {split: read(data, split) for split in ("train", "validation", "test")}
    names = Counter(name for crops in written.values() for name in crops.names)
    assert set(names.values()) == {1} and len(names) == sum(COUNTS.values()) - COUNTS[9]
    for crops in written.values():
        for image, label, name in zip(crops.images, crops.labels, crops.names, strict=True):
            assert label == class_id(class_of_raw_id(int(name.split("/")[1])))
            assert (image == read_image(data / name)).all()
    out = capsys.readouterr().out
    assert "left out: 3 crops of raw folder 9" in out
    with (data / "splits.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        assert row["crop"] in written[row["split"]].names


def test_copies_never_cross_the_split(data):
    """First mistake of nnSIC: it oversamples before it splits, so copies leak into validation."""
    assert run("--input", data, "--minimum", 40) == 0
    train = read(data, "train")
    assert np.bincount(train.labels).min() == 40
    bytes_of_train = {image.tobytes() for image in train.images}
    for split in ("validation", "test"):
        held_out = read(data, split)
        assert len(set(held_out.names)) == len(held_out)
        assert not bytes_of_train & {image.tobytes() for image in held_out.images}


@pytest.mark.slow
def test_near_duplicates_stay_on_one_side(data):
    """Sixth mistake of nnSIC: near-duplicates fall on both sides of its split."""
    assert run("--input", data) == 0
    with (data / "splits.csv").open() as stream:
        places = {}
        for row in csv.DictReader(stream):
            places.setdefault(row["group"], set()).add(row["split"])
    assert {len(splits) for splits in places.values()} == {1}


@pytest.mark.slow
def test_photos_without_a_crop_are_nowhere_listed(data):
    """Third mistake of nnSIC: it lists rows for crops that were never written."""
    assert run("--input", data) == 0
    assert "cat" not in (data / "splits.csv").read_text()


def test_red_stays_red_from_the_crop_to_the_network(data, frozen_model, monkeypatch):
    """Fourth mistake of nnSIC: training reads RGB, prediction feeds BGR."""
    from lib.litert import LiteNetwork
    from lib.recognition.name.classifier import Classifier
    from lib.training.runs.classifier import scaled

    assert run("--input", data, "--minimum", 0) == 0
    crops = read(data, "test")
    images = scaled(crops.images)
    fed, predict = [], LiteNetwork.predict

    def remember(network, examples):
        fed.append(examples)
        return predict(network, examples)

    monkeypatch.setattr(LiteNetwork, "predict", remember)
    classifier = Classifier(frozen_model)
    classifier.predict(np.stack([read_image(data / name) for name in crops.names]))
    assert (np.concatenate(fed) == images).all()


@pytest.mark.slow
def test_flips_turn_half_of_the_training_crops_only(data):
    assert run("--input", data, "--minimum", 60, "--flip") == 0
    turned = {}
    for split in ("train", "validation"):
        crops = read(data, split)
        turned[split] = np.mean(
            [
                (image != read_image(data / name)).any()
                for image, name in zip(crops.images, crops.names, strict=True)
            ]
        )
    assert 0.35 < turned["train"] < 0.65 and turned["validation"] == 0


def test_dataset_json_counts_before_and_after_balancing(data, capsys):
    assert run("--input", data, "--minimum", 25, "--seed", 3, "--split", "70/15/15") == 0
    record = json.loads((data / "dataset.json").read_text())
    assert record["classes"] == list(CLASSES) and record["image_shape"] == [15, 480, 3]
    assert record["seed"] == 3 and record["flips"] is False
    before, after = record["counts"]["before"], record["counts"]["after"]
    assert before["validation"] == after["validation"] and before["test"] == after["test"]
    assert min(after["train"].values()) == 25 > min(before["train"].values())
    assert sum(sum(counts.values()) for counts in before.values()) == sum(COUNTS.values()) - 3
    table = capsys.readouterr().out
    assert all(in_short(name) in table for name in CLASSES) and "balanced" in table


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(data, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run("--input", data, "--output", tmp_path / name, "--seed", seed) == 0
    files = ("train.tfrecord", "validation.tfrecord", "test.tfrecord", "splits.csv", "dataset.json")
    for name in files:
        bytes_of = [(tmp_path / folder / name).read_bytes() for folder in "abc"]
        assert bytes_of[0] == bytes_of[1] != bytes_of[2]


@pytest.mark.slow
def test_existing_output_is_kept_unless_told(data, capsys):
    assert run("--input", data) == 0
    assert run("--input", data) == 1
    assert "train.tfrecord: already exists; give --overwrite" in capsys.readouterr().err
    assert run("--input", data, "--overwrite") == 0


def keep_one_helium(row):
    return row if row["raw_id"] != "6" or row["crop"].endswith("/0.png") else None


def test_a_class_with_one_image_is_refused(data, capsys):
    rewrite(data / "crops.csv", keep_one_helium)
    assert run("--input", data) == 1
    message = "crops.csv: class helium has 1 different image(s); expected at least 3"
    assert message in capsys.readouterr().err
    assert not list(data.glob("*.tfrecord")) and not (data / "splits.csv").exists()


def test_an_empty_class_is_refused(data, capsys):
    rewrite(data / "crops.csv", lambda row: row if row["raw_id"] != "6" else None)
    assert run("--input", data) == 1
    assert "crops.csv: no crop of helium" in capsys.readouterr().err


def test_a_partial_dataset_is_made_on_request(data):
    rewrite(data / "crops.csv", keep_one_helium)
    rewrite(data / "crops.csv", lambda row: row if row["raw_id"] != "8" else None)
    assert run("--input", data, "--partial", "--minimum", 0) == 0
    labels = [read(data, split).labels.tolist() for split in ("train", "validation", "test")]
    assert [names.count(class_id("helium")) for names in labels] == [1, 0, 0]
    assert [names.count(class_id("nitrogen")) for names in labels] == [0, 0, 0]


@pytest.mark.parametrize("folder", ["77", "mercry"])
def test_a_folder_that_is_none_is_named_with_the_valid_ones_and_the_rest_goes_on(
    data, capsys, folder
):
    rewrite(
        data / "crops.csv", lambda row: row | {"raw_id": folder} if row["raw_id"] == "9" else row
    )
    assert run("--input", data, "--minimum", 0) == 0
    line = f"left out: 3 crops of raw folder {folder}, not a folder of 0 led, 1 cfl"
    assert line in capsys.readouterr().out
    assert len(read(data, "train")) > 0


@pytest.mark.slow
def test_what_five_photos_lack_for_a_training_is_said(data, capsys):
    five = {f"5/{i}.jpg" for i in range(2)} | {f"6/{i}.jpg" for i in range(2)} | {"0/0.jpg"}
    rewrite(data / "crops.csv", lambda row: row if row["photo"] in five else None)
    assert run("--input", data, "--partial") == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("missing: ")]
    assert [line.split()[1] for line in said[:2]] == ["validation.tfrecord", "test.tfrecord"]
    assert "a class has 3 different ones" in said[0]
    assert "no crop of cfl_hg, continuum, hydrogen, nitrogen" in said[2]


@pytest.mark.slow
def test_nothing_is_missing_where_every_class_is_in_every_file(data, capsys):
    assert run("--input", data) == 0
    assert "missing:" not in capsys.readouterr().out


def break_crop(data):
    (data / "crops/5/0.png").write_bytes(b"no picture")


def remove_crop(data):
    (data / "crops/5/0.png").unlink()


def reshape_crop(data):
    write_png(data / "crops/5/0.png", np.zeros((20, 480, 3), np.uint8))


def drop_column(data):
    table = data / "crops.csv"
    table.write_text(table.read_text().replace("raw_id", "folder", 1))


def drop_all_rows(data):
    rewrite(data / "crops.csv", lambda row: None)


def name_unknown_folder(data):
    rewrite(data / "crops.csv", lambda row: row | {"raw_id": "77"})


def remove_table(data):
    (data / "crops.csv").unlink()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (break_crop, "crops/5/0.png"),
        (remove_crop, "crops/5/0.png"),
        (reshape_crop, "crops/5/0.png: expected a crop of shape (15, 480, 3) uint8"),
        (drop_column, "crops.csv: missing column(s) raw_id; expected photo, raw_id"),
        (drop_all_rows, "crops.csv: lists no crop of the classes"),
        (name_unknown_folder, "expected rows with status ok in folders of 0 led, 1 cfl"),
        (remove_table, "crops.csv: no such file"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(data, damage, message, capsys):
    damage(data)
    before = sorted(data.iterdir())
    assert run("--input", data) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: ") and err.count("\n") == 1 and message in err
    assert sorted(data.iterdir()) == before


def test_a_wrong_split_is_wrong_usage(capsys):
    with pytest.raises(SystemExit, match="2"):
        run("--split", "80/30/10")
    assert "three positive percentages" in capsys.readouterr().err


def test_inspect_says_what_is_in_a_tfrecord(crops_folder, tmp_path, capsys):
    path = crops_folder / "train.tfrecord"
    assert run("--inspect", path, "--output", tmp_path) == 0
    out = capsys.readouterr().out
    assert "128 records" in out and "15 x 480 px in 21600 bytes" in out
    assert "label -1 unknown" in out and "label  3 neon" in out
    assert read_image(tmp_path / "train.png").shape[1] > 3 * 480


def test_inspect_reads_nnsic_s_published_file(real_data, tmp_path, capsys):
    path = real_data / "crops" / "MyDataV2_test_dev87.tfrecords"
    assert run("--inspect", path, "--output", tmp_path) == 0
    assert "87 records" in capsys.readouterr().out


def test_inspect_describes_pictures_of_another_shape(tmp_path, capsys):
    import tensorflow as tf

    def example(**values):
        features = {
            name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
            if isinstance(value, bytes)
            else tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
            for name, value in values.items()
        }
        return tf.train.Example(features=tf.train.Features(feature=features))

    path = tmp_path / "odd.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        one = example(height=20, width=4, label=8, image=bytes(240), filename=b"a.png")
        writer.write(one.SerializeToString())
    assert run("--inspect", path, "--output", tmp_path) == 1
    out, err = capsys.readouterr()
    assert "20 x 4 px in 240 bytes" in out and "label  8 (no class)" in out
    assert "odd.tfrecord: expected crops of 15 x 480" in err
