"""The verdict on an axis: read, and fitted."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from lib.errors import DataError
from lib.recognition.axis.verdict import EVIDENCE, read_verdict, shipped_verdict
from lib.training.recipes.axis_verdict import WRONG_SHARE, KnownCandidate, fit_verdict


def evidence(**changes):
    usual = {"reading_error": np.log(0.5), "disagreement": np.log(1.0), "explained": 0.95}
    values = usual | changes
    return np.array([values[name] for name in EVIDENCE])


def test_the_shipped_verdict_follows_each_kind_of_evidence():
    verdict = shipped_verdict()
    good = verdict.probability(evidence())
    assert good > verdict.least_probability
    assert verdict.probability(evidence(reading_error=np.log(20.0))) < verdict.least_probability
    assert verdict.probability(evidence(disagreement=np.log(4.0))) < good
    assert verdict.probability(evidence(explained=0.3)) < good


@pytest.mark.parametrize("damage", [{"weights": {}}, {"offset": "x"}, {"error_scale": None}])
def test_a_damaged_card_is_refused_in_one_line(tmp_path, damage):
    whole = {"weights": dict.fromkeys(EVIDENCE, 1.0), "offset": 0.0}
    whole |= {"least_probability": 0.9, "error_scale": 1.0}
    path = tmp_path / "axes.json"
    path.write_text(json.dumps(whole))
    assert read_verdict(path).least_probability == 0.9
    path.write_text(json.dumps(whole | damage))
    with pytest.raises(DataError, match=r"axes\.json: not a verdict"):
        read_verdict(path)


@dataclass(frozen=True)
class Known:
    """A candidate that claims everything, with its evidence given."""

    seen: np.ndarray

    def claim(self, error_scale):
        return 0, 20

    def evidence(self, claim):
        return self.seen


def candidates(count, rng):
    """Candidates of which the surer a reading is, the more are right; errors twice as stated."""
    for _ in range(count):
        reading = rng.normal(0.0, 1.0)
        noise = (0.0, *rng.normal(0, 0.1, 2))
        right = rng.random() < 1 / (1 + np.exp(4 * reading - 4))
        off = 0.4 * rng.standard_normal(20) if right else np.full(20, 30.0)
        yield KnownCandidate(
            "neon", Known(evidence(reading_error=reading) + noise), off, np.full(20, 0.2)
        )


@pytest.mark.slow
def test_the_fit_gives_what_is_sure_and_states_errors_as_they_are():
    verdict = fit_verdict(list(candidates(3000, np.random.default_rng(0))))
    assert verdict.weights[0] < 0
    wrong = verdict.worst_nm[verdict.given] >= 5
    assert 0 < wrong.mean() <= WRONG_SHARE + 1e-9
    assert verdict.given.mean() > 0.4
    assert verdict.error_scale == pytest.approx(2.0, rel=0.1)
