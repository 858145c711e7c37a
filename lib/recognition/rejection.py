"""Whether an answer may be given: quality gates before the classifier's word, then its certainty.

A wrong source leads to a wrong calibration, so what is doubtful comes back as unknown, with the
reason in words.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from lib import taxonomy
from lib.errors import DataError
from lib.files import read_json
from lib.paths import MODELS
from lib.recognition.axis import NoAxis, WavelengthAxis
from lib.recognition.classifier import Prediction
from lib.recognition.quality import Quality

NAMES_CARD = "names.json"
# Below this part of full scale an 8-bit photo shows its own noise and JPEG blocks, not a lamp.
_DARKEST_BRIGHTNESS = 0.02
# With more clipped than this no shape is left to recognise.
_MOST_CLIPPED = 0.9
# Fewer peaks than this are no such lamp, however it is named: a laser pointer shows one to three
# where each of the 16 photos of line lamps gathered for development shows six or more.
_FEWEST_LINES = {"cfl_hg": 2, "neon": 3, "helium": 3, "hydrogen": 2, "nitrogen": 3}
# LEDs are 12 to 20 nm wide in violet and red, wider in between (Schubert, Light-Emitting Diodes,
# ch. 5), though the wavelengths read off a lone peak may make it half as wide. Narrower than this
# are 24 of 42 simulated lasers and lone lines taken for LEDs, and 8 of 251 LEDs.
_NARROWEST_LED_NM = 5.0
# Two classes that share this much of the belief, the second at least this much, are a doubt
# between the two; otherwise the crop is like neither.
_SHARED_BELIEF, _SECOND_BELIEF = 0.8, 0.2


@dataclass(frozen=True)
class Verdict:
    """Whether the best guess may be named; `status` is "ok" or "unknown", then with a reason."""

    status: str
    reason: str | None = None


def judge(
    prediction: Prediction,
    quality: Quality | None,
    card: dict,
    *,
    certainty: float | None = None,
    min_precision: float | None = None,
) -> Verdict:
    """Decide whether the best guess of one prediction may be named.

    Parameters
    ----------
    prediction : Prediction
        Of one crop.
    quality : Quality or None
        Of its band; None where only a crop is at hand.
    card : dict
        The model's card, with the unknown score and its thresholds.
    certainty : float, optional
        How surely the guess is right, all told; the classifier's own where left out.
    min_precision : float, optional
        Wanted share of right names among the named.
    """
    source = taxonomy.CLASSES[int(prediction.logits[0].argmax())]
    reason = gate(quality, source) if quality is not None else None
    certainty = prediction.certainty[0] if certainty is None else certainty
    if reason is None and certainty < threshold(card, min_precision):
        # The user may ask for more than the model was set to.
        likely = certainty >= threshold(card)
        asked = f"{source} is likely, but less sure than asked"
        reason = asked if likely else doubt(prediction.probabilities[0])
    return Verdict("ok") if reason is None else Verdict("unknown", reason)


def gate(quality: Quality, source: str) -> str | None:
    """Return why the light of a band allows no name, or not this one; None where it does."""
    if quality.brightness < _DARKEST_BRIGHTNESS:
        return "too dark"
    if quality.clipped_fraction > _MOST_CLIPPED:
        return "clipped: expose shorter"
    fewest = _FEWEST_LINES.get(source, 0)
    if quality.lines_resolved < fewest:
        return f"too few lines for {source}: {quality.lines_resolved}, expected {fewest} or more"
    if source == "led" and quality.width_nm is not None and quality.width_nm < _NARROWEST_LED_NM:
        return (
            f"too narrow for an led: about {quality.width_nm:.0f} nm, "
            f"expected {_NARROWEST_LED_NM:.0f} or more"
        )
    return None


@dataclass(frozen=True)
class NameVerdict:
    """How surely a lamp with lines is named right, from the classifier and from its lines.

    A logistic function of both log odds; fitted by `train_axis.py names`.
    """

    certainty: float
    lines: float
    offset: float

    def of(self, certainty: float, axis: WavelengthAxis | NoAxis) -> float:
        """Return the probability that the best guess is right.

        Parameters
        ----------
        certainty : float
            The classifier's.
        axis : WavelengthAxis or NoAxis
            What the guessed lamp's lines give, or why they give no axis.
        """
        odds = self.certainty * log_odds(certainty) + self.lines * log_odds(axis.probability)
        return float(1 / (1 + np.exp(-(odds + self.offset))))


def log_odds(probability: np.ndarray | float) -> np.ndarray | float:
    """Return the logarithm of odds, no surer than one in three hundred."""
    bounded = np.clip(probability, 0.003, 0.997)
    return np.log(bounded / (1 - bounded))


@cache
def shipped_name_verdict() -> NameVerdict:
    """Return the verdict in models/axis, read once a process.

    Raises
    ------
    DataError
        If it is missing or not whole.
    """
    path = MODELS / "axis" / NAMES_CARD
    card = read_json(path)
    try:
        return NameVerdict(*(float(card[name]) for name in ("certainty", "lines", "offset")))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not a verdict on names ({error!r})") from error


def doubt(probabilities: np.ndarray) -> str:
    """Return in words what the classifier is unsure about, from its probabilities (n_classes,)."""
    second, first = np.argsort(probabilities)[-2:]
    names = taxonomy.CLASSES[first], taxonomy.CLASSES[second]
    shared = probabilities[first] + probabilities[second]
    if shared >= _SHARED_BELIEF and probabilities[second] >= _SECOND_BELIEF:
        return f"between {names[0]} and {names[1]}"
    return f"unlike anything in training (nearest: {names[0]}, then {names[1]})"


def threshold(card: dict, min_precision: float | None = None) -> float:
    """Return the smallest certainty that may be named.

    For a wanted precision the card's curve decides: the lowest threshold from which on it was
    reached on held-out crops. Nothing is named where it never was.
    """
    unknown = card["unknown"]
    if min_precision is None:
        return unknown["threshold"]
    # Few named crops make the curve's beginning ragged; a dip there is no reason to refuse all.
    reached = [
        point["threshold"] for point in unknown["curve"] if point["precision"] >= min_precision
    ]
    return min(reached, default=np.inf)
