"""Which lamp it is and how surely: classifier and second opinion as one."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from lib.errors import DataError
from lib.files import read_json
from lib.paths import MODELS
from lib.recognition.axis.reading import Reading
from lib.recognition.name.classifier import Prediction
from lib.recognition.name.opinion import opinion
from lib.taxonomy import CLASSES, LINE_CLASSES

CARD_NAME = "verdict.json"
# What a name rests on, as log odds: the classifier's certainty, its belief in this name, and the
# second opinion's. How well the lamp's lines fit, and how surely wavelengths are read, tell nothing
# more: the second opinion has weighed both.
FIGURES = ("certainty", "belief", "opinion")
# Lamps with lines are doubted for other reasons than LEDs, and these than continua.
KINDS = ("lines", *(name for name in CLASSES if name not in LINE_CLASSES))
# No probability is surer than this.
_SUREST = 0.997


@dataclass(frozen=True)
class NameEvidence:
    """The best guess of one band's lamp, and what it rests on.

    Attributes
    ----------
    source : str
        A class.
    probabilities : float64 array of shape (n_classes,)
        Geometric mean of the classifier's and the second opinion's, of sum 1.
    figures : float64 array of shape (len(FIGURES),)
    """

    source: str
    probabilities: np.ndarray
    figures: np.ndarray

    @property
    def kind(self) -> str:
        """Return which of `KINDS` the guess is."""
        return "lines" if self.source in LINE_CLASSES else self.source


def name_evidence(prediction: Prediction, rgb: np.ndarray, reading: Reading) -> NameEvidence:
    """Weigh up what classifier and second opinion say of a band.

    Parameters
    ----------
    prediction : Prediction
        Of the band's crop.
    rgb : float array of shape (n, 3)
        The band's profile, 0 to 255.
    reading : Reading
        Of the profile.
    """
    second = opinion(rgb, reading)
    odds = np.sqrt(prediction.probabilities[0].astype(np.float64) * second[:-1])
    probabilities = odds / odds.sum()
    guess = int(probabilities.argmax())
    figures = (prediction.certainty[0], prediction.probabilities[0, guess], second[guess])
    return NameEvidence(CLASSES[guess], probabilities, np.array([log_odds(one) for one in figures]))


def log_odds(probability: float) -> float:
    """Return the logarithm of odds, no surer than one in three hundred."""
    bounded = np.clip(float(probability), 1 - _SUREST, _SUREST)
    return float(np.log(bounded / (1 - bounded)))


@dataclass(frozen=True)
class NameVerdict:
    """How surely a name is right: a logistic function of the figures for each kind of lamp.

    Fitted by `train_shipped.py names-verdict`.

    Attributes
    ----------
    weights : dict of str to float64 array of shape (len(FIGURES),)
        Of each of `KINDS`.
    offsets : dict of str to float
    limits : dict
        ``threshold`` and ``curve``, as in a model's card.
    """

    weights: dict[str, np.ndarray]
    offsets: dict[str, float]
    limits: dict

    def certainty(self, evidence: NameEvidence) -> float:
        """Return the probability that the best guess is right."""
        kind = evidence.kind
        odds = self.weights[kind] @ evidence.figures + self.offsets[kind]
        return float(1 / (1 + np.exp(-odds)))


@cache
def shipped_name_verdict() -> NameVerdict:
    """Return the verdict in models/names, read once a process.

    Raises
    ------
    DataError
        If it is missing or not whole.
    """
    path = MODELS / "names" / CARD_NAME
    card = read_json(path)
    try:
        kinds = card["kinds"]
        return NameVerdict(
            {kind: np.array([float(kinds[kind][name]) for name in FIGURES]) for kind in KINDS},
            {kind: float(kinds[kind]["offset"]) for kind in KINDS},
            {"threshold": float(card["threshold"]), "curve": list(card["curve"])},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not a verdict on names ({error!r})") from error
