"""One fit says how sure an answer must be to be given."""

import numpy as np
import pytest

from lib.training.scores.acceptance import accepted_from, fit_acceptance


@pytest.fixture(scope="module")
def answers():
    """Figures of 4000 answers, of which the first tells with known weights which are right."""
    rng = np.random.default_rng(0)
    figures = np.column_stack([rng.normal(10, 2, 4000), rng.normal(0, 0.1, 4000)])
    right = rng.random(4000) < 1 / (1 + np.exp(-(1.5 * (figures[:, 0] - 9))))
    return figures, right


def test_weights_are_those_of_the_figures_as_they_are(answers):
    fitted = fit_acceptance(*answers)
    assert fitted.weights[0] == pytest.approx(1.5, rel=0.1)
    assert fitted.offset == pytest.approx(-13.5, rel=0.1)
    assert abs(fitted.weights[1]) < 1


def test_a_probability_is_of_models_that_have_not_met_the_answer(answers):
    figures, right = answers
    idle = np.random.default_rng(1).normal(size=(60, 40))
    held_out = fit_acceptance(idle, right[:60]).held_out
    assert np.mean((held_out > 0.5) == right[:60]) < 0.8
    assert fit_acceptance(figures, right).held_out.shape == (4000,)


def test_the_threshold_gives_as_much_as_the_wanted_share_allows(answers):
    figures, right = answers
    sure = fit_acceptance(figures, right).held_out
    threshold = accepted_from(sure, right, 0.95)
    assert right[sure >= threshold].mean() >= 0.95
    lower = sure[sure < threshold]
    assert all(right[sure >= one].mean() < 0.95 for one in np.quantile(lower, [0.1, 0.5, 0.9]))


def test_nothing_is_given_where_no_threshold_is_enough():
    sure, right = np.array([0.9, 0.8]), np.array([False, True])
    assert accepted_from(sure, right, 0.95) == 1.0
