"""The figures by which real crops are compared with simulated ones."""

import numpy as np
import pytest

from benchmarks.simulator_gap import figures


@pytest.fixture
def profiles():
    """A pure red bar, a white one that is clipped, and darkness."""
    rgb = np.zeros((3, 480, 3), np.float32)
    rgb[0, 100:148, 0] = 0.8
    rgb[1, 100:220] = 1.0
    return rgb


def test_figures_of_bars_of_known_shape(profiles):
    measured = figures(profiles)
    assert measured["peak"].tolist() == pytest.approx([0.8, 1.0, 0.0])
    assert measured["lit part"].tolist() == pytest.approx([0.1, 0.25, 0.0])
    assert measured["purity"].tolist() == pytest.approx([1.0, 0.0, 0.0])
    assert measured["part with a clipped channel"].tolist() == pytest.approx([0.0, 1.0, 0.0])
    assert measured["overlap of red and green"].tolist() == pytest.approx([0.0, 1.0, 0.0])
    assert measured["overlap of green and blue"].tolist() == pytest.approx([0.0, 1.0, 0.0])


def test_a_blurred_edge_is_less_steep(profiles):
    column = np.arange(480)
    ramp = np.clip((column - 200) / 80, 0, 1).astype(np.float32)
    soft = np.repeat(ramp[None, :, None], 3, axis=2)
    assert figures(soft)["steepest edge"][0] < 0.1 * figures(profiles)["steepest edge"][1]
