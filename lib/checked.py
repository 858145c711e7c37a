"""What checks files in JSON: the base of their pydantic models, and their faults in words."""

from pydantic import BaseModel, ConfigDict, ValidationError

# Of a wrong value that a message quotes.
_SHOWN_LETTERS = 60
# Faults whose words say what was received.
_SAID = ("missing", "value_error", "json_invalid")


class Part(BaseModel):
    """A part of a file: exact types, finite numbers; what it does not name is not looked at."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


def fault_in_words(error: ValidationError) -> str:
    """Return the first fault of a file that pydantic has found, as one line.

    "unknown.slope: input should be a valid number; received 'steep' (and 2 more)".
    """
    first, *others = error.errors(include_url=False)
    if isinstance(inner := first.get("ctx", {}).get("error"), ValidationError):
        return fault_in_words(inner)
    words = "missing" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
    words = words[:1].lower() + words[1:]
    if first["type"] not in _SAID:
        received = ascii(first["input"])
        cut = "..." if len(received) > _SHOWN_LETTERS else ""
        words += f"; received {received[:_SHOWN_LETTERS]}{cut}"
    place = ".".join(map(str, first["loc"]))
    more = f" (and {len(others)} more)" if others else ""
    return (f"{place}: " if place else "") + words + more
