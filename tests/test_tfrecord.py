from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from lib.errors import DataError
from lib.training.crops import writing
from lib.training.crops.tfrecord import read_tfrecord
from lib.training.crops.writing import write_shards, write_tfrecord


def crops(count, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 15, 480, 3), dtype=np.uint8)
    return [(image, i % 8 - 1, f"photo {i}.png") for i, image in enumerate(images)]


def write_examples(path: Path, *features: dict) -> Path:
    import tensorflow as tf

    def feature(value):
        if isinstance(value, bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))

    with tf.io.TFRecordWriter(str(path)) as writer:
        for values in features:
            feature_of = {name: feature(value) for name, value in values.items()}
            example = tf.train.Example(features=tf.train.Features(feature=feature_of))
            writer.write(example.SerializeToString())
    return path


GOOD = {"height": 15, "width": 480, "label": 3, "image": bytes(21600), "filename": b"a.png"}


def test_what_is_written_is_read_back(tmp_path):
    records = crops(20)
    assert write_tfrecord(tmp_path / "a.tfrecord", records) == 20
    read = read_tfrecord(tmp_path / "a.tfrecord")
    assert (read.images == [image for image, _, _ in records]).all()
    assert read.labels.tolist() == [label for _, label, _ in records]
    assert read.names == tuple(name for _, _, name in records)


def test_several_files_read_as_one(tmp_path):
    paths = [tmp_path / "a.tfrecord", tmp_path / "b.tfrecord"]
    for path in paths:
        write_tfrecord(path, crops(3))
    assert len(read_tfrecord(paths)) == 6


def test_the_features_are_nnsic_s(tmp_path):
    import tensorflow as tf

    write_tfrecord(tmp_path / "a.tfrecord", crops(1))
    (record,) = tf.data.TFRecordDataset(str(tmp_path / "a.tfrecord"))
    features = tf.train.Example.FromString(record.numpy()).features.feature
    assert set(features) == {"height", "width", "label", "image", "filename"}
    assert features["height"].int64_list.value == [15]
    assert features["width"].int64_list.value == [480]
    assert len(features["image"].bytes_list.value[0]) == 15 * 480 * 3


def test_nnsic_s_published_file_reads_unchanged(real_data):
    read = read_tfrecord(real_data / "crops" / "MyDataV2_test_dev87.tfrecords")
    assert np.bincount(read.labels).tolist() == [22, 32, 13, 7, 3, 5, 5]
    assert "20151024-neon_slit.jpg" in read.names


def test_the_same_crops_give_the_same_bytes(tmp_path):
    for name in "ab":
        write_tfrecord(tmp_path / name, crops(30))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_shards_hold_the_same_crops_in_order(tmp_path):
    paths = write_shards(tmp_path / "c.tfrecord", iter(crops(25)), per_shard=10)
    assert [path.name for path in paths] == [f"c-{i:05d}.tfrecord" for i in range(3)]
    assert [len(read_tfrecord(path)) for path in paths] == [10, 10, 5]
    assert read_tfrecord(paths).names == tuple(name for _, _, name in crops(25))


def test_few_crops_need_no_number(tmp_path):
    path = tmp_path / "c.tfrecord"
    assert write_shards(path, iter(crops(10)), per_shard=10) == [path]
    assert [found.name for found in tmp_path.iterdir()] == ["c.tfrecord"]


def test_a_crop_of_another_shape_is_refused_and_nothing_written(tmp_path):
    records = [*crops(2), (np.zeros((16, 480, 3), np.uint8), 0, "odd.png")]
    with pytest.raises(DataError, match=r"odd.png: expected a crop of shape \(15, 480, 3\)"):
        write_tfrecord(tmp_path / "a.tfrecord", records)
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_older_file(tmp_path):
    path = tmp_path / "a.tfrecord"
    write_tfrecord(path, crops(2))
    with pytest.raises(DataError, match=r"label from -1 to 6; received 7"):
        write_tfrecord(path, [(crops(1)[0][0], 7, "a.png")])
    assert len(read_tfrecord(path)) == 2


def test_tensorflow_writes_the_same_bytes(tmp_path):
    import tensorflow as tf

    write_tfrecord(tmp_path / "ours", crops(9))
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as writer:
        for record in tf.data.TFRecordDataset(str(tmp_path / "ours")):
            example = tf.train.Example.FromString(record.numpy())
            writer.write(example.SerializeToString(deterministic=True))
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to write to")
def test_a_full_disk_is_told_by_the_file_s_name(tmp_path, monkeypatch):
    @contextmanager
    def full(path):
        yield Path("/dev/full")

    monkeypatch.setattr(writing, "atomic_path", full)
    with pytest.raises(DataError, match=r"a.tfrecord: no space left"):
        write_tfrecord(tmp_path / "a.tfrecord", crops(1))


def test_an_unwritable_folder_is_told_by_the_file_s_name(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"a.tfrecord: cannot be written"):
        write_tfrecord(tmp_path / "file" / "a.tfrecord", crops(1))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nothing.tfrecord: no such file"):
        read_tfrecord(tmp_path / "nothing.tfrecord")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.tfrecord").touch()
    with pytest.raises(DataError, match=r"a.tfrecord: holds no records"):
        read_tfrecord(tmp_path / "a.tfrecord")


def test_a_file_cut_short_is_refused(tmp_path):
    path = tmp_path / "a.tfrecord"
    write_tfrecord(path, crops(5))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"a.tfrecord: cut short, damaged or no TFRecord"):
        read_tfrecord(path)


def test_a_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "a.tfrecord"
    write_tfrecord(path, crops(1))
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a.tfrecord: cut short, damaged"):
        read_tfrecord(path)


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "a.tfrecord").write_text("photo,label\n" * 100)
    with pytest.raises(DataError, match=r"a.tfrecord: cut short, damaged or no TFRecord"):
        read_tfrecord(tmp_path / "a.tfrecord")


def test_a_missing_feature_is_named(tmp_path):
    path = write_examples(tmp_path / "a.tfrecord", {k: v for k, v in GOOD.items() if k != "label"})
    with pytest.raises(DataError, match=r"a.tfrecord: expected records with the features.*label"):
        read_tfrecord(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"height": 20}, "expected crops of 15 x 480 RGB pixels; received 20 x 480"),
        ({"image": bytes(100)}, "received 15 x 480 in 100 bytes"),
        ({"label": 9}, r"expected labels from -1 \(unknown\) to 6; received 9"),
    ],
)
def test_crops_of_another_form_are_refused(tmp_path, change, message):
    path = write_examples(tmp_path / "a.tfrecord", GOOD, GOOD | change)
    with pytest.raises(DataError, match=f"a.tfrecord: .*{message}"):
        read_tfrecord(path)
