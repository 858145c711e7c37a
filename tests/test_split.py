from collections import Counter

import numpy as np
import pytest

from lib.errors import DataError
from lib.training.crops.split import SPLITS, oversample, parse_shares, split_groups

SHARES = (0.8, 0.1, 0.1)


def split(labels, groups, seed=0, **options):
    return split_groups(labels, groups, SHARES, np.random.default_rng(seed), **options)


@pytest.fixture
def photos():
    """Labels and groups of 600 photos: groups of 1 to 6 duplicates, class 6 rare."""
    rng = np.random.default_rng(5)
    sizes = rng.integers(1, 7, 170)
    label_of = np.append(rng.integers(0, 6, 160), [6] * 10)
    groups = np.repeat(np.arange(170), sizes)
    return label_of[groups].tolist(), [f"group{i}" for i in groups]


def test_duplicates_stay_in_one_split(photos):
    labels, groups = photos
    places = {}
    for group, name in zip(groups, split(labels, groups), strict=True):
        places.setdefault(group, set()).add(name)
    assert {len(names) for names in places.values()} == {1}


def test_every_class_is_in_every_split(photos):
    labels, groups = photos
    seen = Counter(zip(labels, split(labels, groups), strict=True))
    assert all(seen[label, name] for label in range(7) for name in SPLITS)


def test_shares_are_kept_within_a_group(photos):
    labels, groups = photos
    for label in range(7):
        names = [n for n, own in zip(split(labels, groups), labels, strict=True) if own == label]
        for name, share in zip(SPLITS, SHARES, strict=True):
            assert abs(names.count(name) - share * len(names)) <= 6


def test_the_seed_decides_the_split(photos):
    assert split(*photos, seed=1) == split(*photos, seed=1)
    assert split(*photos, seed=1) != split(*photos, seed=2)


def test_a_group_of_two_classes_stays_together():
    labels = [0, 0, 1] + [0] * 5 + [1] * 5
    groups = ["mixed"] * 3 + [f"g{i}" for i in range(10)]
    assert len(set(split(labels, groups)[:3])) == 1


def test_a_class_with_one_image_is_refused_by_name():
    labels = [0] * 10 + [4]
    with pytest.raises(DataError, match=r"class helium has 1 different image.*at least 3"):
        split(labels, [str(i) for i in range(11)])


def test_copies_of_one_image_are_one_image():
    with pytest.raises(DataError, match=r"class led has 1 different image"):
        split([0] * 5, ["same"] * 5)


def test_a_partial_split_lets_small_classes_only_train():
    names = split([0] * 10 + [4], [str(i) for i in range(11)], partial=True)
    assert names[-1] == "train" and set(names) == set(SPLITS)


def test_oversampling_reaches_the_minimum_and_keeps_every_crop():
    labels = [0] * 50 + [1] * 3 + [2] * 20
    drawn = oversample(labels, 20, np.random.default_rng(0))
    assert set(drawn) == set(range(73))
    assert Counter(np.array(labels)[drawn]) == {0: 50, 1: 20, 2: 20}


def test_oversampling_shuffles():
    drawn = oversample([0] * 100, 0, np.random.default_rng(0))
    assert (drawn != np.arange(100)).any() and set(drawn) == set(range(100))


def test_shares_are_percentages():
    assert parse_shares("70/20/10") == pytest.approx((0.7, 0.2, 0.1))


@pytest.mark.parametrize("text", ["80/20", "80/10/20", "100/0/0", "a/b/c", "", "90/20/-10"])
def test_other_shares_are_refused(text):
    with pytest.raises(ValueError):
        parse_shares(text)
