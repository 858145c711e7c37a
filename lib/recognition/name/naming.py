"""Which lamp it is and how surely: what the classifier and the reader say, as one."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from lib.errors import DataError
from lib.files import read_json
from lib.paths import MODELS
from lib.recognition.name.classifier import Prediction
from lib.recognition.reading import Reading, shipped_reader
from lib.taxonomy import CLASSES, LAMP_NAMES, LampName

CARD_NAME = "names.json"
# No probability is less than this, nor more than what is left.
_LEAST = 1e-4


@dataclass(frozen=True)
class NameEvidence:
    """What classifier and reader say of one band's lamp.

    Attributes
    ----------
    source : str
        The likeliest class.
    probabilities : float64 array of shape (n_classes,)
        Of each class, were it one of them; of sum 1.
    certainty : float
        How surely the likeliest class is right: it competes with all lamps of none.
    lamps : dict of str to float
        Likewise of each lamp of `lib.taxonomy.LAMP_NAMES`.
    """

    source: str
    probabilities: np.ndarray
    certainty: float
    lamps: dict[str, float]

    def sure_lamp(self) -> LampName | None:
        """Return the lamp, also of no class, that it surely is; None if it is surely none."""
        best = max(LAMP_NAMES, key=lambda lamp: self.lamps[lamp.name])
        return best if self.lamps[best.name] >= shipped_names().lamp_threshold else None


def class_of_lamp(lamp: LampName) -> str | None:
    """Return the class of a lamp by name; None for one of none."""
    return shipped_reader().card["kinds"][lamp.kinds[0]]


@dataclass(frozen=True)
class NameConfidence:
    """What the probability of a name is worth, fitted by `train_shipped.py confidence`.

    Attributes
    ----------
    slope, offset : float
        Of the logistic function of its log odds.
    limits : dict
        ``threshold`` and ``curve`` of the classes, as in a model's card.
    lamp_threshold : float
        The least certainty of a lamp that is given by name.
    """

    slope: float
    offset: float
    limits: dict
    lamp_threshold: float

    def certainty(self, probability: float) -> float:
        """Return how surely a name of this probability is right."""
        return float(1 / (1 + np.exp(-self.slope * log_odds(probability) - self.offset)))


def name_evidence(prediction: Prediction, reading: Reading) -> NameEvidence:
    """Weigh up what classifier and reader say of a band: the product of both.

    Parameters
    ----------
    prediction : Prediction
        Of the band's crop.
    reading : Reading
        Of its profile.
    """
    of_class, lamps = name_probabilities(prediction, reading)
    guess, sure = int(of_class.argmax()), shipped_names().certainty
    return NameEvidence(
        CLASSES[guess],
        of_class / max(of_class.sum(), _LEAST),
        sure(of_class[guess]),
        {name: sure(probability) for name, probability in lamps.items()},
    )


def name_probabilities(
    prediction: Prediction, reading: Reading
) -> tuple[np.ndarray, dict[str, float]]:
    """Return the probability of each class, float64 (n_classes,), and of each lamp by name.

    The reader tells all lamps apart, the classifier the classes; of lamps of no class it knows
    nothing. It counts half, as both were trained on the same simulator.
    """
    said = np.sqrt(np.maximum(prediction.probabilities[0], _LEAST), dtype=np.float64)
    # A model trained before a class was added says nothing of it.
    trust = dict.fromkeys((*CLASSES, None), np.sqrt(1 / len(CLASSES)))
    trust |= zip(CLASSES, said, strict=False)
    class_of = shipped_reader().card["kinds"]
    odds = {kind: part * trust[class_of[kind]] for kind, part in reading.kinds.items()}
    total = sum(odds.values())
    of_class = dict.fromkeys(CLASSES, 0.0)
    for kind, part in odds.items():
        if class_of[kind]:
            of_class[class_of[kind]] += part / total
    lamps = {
        lamp.name: sum(odds.get(kind, 0.0) for kind in lamp.kinds) / total for lamp in LAMP_NAMES
    }
    return np.array(list(of_class.values())), lamps


def log_odds(probability: float) -> float:
    """Return the logarithm of the odds of a probability."""
    bounded = float(np.clip(probability, _LEAST, 1 - _LEAST))
    return float(np.log(bounded / (1 - bounded)))


@cache
def shipped_names() -> NameConfidence:
    """Return the confidence of names in models/reader, read once a process.

    Raises
    ------
    DataError
        If it is missing or not whole.
    """
    path = MODELS / "reader" / CARD_NAME
    card = read_json(path)
    try:
        return NameConfidence(
            float(card["slope"]),
            float(card["offset"]),
            {"threshold": float(card["threshold"]), "curve": list(card["curve"])},
            float(card["lamp_threshold"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not the confidence of names ({error!r})") from error
