"""How probable it is that a wavelength axis is right: one fitted figure for every lamp."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import read_json
from lib.paths import MODELS

CARD_NAME = "axes.json"
# What is weighed: ln of the standard error, nm, that the reading keeps under over three quarters of
# what the axis claims; ln of how far the lines lie from the reading, in standard errors; the lines'
# part of all peaks' height.
EVIDENCE = ("reading_error", "disagreement", "explained")


@dataclass(frozen=True)
class AxisVerdict:
    """A logistic function of the evidence, and what stated errors are to be scaled by.

    Attributes
    ----------
    weights : float64 array of shape (len(EVIDENCE),)
    offset : float
    least_probability : float
        Less probable axes are not given.
    error_scale : float
        True errors over those that the fit states.
    """

    weights: np.ndarray
    offset: float
    least_probability: float
    error_scale: float

    def probability(self, evidence: np.ndarray) -> float:
        """Return the probability that an axis with this evidence is right."""
        return float(1 / (1 + np.exp(-np.clip(evidence @ self.weights + self.offset, -50, 50))))


def read_verdict(path: Path) -> AxisVerdict:
    """Read a verdict's card.

    Raises
    ------
    DataError
        If it is missing or not whole.
    """
    card = read_json(path)
    try:
        return AxisVerdict(
            np.array([float(card["weights"][name]) for name in EVIDENCE]),
            float(card["offset"]),
            float(card["least_probability"]),
            float(card["error_scale"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not a verdict on axes ({error!r})") from error


@cache
def shipped_verdict() -> AxisVerdict:
    """Return the verdict in models/reader, read once a process."""
    return read_verdict(MODELS / "reader" / CARD_NAME)
