"""Which line lists a lamp's name stands for."""

from itertools import product

from lib import taxonomy
from lib.errors import DataError
from lib.guesses import did_you_mean
from lib.lines import available_line_lists
from lib.recognition.axis.axis import NoAxis

_LISTS_OF_CLASS = {one.name: one.line_lists for one in taxonomy.LAMP_CLASSES}
_TITLES = {one.name: one.title for one in taxonomy.LAMP_CLASSES}


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
        If it is no lamp that is known, or more of them than `lib.taxonomy.MAX_LAMPS`.
    """
    lists = [_lists_of_one(name) for name in taxonomy.lamps_named(lamp)]
    # Two names may share a list: "hg" and "cfl_hg".
    joined = (dict.fromkeys("+".join(each).split("+")) for each in product(*lists))
    return tuple(dict.fromkeys("+".join(each) for each in joined))


def _lists_of_one(name: str) -> tuple[str, ...]:
    if name in available_line_lists():
        return (name,)
    if name in _LISTS_OF_CLASS:
        if not _LISTS_OF_CLASS[name]:
            raise NoAxis(f"{_TITLES[name]} has no lines of known wavelength", code="no_lines")
        return _LISTS_OF_CLASS[name]
    for source in taxonomy.sources_of_words([name]) if name.isalpha() else ():
        if source.line_list is not None:
            return (source.line_list,)
        if source.class_name is not None:
            return _lists_of_one(source.class_name)
    expected = f"; expected one of {', '.join(known_lamps())}, or several joined by +"
    meant = did_you_mean(name, [*known_lamps(), *common_names()])
    raise DataError(f"lamp {name!r}: not known{meant or expected}")


def common_names() -> dict[str, str]:
    """Return other names of lamps, each with what it stands for: "hg" with "mercury"."""
    known = known_lamps()
    return {
        word: source.line_list or source.class_name
        for source in taxonomy.RAW_SOURCES
        for word in source.keywords
        if word not in known and (source.line_list or source.class_name)
    }


def known_lamps() -> list[str]:
    """Return the names of classes and line lists, sorted."""
    return sorted({*taxonomy.CLASSES, *available_line_lists()})
