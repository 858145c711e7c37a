"""Wrong labels come out as the most suspicious."""

import numpy as np
import pytest

from lib.curation.suspects import out_of_fold_probabilities, suspicion


@pytest.fixture
def clusters():
    """300 photos of three sources, well apart in six features; 15 of them labelled wrongly."""
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], 100)
    features = rng.normal(size=(300, 6)) + 3 * np.eye(6)[truth]
    labels = truth.copy()
    wrong = rng.choice(300, 15, replace=False)
    labels[wrong] = (labels[wrong] + rng.integers(1, 3, 15)) % 3
    return features, np.array(["0", "1", "9"])[labels], labels, truth, wrong


@pytest.mark.slow
def test_out_of_fold_predictions_find_wrong_labels_without_any_class_of_the_model(clusters):
    features, names, _, _, wrong = clusters
    groups = np.arange(300).astype(str)
    found = out_of_fold_probabilities(features, names, groups)
    assert found.shape == (300, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    blind = np.full((300, 7), 1 / 7)
    scores = suspicion(names, np.full(300, -1), blind, found)
    assert len(set(np.argsort(scores)[-30:]) & set(wrong)) >= 13


def test_the_model_alone_finds_wrong_labels(clusters):
    _, names, labels, truth, wrong = clusters
    model = np.full((300, 7), 0.01)
    model[np.arange(300), truth] = 0.94
    scores = suspicion(names, labels, model)
    assert set(np.argsort(scores)[-15:]) == set(wrong)
    assert scores.min() >= 0 and scores.max() <= 1


def test_a_sure_model_casts_doubt_on_a_folder_that_is_no_class():
    model = np.array([[0.94, *[0.01] * 6], [1 / 7] * 7])
    sure, unsure = suspicion(np.array(["9", "9"]), np.array([-1, -1]), model)
    assert sure > unsure


@pytest.mark.slow
def test_a_source_with_few_photos_is_left_to_the_model(clusters):
    features, names, *_ = clusters
    names = names.copy()
    names[:3] = "5"
    found = out_of_fold_probabilities(features, names, np.arange(300).astype(str))
    assert np.isnan(found[:3]).all() and not np.isnan(found[3:]).any()
    model = np.full((300, 7), 1 / 7)
    assert np.isfinite(suspicion(names, np.zeros(300, int), model, found)).all()


@pytest.mark.slow
def test_duplicates_never_judge_one_another():
    rng = np.random.default_rng(1)
    # Two identical photos share a group and a wrong label: each would vouch for the other.
    features = np.concatenate([rng.normal(size=(40, 4)) + 4, rng.normal(size=(40, 4)) - 4])
    names = np.repeat(["0", "1"], 40)
    features[1] = features[0] = -4
    groups = np.arange(80).astype(str)
    groups[1] = groups[0]
    found = out_of_fold_probabilities(features, names, groups)
    assert found[0, 0] < 0.5 and found[1, 0] < 0.5


def test_one_source_alone_gives_no_second_opinion():
    found = out_of_fold_probabilities(np.zeros((9, 2)), np.repeat("0", 9), np.arange(9).astype(str))
    assert np.isnan(found).all()
