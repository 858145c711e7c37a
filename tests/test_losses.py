import keras
import numpy as np
import pytest
from scipy.special import log_softmax

from lib.training.losses import class_or_none

LOGITS = np.random.default_rng(4).normal(0, 3, (6, 7)).astype(np.float32)


def test_the_loss_is_the_cross_entropy_with_one_more_class_at_zero():
    labels = np.array([0, 3, 6, 1, -1, -1])
    targets = np.eye(8, dtype=np.float32)[labels][:, :7]
    with_none = log_softmax(np.hstack([LOGITS, np.zeros((6, 1))]), axis=1)
    expected = -with_none[np.arange(6), labels]
    assert np.asarray(class_or_none(targets, LOGITS)) == pytest.approx(expected, rel=1e-5)


def test_an_unknown_lamp_is_right_where_every_logit_is_low():
    nothing = np.zeros((1, 7), np.float32)
    low, high = nothing - 9, nothing - 9
    high[0, 2] = 9
    assert class_or_none(nothing, low)[0] < 0.01 < 8 < class_or_none(nothing, high)[0]


def test_a_network_trained_with_it_can_be_loaded(tmp_path):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(7)])
    network.compile("sgd", class_or_none)
    network.save(tmp_path / "network.keras")
    assert keras.models.load_model(tmp_path / "network.keras").loss is class_or_none
