"""Peaks are laid on lines so that they are worth the most together, in order."""

from itertools import combinations

import numpy as np
import pytest

from lib.recognition.axis.matching import best_pairs


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
