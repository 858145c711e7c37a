"""Which lamp it is and how surely: classifier, second opinion and the lamp's lines as one."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from lib.errors import DataError
from lib.files import read_json
from lib.paths import MODELS
from lib.recognition.axis.axis import NoAxis, WavelengthAxis
from lib.recognition.axis.fit import fit_axis
from lib.recognition.band import Band, BandProfile
from lib.recognition.name.classifier import Prediction
from lib.recognition.name.opinion import opinion
from lib.taxonomy import CLASSES, LINE_CLASSES

CARD_NAME = "verdict.json"
# What a name rests on: the classifier's certainty, its belief in this name, the second opinion's,
# the probability of the axis that the lamp's lines give, and the error of the wavelengths read.
# Log odds, but for the last, a logarithm.
FIGURES = ("certainty", "belief", "opinion", "lines", "reading")
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
    axis : WavelengthAxis or NoAxis
        What the lines of `source` give, or why they give no axis.
    """

    source: str
    probabilities: np.ndarray
    figures: np.ndarray
    axis: WavelengthAxis | NoAxis

    @property
    def kind(self) -> str:
        """Return which of `KINDS` the guess is."""
        return "lines" if self.source in LINE_CLASSES else self.source


def name_evidence(prediction: Prediction, profile: BandProfile, band: Band) -> NameEvidence:
    """Weigh up what classifier, second opinion and lines say of a band.

    Parameters
    ----------
    prediction : Prediction
        Of the band's crop.
    profile : BandProfile
        Of the band.
    band : Band
    """
    second = opinion(profile.rgb, band.reading)
    odds = np.sqrt(prediction.probabilities[0].astype(np.float64) * second[:-1])
    probabilities = odds / odds.sum()
    guess = int(probabilities.argmax())
    source = CLASSES[guess]
    axis = own_axis(profile, band, source)
    figures = [
        log_odds(prediction.certainty[0]),
        log_odds(prediction.probabilities[0, guess]),
        log_odds(second[guess]),
        log_odds(axis.probability) if source in LINE_CLASSES else 0.0,
        np.log(band.reading.error_nm) if source in LINE_CLASSES else 0.0,
    ]
    return NameEvidence(source, probabilities, np.array(figures), axis)


def own_axis(profile: BandProfile, band: Band, lamp: str) -> WavelengthAxis | NoAxis:
    """Return the axis that a lamp's lines give, or why they give none."""
    try:
        return fit_axis(profile, lamp, axis=band.axis, reading=band.reading)
    except NoAxis as error:
        return error


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
