"""What may stand in model.json, every part of it, and the faults of a card in words."""

from pathlib import Path
from typing import Annotated

from pydantic import (
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    ValidationError,
)

from lib.checked import Part, fault_in_words
from lib.errors import DataError

Share = Annotated[float, Field(ge=0, le=1)]
_Side = Annotated[int, Field(gt=0, le=1_000_000)]
Count = Annotated[int, Field(ge=0, le=10**12)]


class _Input(Part):
    shape: list[_Side]
    scaling: str


class _Output(Part):
    shape: list[_Side] = Field(min_length=1)


class _Point(Part):
    threshold: Share
    coverage: NonNegativeFloat
    precision: NonNegativeFloat


class UnknownScore(Part):
    """How surely a guess is right, and how sure it must be."""

    score: str
    slope: float
    offset: float
    threshold: Share
    curve: list[_Point] = Field(min_length=1)


class _File(Part):
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: Count


class _Test(Part):
    """The report of its own test, of which a model may carry none.

    A share of nothing is None, in cards of older versions NaN.
    """

    model_config = ConfigDict(allow_inf_nan=True)

    sha256: str | None = None
    n: Count = 0
    accuracy: float = 0.0
    accuracy_ci95: list[float] = Field([0.0, 1.0], min_length=2, max_length=2)
    weighted_precision: float = 0.0
    ece: float = 0.0
    coverage: float = 0.0
    selective_precision: float | None = None


class _Card(Part):
    version: str
    architecture: str
    classes: list[str]
    input: _Input
    outputs: dict[str, _Output]
    temperature: PositiveFloat
    unknown: UnknownScore
    files: dict[str, _File]
    parameters: Count | None = None
    test: _Test | None = None


def require_whole(path: Path, card: dict) -> None:
    """Check every part of a card.

    Raises
    ------
    DataError
        If a part is missing or of another kind; it names the file `path` and the part.
    """
    try:
        _Card.model_validate(card)
    except ValidationError as error:
        raise DataError(f"{path}: {fault_in_words(error)}") from error
