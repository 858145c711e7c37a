"""Peaks are laid on lines so that they are worth the most together, in order."""

from itertools import combinations

import numpy as np
import pytest

from lib.recognition.axis.dispersion import NO_POINTS
from lib.recognition.axis.matching import Match, best_match, best_pairs


def most_in_order(worth):
    """Return the largest sum of pairs in order, of all that there are."""
    rows, columns = worth.shape
    sums = [0.0]
    for count in range(1, min(rows, columns) + 1):
        for row in combinations(range(rows), count):
            for column in combinations(range(columns), count):
                sums.append(worth[list(row), list(column)].sum())
    return max(sums)


@pytest.mark.parametrize("seed", range(40))
def test_the_pairs_are_worth_as_much_as_any_in_order(seed):
    rng = np.random.default_rng(seed)
    worth = rng.normal(size=rng.integers(1, 6, size=2))
    row, column = best_pairs(worth)
    assert worth[row, column].sum() == pytest.approx(most_in_order(worth))
    assert (np.diff(row) > 0).all() and (np.diff(column) > 0).all()
    assert (worth[row, column] > 0).all()


def test_what_is_worth_nothing_stays_alone():
    row, column = best_pairs(np.array([[0.0, -1.0], [-1e3, 0.0]]))
    assert len(row) == len(column) == 0


def test_a_stronger_peak_does_not_pass_its_neighbour():
    # Crossed, the two pairs would be worth 8; in order, 5 at most.
    row, column = best_pairs(np.array([[1.0, 4.0], [4.0, 1.0]]))
    assert len(row) == 1
    row, column = best_pairs(np.array([[2.5, 4.0], [4.0, 2.5]]))
    assert row.tolist() == column.tolist() == [0, 1]


def made_of(lamp, worth, explained):
    return Match(lamp, None, np.zeros(3), np.zeros(3), NO_POINTS, None, explained, worth)


def test_a_list_that_leaves_half_of_the_light_unexplained_does_not_win_by_missing_few_lines():
    mercury, cfl = made_of("mercury", 2.5, 0.49), made_of("cfl", -1.3, 0.95)
    assert best_match([cfl, None, mercury]) is cfl
    assert best_match([cfl, made_of("mercury", 2.5, 0.9)]).lamp == "mercury"
    assert best_match([None]) is None
