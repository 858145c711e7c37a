"""The batches that networks are fitted on: of any examples, of crops in files, of kept shards."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from lib.errors import DataError
from lib.training.crops.tfrecord import CropFiles, count_labels
from lib.training.crops.writing import write_tfrecord
from lib.training.examples.store import Examples, simulated
from lib.training.networks.config import TrainConfig
from lib.training.runs.batches import Batches
from lib.training.runs.classifier import KnownAccuracy, training_batches

CONFIG = TrainConfig(batch_size=20, flip=False, outlier_weight=0.25)


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """A TFRecord of 60 crops; the first row of crop i has the value i, the others zero."""
    images = np.zeros((60, 15, 480, 3), np.uint8)
    images[:, 0] = np.arange(60)[:, None, None]
    path = tmp_path_factory.mktemp("numbered") / "numbered.tfrecord"
    write_tfrecord(path, ((image, i % 8 - 1, f"{i}.png") for i, image in enumerate(images)))
    return path


def numbers(images):
    """Return which crop each image of a batch is, however it was flipped."""
    return np.rint(images.max(axis=(1, 2, 3)) * 255).astype(int).tolist()


def counted(count, size, seed=0, **options):
    return Batches(count, size, lambda rng, rows: (rows, rng.random(len(rows))), seed, **options)


def test_each_pass_shows_every_example_once_in_an_order_of_its_own():
    """Sixth mistake of nnSIC: its reader never shuffles."""
    batches = counted(11, 3)
    stream = np.concatenate([batches[step][0] for step in range(11)]).tolist()
    passes = [stream[k : k + 11] for k in (0, 11, 22)]
    assert all(sorted(one) == list(range(11)) for one in passes)
    assert len(set(map(str, passes))) == 3


def test_the_seed_and_the_step_decide_a_batch():
    one, same, other = counted(11, 3), counted(11, 3), counted(11, 3, seed=1)
    later = counted(11, 3, first=4)
    for step in range(8):
        assert str(one[step]) == str(same[step]) != str(other[step])
        assert str(later[step]) == str(one[step + 4])


def test_the_parts_of_a_batch_are_all_of_it():
    batches = counted(11, 6)
    parts = [batches.part(3, part, 2)[0].tolist() for part in range(2)]
    assert sorted(parts[0] + parts[1]) == sorted(batches[3][0].tolist())
    assert [len(part) for part in parts] == [3, 3]


def test_to_judge_each_example_comes_once_in_order_and_as_it_is():
    batches = Batches(11, 4, lambda rng, rows: (rows, rng))
    assert batches.num_batches == 3
    seen = [batches[number] for number in range(3)]
    assert np.concatenate([rows for rows, _ in seen]).tolist() == list(range(11))
    assert all(rng is None for _, rng in seen)


def test_half_of_the_crops_are_turned_upside_down(numbered):
    batches = training_batches(replace(CONFIG, flip=True), [numbered])
    images = np.concatenate([batches[step][0] for step in range(15)])
    top, bottom = (images[:, row].max(axis=(1, 2)) > 0 for row in (0, -1))
    assert not (top & bottom).any()
    assert 0.35 < bottom.sum() / (top | bottom).sum() < 0.65


def test_crops_stay_upright_unless_asked(numbered):
    batches = training_batches(CONFIG, [numbered])
    assert all(batches[step][0][:, 1:].max() == 0 for step in range(6))


def test_crops_of_several_files_are_numbered_through(numbered, tmp_path):
    other = tmp_path / "other.tfrecord"
    write_tfrecord(other, ((np.full((15, 480, 3), 255, np.uint8), 0, "w") for _ in range(20)))
    batches = training_batches(replace(CONFIG, batch_size=80), [numbered, other])
    for step in range(3):
        assert (batches[step][0].min(axis=(1, 2, 3)) == 1).sum() == 20
    crops = CropFiles([numbered, other]).take([59, 60, 3])
    assert crops.names == ("59.png", "w", "3.png") and crops.labels.tolist() == [2, 0, 2]


def test_given_targets_stay_with_their_crops(numbered, monkeypatch):
    from lib.training.runs import classifier

    told = np.tile(np.arange(60, dtype=np.float32)[:, None], 7)
    monkeypatch.setattr(classifier, "soft_targets", lambda *_: {numbered: told})
    batches = training_batches(CONFIG, [numbered])
    for step in range(6):
        images, targets, _ = batches[step]
        assert targets[:, 0].tolist() == numbers(images)


def test_unknown_lamps_are_taught_every_class_alike(numbered):
    batches = training_batches(CONFIG, [numbered])
    for images, targets, weights in (batches[step] for step in range(3)):
        for number, target, weight in zip(numbers(images), targets, weights, strict=True):
            if number % 8 == 0:
                assert target == pytest.approx(np.full(7, 1 / 7)) and weight == 0.25
            else:
                assert target.tolist() == np.eye(7)[number % 8 - 1].tolist() and weight == 1


def test_accuracy_ignores_unknown_lamps():
    targets = np.array([[1, 0], [0, 1], [0.5, 0.5]])
    metric = KnownAccuracy()
    metric.update_state(targets, np.array([[3.0, 1.0], [2.0, 1.0], [9.0, 1.0]]), sample_weight=None)
    assert float(metric.result()) == 0.5


def test_labels_are_counted(numbered):
    assert count_labels(numbered) == Counter(i % 8 - 1 for i in range(60))


def test_a_file_that_is_cut_short_is_refused_before_training(numbered, tmp_path):
    cut = tmp_path / "cut.tfrecord"
    cut.write_bytes(numbered.read_bytes()[:-7])
    with pytest.raises(DataError, match=r"cut.tfrecord: cut short"):
        count_labels(cut)


def shard(seed, number):
    """Return three examples that say which they are."""
    return {"value": 100 * seed + 10 * number + np.arange(3), "name": np.array(["a", "b", "c"])}


def test_kept_examples_are_made_once_and_taken_by_number(tmp_path):
    options = {"jobs": 1, "what": "examples"}
    kept = simulated(shard, tmp_path, 2, range(4), **options)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    again = Examples(simulated(shard, tmp_path, 2, range(4), **options))
    assert stamps == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    assert len(again) == 12
    taken = Examples(kept).take(np.array([10, 0, 4]))
    assert taken["value"].tolist() == [231, 200, 211] and taken["name"].tolist() == ["b", "a", "b"]
    assert again.joined()["value"][:4].tolist() == [200, 201, 202, 210]


def test_a_simulation_that_fails_leaves_no_half_shard(tmp_path):
    def killed(seed, number):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulated(killed, tmp_path, 0, range(1), jobs=1, what="examples")
    assert not list(tmp_path.iterdir())
