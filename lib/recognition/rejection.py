"""Whether an answer may be given: quality gates before the classifier's word, then its certainty.

A wrong source leads to a wrong calibration, so what is doubtful comes back as unknown, with the
reason in words.
"""

from dataclasses import dataclass

import numpy as np

from lib import taxonomy
from lib.recognition.classifier import Prediction
from lib.recognition.quality import Quality

# Below this part of full scale an 8-bit photo shows its own noise and JPEG blocks, not a lamp.
_DARKEST_BRIGHTNESS = 0.02
# With more clipped than this no shape is left to recognise.
_MOST_CLIPPED = 0.9


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
    min_precision : float, optional
        Wanted share of right names among the named.
    """
    if quality is not None:
        if quality.brightness < _DARKEST_BRIGHTNESS:
            return Verdict("unknown", "too dark")
        if quality.clipped_fraction > _MOST_CLIPPED:
            return Verdict("unknown", "clipped: expose shorter")
    probabilities = prediction.probabilities[0]
    if probabilities.max() >= _threshold(card, min_precision):
        return Verdict("ok")
    first, second = np.argsort(probabilities)[-1:-3:-1]
    return Verdict("unknown", f"between {taxonomy.CLASSES[first]} and {taxonomy.CLASSES[second]}")


def _threshold(card: dict, min_precision: float | None) -> float:
    """Return the smallest certainty that may be named.

    For a wanted precision the card's curve of thresholds decides: the lowest that reached it on
    held-out data.
    """
    unknown = card["unknown"]
    if min_precision is None:
        return unknown["threshold"]
    reached = [
        point["threshold"]
        for point in unknown.get("curve", [])
        if point["precision"] >= min_precision
    ]
    return min(reached, default=1.0)
