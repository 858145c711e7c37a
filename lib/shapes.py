"""The shapes of our JSON: the base of its models, their one-line errors, tables made of them.

A field's name, type, bounds and meaning stand in its model and nowhere else: the checks, the API's
schema and the tables of README and docs are made of it.
"""

from collections.abc import Iterator
from typing import Annotated, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

# An input that a message quotes is no longer than this.
_QUOTED_LETTERS = 40

# What neither PostgreSQL nor a terminal takes.
_NO_ZERO_BYTE = r"^[^\x00]*$"

NotNegative = Annotated[float, Field(ge=0.0)]


class Shape(BaseModel):
    """A JSON object: exact types, no NaN, no Infinity; a field's docstring is its meaning."""

    model_config = ConfigDict(
        strict=True,
        allow_inf_nan=False,
        from_attributes=True,
        use_attribute_docstrings=True,
        protected_namespaces=(),
    )


def text(max_length: int | None = None) -> object:
    """Return the type of a text; of a file's name, bytes that are no UTF-8 become escapes."""
    return Annotated[
        str, Field(max_length=max_length, pattern=_NO_ZERO_BYTE), BeforeValidator(_readable)
    ]


def _readable(value: object) -> object:
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


def rounded(digits: int) -> AfterValidator:
    """Return what rounds a number to so many digits after the point."""
    return AfterValidator(lambda value: round(value, digits))


def first_problem(error: ValidationError) -> str:
    """Return the first thing that is wrong, on one line: "axis.scale_px: expected ..."."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(step) for step in first["loc"])
    words = first["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    words = words.replace("Field required", "missing")
    if first["type"] not in ("missing", "value_error", "json_invalid"):
        quoted = ascii(first["input"])
        words += f", received {quoted[:_QUOTED_LETTERS]}{'…' * (len(quoted) > _QUOTED_LETTERS)}"
    return f"{place}: {words}" if place else words


def meanings(model: type[Shape]) -> Iterator[tuple[str, str]]:
    """Yield each field's name and meaning, with the fields of the parts that it holds.

    The meaning of `wavelength` goes on "; `rms_nm` (...), ...", as the tables of README have it.
    """
    for name, field in model.model_fields.items():
        text = " ".join((field.description or "").split())
        parts = [
            f"`{inner}` ({meaning})" if meaning else f"`{inner}`"
            for part in parts_of(field.annotation)
            for inner, meaning in meanings(part)
        ]
        yield name, ": ".join(filter(None, (text, ", ".join(parts))))


def parts_of(annotation: object) -> list[type[Shape]]:
    """Return the models that a field's type holds."""
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return [annotation]
    return [part for inner in get_args(annotation) for part in parts_of(inner)]
