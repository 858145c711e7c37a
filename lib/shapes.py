"""What answers are made of: plain dataclasses that are read from what was found, and leave as JSON.

A field's name, type, digits and meaning stand in its class and nowhere else. The API's schema and
the tables in README and docs come from there, by pydantic; answers themselves do without, as making
its models takes longer than many an answer.
"""

import math
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self

import numpy as np


def digits(count: int) -> Any:
    """Return a field of an answer whose numbers keep `count` digits after the point."""
    return field(metadata={"digits": count})


@dataclass(frozen=True)
class Answer:
    """The base of answers; the text under a field says what it means."""

    __pydantic_config__: ClassVar = {"use_attribute_docstrings": True}

    @classmethod
    def of(cls, source: object, /, **given: object) -> Self:
        """Return the answer whose fields are the attributes of `source`, but for those `given`."""
        return cls(
            **{
                one.name: _plain(
                    given[one.name] if one.name in given else getattr(source, one.name),
                    one.metadata.get("digits"),
                )
                for one in fields(cls)
            }
        )

    def to_json(self) -> dict:
        """Return the answer as dictionaries, lists, texts and numbers."""
        return {name: _json(value) for name, value in vars(self).items()}


def _plain(value: object, count: int | None) -> object:
    """Return a value with its numbers rounded, arrays as lists, what is not known as None."""
    match value:
        case np.ndarray() if value.dtype.kind == "f":
            wide = value.astype(np.float64)
            wide = wide if count is None else wide.round(count)
            return np.where(np.isfinite(wide), wide, None).tolist()
        case np.ndarray():
            return value.tolist()
        case np.generic():
            return _plain(value.item(), count)
        case float() if not math.isfinite(value):
            return None
        case float() if count is not None:
            return round(value, count)
        case tuple() | list():
            return type(value)(_plain(one, count) for one in value)
        case dict():
            return {name: _plain(one, count) for name, one in value.items()}
        case _:
            return value


def _json(value: object) -> object:
    match value:
        case Answer():
            return value.to_json()
        case tuple() | list():
            return [_json(one) for one in value]
        case _:
            return value
