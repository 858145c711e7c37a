"""What each kind of evidence for an axis is worth: fitted by train_axis.py, kept in models/axis."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lib.errors import DataError
from lib.files import read_json
from lib.paths import MODELS

CARD_NAME = "axis.json"


@dataclass(frozen=True)
class AxisWeights:
    """Weights of the verdict on an axis.

    Attributes
    ----------
    evidence : dict of str to float
        Of each kind of evidence in `lib.recognition.matching.PARTS`, per nat.
    chance : dict of str to float
        What chance patterns reach in each situation of `lib.recognition.wavelength`, nats; their
        sum is the evidence that none of the answers is right.
    least_probability : float
        What an axis must have.
    error_scale, error_floor_nm : float
        True errors over the stated ones of the fit, and what is added in quadrature.
    """

    evidence: dict[str, float]
    chance: dict[str, float]
    least_probability: float
    error_scale: float
    error_floor_nm: float


def read_weights(path: Path) -> AxisWeights:
    """Read axis.json.

    Raises
    ------
    DataError
        If it is missing or lacks an entry.
    """
    card = read_json(path)
    names = AxisWeights.__dataclass_fields__
    missing = [name for name in names if name not in card]
    if missing:
        raise DataError(f"{path}: expected {', '.join(missing)}; not there")
    return AxisWeights(**{name: card[name] for name in names})


@cache
def shipped_weights() -> AxisWeights:
    """Return the weights in models/axis, read once a process."""
    return read_weights(MODELS / "axis" / CARD_NAME)
