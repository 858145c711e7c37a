"""Fit what each kind of evidence for a wavelength axis is worth, from axes whose truth is known.

The verdict on an axis is a choice among the ways to lay the lamp's lines and one more, that none
of them is right: a conditional logit (McFadden 1974), whose weights are those under which the
right choices of simulated photos are likeliest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

# Pull of each weight towards where it starts: worth a few photos.
_RIDGE = 0.5


@dataclass(frozen=True)
class KnownChoice:
    """The answers for one spectrum, and which are right.

    Attributes
    ----------
    parts : float64 array of shape (n, number of kinds of evidence)
    situation : float64 array of shape (number of situations,)
    right : bool array of shape (n,)
    lamp : str
    """

    parts: np.ndarray
    situation: np.ndarray
    right: np.ndarray
    lamp: str


def fit_weights(
    choices: Sequence[KnownChoice], evidence: np.ndarray, chance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the likeliest weights of the kinds of evidence (>= 0) and of the situations.

    Parameters
    ----------
    choices : sequence of KnownChoice
    evidence, chance : float64 arrays
        Where the weights start, and what they are drawn to where the choices say little.
    """
    start = np.concatenate([evidence, chance])
    size = len(evidence)
    scale = np.maximum(np.abs(start), 1.0)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = 0.0, np.zeros_like(weights)
        for choice in choices:
            design = _design(choice)
            share = _softmax(design @ weights)
            right = np.append(choice.right, not choice.right.any())
            among = _softmax(np.where(right, design @ weights, -np.inf))
            total -= np.log(max(share[right].sum(), 1e-300))
            slope += (share - among) @ design
        off = (weights - start) / scale
        return total + _RIDGE * off @ off, slope + 2 * _RIDGE * off / scale

    bounds = [(0, None)] * size + [(None, None)] * len(chance)
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return best[:size], best[size:]


def probabilities(choice: KnownChoice, evidence: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Return the probability of each answer and, last, that none is right, shape (n + 1,)."""
    return _softmax(_design(choice) @ np.concatenate([evidence, chance]))


def least_probability(
    sure: np.ndarray, right: np.ndarray, photo: np.ndarray, most_wrong: float
) -> float:
    """Return the lowest threshold at which at most a share of the photos' axes is wrong; 1 if none.

    Parameters
    ----------
    sure : float64 array of shape (n,)
        Probability of the best answer for each stretch of a photo, in the order they are tried.
    right : bool array of shape (n,)
    photo : int array of shape (n,)
        Which photo each belongs to: the first answer that is sure enough is the photo's.
    most_wrong : float
    """
    for least in np.unique(sure):
        taken = np.flatnonzero(sure >= least)
        first = taken[np.unique(photo[taken], return_index=True)[1]]
        # One more wrong answer is taken as read: the next photo may be the unlucky one.
        if (~right[first]).sum() + 1 <= most_wrong * len(first):
            return float(least)
    return 1.0


def fit_errors(off_nm: np.ndarray, stated_nm: np.ndarray) -> tuple[float, float]:
    """Return the scale and the floor, nm, that make stated errors hold 68 % and 95 % of the time.

    Parameters
    ----------
    off_nm, stated_nm : float64 arrays of shape (n,)
        True errors, signless, and the standard errors stated for them.
    """
    best, found = np.inf, (1.0, 0.0)
    for scale in np.geomspace(0.5, 3, 40):
        for floor in np.linspace(0, 1, 41):
            error = np.hypot(scale * stated_nm, floor)
            misses = (off_nm < error).mean() - 0.683, (off_nm < 1.96 * error).mean() - 0.95
            loss = float(np.hypot(*misses))
            if loss < best:
                best, found = loss, (float(scale), float(floor))
    return found


def _design(choice: KnownChoice) -> np.ndarray:
    """One row an answer and a last one for none: parts, then situations."""
    rows, kinds = choice.parts.shape
    design = np.zeros((rows + 1, kinds + len(choice.situation)))
    design[:rows, :kinds] = choice.parts
    design[rows, kinds:] = choice.situation
    return design


def _softmax(values: np.ndarray) -> np.ndarray:
    weight = np.exp(values - values.max())
    return weight / weight.sum()
