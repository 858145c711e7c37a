"""The verdict on axes: its weights, and how they are fitted."""

import json

import numpy as np
import pytest

from lib.errors import DataError
from lib.recognition.axis_weights import read_weights, shipped_weights
from lib.recognition.matching import PARTS
from lib.recognition.wavelength import SITUATIONS
from lib.training.axis_verdict import (
    KnownChoice,
    fit_errors,
    fit_weights,
    least_probability,
    probabilities,
)


def test_shipped_weights_know_every_kind_of_evidence():
    weights = shipped_weights()
    assert set(weights.evidence) == set(PARTS)
    assert set(SITUATIONS) <= set(weights.chance)
    assert min(weights.evidence.values()) >= 0
    assert 0.5 < weights.least_probability < 1


def test_a_file_without_an_entry_is_refused(tmp_path):
    path = tmp_path / "axis.json"
    path.write_text(json.dumps({"evidence": {}}))
    with pytest.raises(DataError, match="chance"):
        read_weights(path)


def known_choices(rng, weights, chance, count):
    """Choices made by a conditional logit of known weights."""
    choices = []
    for _ in range(count):
        parts = rng.normal(size=(rng.integers(1, 6), len(weights)))
        worth = np.exp(np.append(parts @ weights, chance))
        chosen = rng.choice(len(worth), p=worth / worth.sum())
        choices.append(KnownChoice(parts, np.ones(1), np.arange(len(parts)) == chosen, "neon"))
    return choices


def test_weights_are_found_again():
    rng = np.random.default_rng(0)
    truth = np.array([0.5, 1.5, 0.0])
    choices = known_choices(rng, truth, 1.0, 3000)
    evidence, chance = fit_weights(choices, np.ones(3), np.zeros(1))
    assert evidence == pytest.approx(truth, abs=0.15)
    assert chance[0] == pytest.approx(1.0, abs=0.15)


def test_probabilities_hold():
    rng = np.random.default_rng(1)
    choices = known_choices(rng, np.array([1.0, 1.0]), 0.5, 2000)
    shares = [probabilities(choice, np.ones(2), np.array([0.5])) for choice in choices]
    right = [choice.right[p[:-1].argmax()] for choice, p in zip(choices, shares, strict=True)]
    assert np.mean([p[:-1].max() for p in shares]) == pytest.approx(np.mean(right), abs=0.03)


def test_threshold_leaves_few_wrong():
    sure = np.linspace(0.5, 1, 1000)
    right = np.arange(1000) >= 300
    photo = np.arange(1000)
    least = least_probability(sure, right, photo, 0.02)
    given = sure >= least
    assert 0 < (~right[given]).mean() <= 0.02
    assert least_probability(sure, np.zeros(1000, bool), photo, 0.02) == 1.0


def test_a_photo_counts_once_by_its_first_stretch_that_is_sure_enough():
    photo = np.repeat(np.arange(100), 2)
    sure = np.tile([0.9, 0.95], 100)
    right = np.tile([True, False], 100)
    assert least_probability(sure, right, photo, 0.02) == 0.9


def test_errors_are_scaled_until_they_hold():
    rng = np.random.default_rng(2)
    stated = rng.uniform(0.1, 1, 5000)
    off = np.abs(rng.normal(0, np.hypot(1.5 * stated, 0.3)))
    scale, floor = fit_errors(off, stated)
    error = np.hypot(scale * stated, floor)
    assert (off < error).mean() == pytest.approx(0.683, abs=0.02)
    assert (off < 1.96 * error).mean() == pytest.approx(0.95, abs=0.02)
