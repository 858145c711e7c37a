from collections import Counter

import numpy as np
import pytest

from lib.errors import DataError
from lib.training.crops.input_pipeline import (
    KnownAccuracy,
    count_labels,
    evaluation_batches,
    training_batches,
)
from lib.training.crops.tfrecord import write_tfrecord


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """A TFRecord of 60 crops; the first row of crop i has the value i, the others zero."""
    images = np.zeros((60, 15, 480, 3), np.uint8)
    images[:, 0] = np.arange(60)[:, None, None]
    path = tmp_path_factory.mktemp("numbered") / "numbered.tfrecord"
    write_tfrecord(path, ((image, i % 8 - 1, f"{i}.png") for i, image in enumerate(images)))
    return path


def batches(path, *, steps, size=60, batch_size=20, seed=0, flip=False):
    stream = training_batches(
        {path: size}, batch_size=batch_size, seed=seed, flip=flip, outlier_weight=0.25
    )
    return [[value.numpy() for value in batch] for batch in stream.take(steps)]


def numbers(batch):
    """Return which crop each image of a batch is, however it was flipped."""
    return np.rint(batch[0].max(axis=(1, 2, 3)) * 255).astype(int).tolist()


def test_the_reader_shuffles_each_epoch_anew(numbered):
    """Sixth mistake of nnSIC: its reader never shuffles."""
    found = batches(numbered, steps=6)
    epochs = [[i for batch in found[k : k + 3] for i in numbers(batch)] for k in (0, 3)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(60)) and epoch != sorted(epoch)
    assert epochs[0] != epochs[1]


def test_the_seed_decides_order_and_flips(numbered):
    one, same, other = (batches(numbered, steps=3, seed=s, flip=True) for s in (1, 1, 2))
    assert all((a[0] == b[0]).all() for a, b in zip(one, same, strict=True))
    assert any((a[0] != b[0]).any() for a, b in zip(one, other, strict=True))


def test_half_of_the_crops_are_turned_upside_down(numbered):
    images = np.concatenate([batch[0] for batch in batches(numbered, steps=15, flip=True)])
    top, bottom = (images[:, row].max(axis=(1, 2)) > 0 for row in (0, -1))
    assert not (top & bottom).any()
    assert 0.35 < bottom.sum() / (top | bottom).sum() < 0.65


def test_crops_stay_upright_unless_asked(numbered):
    assert all(batch[0][:, 1:].max() == 0 for batch in batches(numbered, steps=6))


def test_files_are_mixed_in_proportion(numbered, tmp_path):
    other = tmp_path / "other.tfrecord"
    write_tfrecord(other, ((np.full((15, 480, 3), 255, np.uint8), 0, "w") for _ in range(20)))
    stream = training_batches(
        {numbered: 60, other: 20}, batch_size=80, seed=0, flip=False, outlier_weight=1
    )
    for images, _, _ in stream.take(3):
        assert (images.numpy().min(axis=(1, 2, 3)) == 1).sum() == 20


def test_given_targets_stay_with_their_crops(numbered):
    told = np.tile(np.arange(60, dtype=np.float32)[:, None], 7)
    stream = training_batches(
        {numbered: 60}, batch_size=20, seed=0, flip=True, outlier_weight=1, targets={numbered: told}
    )
    for images, targets, _ in stream.take(6):
        assert targets.numpy()[:, 0].tolist() == numbers([images.numpy()])


def test_unknown_lamps_are_taught_every_class_alike(numbered):
    for images, targets, weights in batches(numbered, steps=3):
        for number, target, weight in zip(numbers([images]), targets, weights, strict=True):
            if number % 8 == 0:
                assert target == pytest.approx(np.full(7, 1 / 7)) and weight == 0.25
            else:
                assert target.tolist() == np.eye(7)[number % 8 - 1].tolist() and weight == 1


def test_evaluation_keeps_order_and_leaves_unknown_lamps_out(numbered):
    found = [[value.numpy() for value in b] for b in evaluation_batches(numbered, batch_size=16)]
    order = [i for batch in found for i in numbers(batch)]
    assert order == [i for i in range(60) if i % 8]
    labels = np.concatenate([batch[1] for batch in found]).argmax(axis=1)
    assert labels.tolist() == [i % 8 - 1 for i in order]


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
