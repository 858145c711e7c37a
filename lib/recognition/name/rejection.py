"""Whether a name may be given: is there light to judge, and is the best guess sure enough.

A wrong source leads to a wrong calibration, so what is doubtful comes back as unknown, with the
reason in words.
"""

from dataclasses import dataclass, replace

import numpy as np

from lib import taxonomy
from lib.recognition.quality import Quality

# Below this part of full scale an 8-bit photo shows its own noise and JPEG blocks, not a lamp.
_DARKEST_BRIGHTNESS = 0.02
# With more clipped than this no shape is left to recognise. With more than the second, it is
# clipping that makes two classes look alike.
_MOST_CLIPPED, _MUCH_CLIPPED = 0.9, 0.15
# With more of its bright light clipped, a white LED loses the dip that tells it from a continuum,
# which must then be this sure.
_DIP_LOST, _SURE_THOUGH_CLIPPED = 0.3, 0.9
# Two classes that share this much of the belief, the second at least this much, are a doubt
# between the two; otherwise the crop is like neither.
_SHARED_BELIEF, _SECOND_BELIEF = 0.8, 0.1


@dataclass(frozen=True)
class Verdict:
    """Whether the best guess may be named; `status` is "ok" or "unknown", then with a reason.

    `code` is of `lib.recognition.advice.ADVICE`, `threshold` what the certainty must reach (None
    where it was not asked), `between` the two classes that share the light, the likelier first.
    """

    status: str
    reason: str | None = None
    code: str | None = None
    threshold: float | None = None
    between: tuple[str, ...] = ()


def judge(
    probabilities: np.ndarray,
    certainty: float,
    limits: dict,
    *,
    quality: Quality | None = None,
    min_precision: float | None = None,
) -> Verdict:
    """Decide whether the best guess may be named.

    Parameters
    ----------
    probabilities : float array of shape (n_classes,)
    certainty : float
        How surely the best guess is right.
    limits : dict
        The ``threshold`` that certainty must reach, and the ``curve`` that says which precision
        goes with which.
    quality : Quality, optional
        Of the band; left out where only a crop is at hand.
    min_precision : float, optional
        Wanted share of right names among the named.
    """
    source = taxonomy.CLASSES[int(np.argmax(probabilities))]
    least = threshold(limits, min_precision)
    hidden = quality is not None and quality.clipped_light > _DIP_LOST and source == "continuum"
    if hidden:
        least = max(least, _SURE_THOUGH_CLIPPED)
    verdict = gate(quality) if quality is not None else None
    if verdict is None and certainty >= least:
        verdict = Verdict("ok")
    elif verdict is None and hidden and certainty < _SURE_THOUGH_CLIPPED:
        why = f"LED or continuous light: {_clipped(quality)}"
        verdict = Verdict("unknown", why, "clipped", between=("continuum", "led"))
    elif verdict is None and certainty >= threshold(limits):
        # The user may ask for more than the model was set to.
        asked = f"{taxonomy.in_words(source)} is likely, but less sure than asked"
        verdict = Verdict("unknown", asked, "less_sure_than_asked")
    return replace(verdict or doubt(probabilities, quality), threshold=least)


def gate(quality: Quality) -> Verdict | None:
    """Return why the light of a band allows no name; None where it does."""
    if quality.brightness < _DARKEST_BRIGHTNESS:
        dark = f"too dark: {quality.brightness:.1%} of full scale at most"
        return Verdict("unknown", dark, "too_dark")
    if quality.clipped_fraction > _MOST_CLIPPED:
        return Verdict("unknown", f"overexposed: {_clipped(quality)}", "clipped")
    return None


def doubt(probabilities: np.ndarray, quality: Quality | None = None) -> Verdict:
    """Return what a guess is unsure about, from its probabilities (n_classes,)."""
    second, first = np.argsort(probabilities)[-2:]
    pair = tuple(taxonomy.CLASSES[index] for index in (first, second))
    names = [taxonomy.in_words(name) for name in pair]
    shared = probabilities[first] + probabilities[second]
    if shared >= _SHARED_BELIEF and probabilities[second] >= _SECOND_BELIEF:
        between = f"{names[0]} or {names[1]}"
        if quality is not None and quality.clipped_fraction > _MUCH_CLIPPED:
            why = f"{between}: {_clipped(quality)}"
            return Verdict("unknown", why, "clipped", between=pair)
        why = f"{between}: the photo does not decide it"
        return Verdict("unknown", why, "between_two", between=pair)
    unlike = f"unlike the lamps of training; {names[0]} is nearest, then {names[1]}"
    return Verdict("unknown", unlike, "unlike_known")


def _clipped(quality: Quality) -> str:
    return f"{quality.clipped_fraction:.0%} of the spectrum is clipped"


def threshold(limits: dict, min_precision: float | None = None) -> float:
    """Return the smallest certainty that may be named.

    For a wanted precision the curve decides: the lowest threshold from which on it was
    reached on held-out crops or photos. Nothing is named where it never was.
    """
    if min_precision is None:
        return limits["threshold"]
    # Few named crops make the curve's beginning ragged; a dip there is no reason to refuse all.
    reached = [
        point["threshold"] for point in limits["curve"] if point["precision"] >= min_precision
    ]
    return min(reached, default=np.inf)
