import numpy as np
import pytest

from lib.certainty import certainty
from lib.training.scores import unknown_score


@pytest.fixture(scope="module")
def crops():
    """Logits and labels: large logits for 900 crops of the classes, small ones for 600 unknown."""
    rng = np.random.default_rng(3)
    labels = np.concatenate([rng.integers(0, 7, 900), np.full(600, -1)])
    logits = rng.normal(0, 1, (1500, 7))
    known = labels >= 0
    logits[known, labels[known]] += rng.normal(7, 1.0, known.sum())
    logits[~known, rng.integers(0, 7, 600)] += rng.normal(2, 1.0, 600)
    return logits, labels


def test_the_threshold_names_the_promised_share_of_the_known(crops):
    logits, labels = crops
    score = unknown_score.fit(logits, labels)
    named = certainty(logits, score) >= score["threshold"]
    assert named[labels >= 0].mean() == pytest.approx(unknown_score.KNOWN_NAMED, abs=0.002)
    assert named[labels < 0].mean() < 0.2


def test_the_curve_counts_a_named_unknown_as_a_mistake(crops):
    logits, labels = crops
    score = unknown_score.fit(logits, labels)
    right = logits.argmax(axis=1) == labels
    known, share = labels >= 0, unknown_score.UNKNOWN_SHARE
    for point in score["curve"][10::30]:
        named = certainty(logits, score) >= point["threshold"]
        hits = (1 - share) * (named & right)[known].mean()
        wrong = (1 - share) * (named & ~right)[known].mean() + share * named[~known].mean()
        assert point["coverage"] == pytest.approx(named[known].mean())
        assert point["precision"] == pytest.approx(hits / (hits + wrong))


def test_certainty_is_the_share_that_is_right(crops):
    logits, labels = crops
    score = unknown_score.fit(logits, labels)
    sure = certainty(logits, score)
    right = logits.argmax(axis=1) == labels
    weight = unknown_score.crop_weights(labels < 0)
    middle = (sure > 0.3) & (sure < 0.7)
    assert np.average(right[middle], weights=weight[middle]) == pytest.approx(0.5, abs=0.12)


def test_known_lamps_alone_give_a_score_too(crops):
    logits, labels = crops
    score = unknown_score.fit(logits[labels >= 0], labels[labels >= 0])
    assert score["unknown_share"] == 0
    assert 0 < score["threshold"] < 1


def test_a_network_without_a_mistake_is_still_not_quite_certain():
    labels = np.arange(70) % 7
    score = unknown_score.fit(9.0 * np.eye(7)[labels], labels)
    assert np.isfinite([score["slope"], score["offset"]]).all()
