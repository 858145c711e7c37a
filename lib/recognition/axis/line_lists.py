"""Which line lists a lamp's name stands for."""

from lib import taxonomy
from lib.errors import DataError
from lib.lines import available_line_lists
from lib.recognition.axis.axis import NoAxis

# The line lists that a class can stand for, each tried.
_LISTS_OF_CLASS = {
    "cfl_hg": ("cfl", "mercury", "mercury+argon"),
    "continuum": ("fraunhofer",),
    "neon": ("neon",),
    "helium": ("helium",),
    "hydrogen": ("hydrogen",),
    "nitrogen": ("nitrogen",),
}
# Classes whose lamps all show lines: of a continuum's few absorption lines, most photos show none.
LINE_LAMPS = tuple(name for name in _LISTS_OF_CLASS if name != "continuum")
# Common names of raw folders whose lamps have a list of their own.
_LIST_OF_RAW_ID = {1: "cfl", 2: "fraunhofer", 4: "mercury", 10: "argon"}
_NO_LINES = {"led": "an LED has no lines of known wavelength"}


def line_lists_of(lamp: str) -> tuple[str, ...]:
    """Return the line lists that a lamp may show, each perhaps several joined by "+".

    Parameters
    ----------
    lamp : str
        A class, a line list, a common name ("Hg", "sun"), or several joined by "+".

    Raises
    ------
    NoAxis
        If it has no lines.
    DataError
        If it is no lamp that is known.
    """
    parts = [_lists_of_one(name.strip().lower()) for name in lamp.split("+")]
    combined = ("",)
    for lists in parts:
        combined = tuple(f"{one}+{other}" if one else other for one in combined for other in lists)
    return combined


def _lists_of_one(name: str) -> tuple[str, ...]:
    if name in _NO_LINES:
        raise NoAxis(_NO_LINES[name], code="no_lines")
    if name in available_line_lists():
        return (name,)
    if name in _LISTS_OF_CLASS:
        return _LISTS_OF_CLASS[name]
    for source in taxonomy.sources_of_words([name]) if name.isalpha() else ():
        if source.raw_id in _LIST_OF_RAW_ID:
            return (_LIST_OF_RAW_ID[source.raw_id],)
        if source.class_name is not None:
            return _lists_of_one(source.class_name)
    raise DataError(f"lamp {name!r}: expected one of {', '.join(known_lamps())}; or several, a+b")


def known_lamps() -> list[str]:
    """Return the names of classes and line lists, sorted."""
    return sorted({*taxonomy.CLASSES, *available_line_lists()})
