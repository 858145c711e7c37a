"""Light sources: classes, raw folders, keywords, line lists. The only place that knows them.

People sort photos into raw folders (one per kind of lamp); training merges raw folders into the
classes. To add a class: one entry in `LAMP_CLASSES` and one in `RAW_SOURCES` here, one lamp in
`lib/simulation/lamps/catalogue.py`, its line table in `lib/data/`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lib.errors import DataError


@dataclass(frozen=True)
class LampClass:
    """One class.

    Attributes
    ----------
    name : str
    title, text : str
        What people call it, and a few words about it.
    line_lists : tuple of str
        The lists of `lib/data/` that its lamps may show, each perhaps several joined by "+".
    share : float
        Of the photos that people take, between equal shares and those of nnSIC's images.
    has_lines : bool
        Whether all its lamps show emission lines.
    """

    name: str
    title: str
    text: str
    line_lists: tuple[str, ...]
    share: float
    has_lines: bool = True


# In order of class id.
LAMP_CLASSES = (
    LampClass("led", "LED", "A light-emitting diode", (), 0.23, has_lines=False),
    LampClass(
        "cfl_hg",
        "Fluorescent or mercury lamp",
        "Mercury lines, with or without phosphors",
        ("cfl", "mercury", "mercury+argon"),
        0.25,
    ),
    LampClass(
        "continuum",
        "Continuous light",
        "Sun, sky, star, incandescent or halogen lamp",
        ("fraunhofer",),
        0.18,
        has_lines=False,
    ),
    LampClass("neon", "Neon lamp", "Many lines from yellow to red", ("neon",), 0.08),
    LampClass("helium", "Helium lamp", "Few lines from violet to red", ("helium",), 0.06),
    LampClass("hydrogen", "Hydrogen lamp", "The Balmer lines", ("hydrogen",), 0.07),
    LampClass("nitrogen", "Nitrogen lamp", "Molecular bands", ("nitrogen",), 0.06),
)
CLASSES = tuple(one.name for one in LAMP_CLASSES)
# Classes whose lamps all show lines: of a continuum's few absorption lines, most photos show none.
LINE_CLASSES = tuple(one.name for one in LAMP_CLASSES if one.has_lines)
UNKNOWN = "unknown"
# Of a calibration light. Trying one line list costs some milliseconds, each further one more.
MAX_LAMPS = 6


@dataclass(frozen=True)
class RawSource:
    """One folder of labelled photos.

    Attributes
    ----------
    raw_id : int
        Name of its folder under RawData/Image_Labeled.
    keywords : tuple of str
        Lower-case whole words that name the source in a title or a keyword list.
    class_name : str or None
        The class it trains, or None where it takes no part and stands for an unknown.
    line_list : str or None
        Where its lamps show one list of `lib/data/` and no other of their class.
    """

    raw_id: int
    keywords: tuple[str, ...]
    class_name: str | None
    line_list: str | None = None


# Salts that colour a flame.
_FLAMES = ("lithium", "potassium", "strontium", "calcium", "barium", "copper", "gas")

RAW_SOURCES = (
    RawSource(0, ("led",), "led"),
    RawSource(1, ("cfl", "ccfl", "fluorescent", "fluorescence"), "cfl_hg", "cfl"),
    RawSource(2, ("sun", "sky", "solar", "star", "stellar"), "continuum", "fraunhofer"),
    RawSource(3, ("incandescent", "tungsten", "halogen", "quartz"), "continuum"),
    RawSource(4, ("mercury", "hg"), "cfl_hg", "mercury"),
    RawSource(5, ("neon", "ne"), "neon"),
    RawSource(6, ("helium", "he"), "helium"),
    RawSource(7, ("hydrogen", "h"), "hydrogen"),
    RawSource(8, ("nitrogen",), "nitrogen"),
    RawSource(9, ("laser",), None),
    RawSource(10, ("argon", "ar"), None, "argon"),
)


@dataclass(frozen=True)
class LampName:
    """A lamp that may be named, also one of no class.

    Attributes
    ----------
    name, title : str
        For programs and for people.
    kinds : tuple of str
        The simulator's lamps (`lib.simulation.lamps.catalogue`) that it stands for.
    line_list : str or None
        The lists of `lib/data/` that give it a wavelength axis, joined by "+".
    """

    name: str
    title: str
    kinds: tuple[str, ...]
    line_list: str | None = None


LAMP_NAMES = (
    LampName("mercury", "Mercury lamp", ("mercury",), "mercury"),
    LampName("fluorescent", "Fluorescent lamp", ("triphosphor", "halophosphate"), "cfl"),
    LampName("neon", "Neon lamp", ("neon",), "neon"),
    LampName("helium", "Helium lamp", ("helium",), "helium"),
    LampName("hydrogen", "Hydrogen lamp", ("hydrogen",), "hydrogen"),
    LampName("nitrogen", "Nitrogen lamp", ("nitrogen",), "nitrogen"),
    LampName("argon", "Argon lamp", ("argon",), "argon"),
    LampName("argon+neon", "Argon lamp with neon", ("argon_neon",), "argon+neon"),
    LampName("krypton", "Krypton lamp", ("krypton",), "krypton"),
    LampName("xenon", "Xenon lamp", ("xenon", "xenon_arc"), "xenon"),
    LampName("oxygen", "Oxygen tube", ("oxygen",), "oxygen"),
    LampName("carbon_dioxide", "Carbon dioxide tube", ("carbon_dioxide",), "carbon_dioxide"),
    LampName("sodium", "Sodium lamp", ("sodium_low", "sodium_high"), "sodium"),
    LampName("metal_halide", "Metal halide lamp", ("metal_halide",), "metal_halide"),
    LampName("cadmium", "Cadmium lamp", ("cadmium",), "cadmium"),
    LampName("zinc", "Zinc lamp", ("zinc",), "zinc"),
    LampName("thallium", "Thallium lamp", ("thallium",), "thallium"),
    LampName("laser", "Laser", ("laser", "laser_lines")),
    LampName("flame", "Coloured flame", tuple(f"flame_{salt}" for salt in _FLAMES)),
)

_SOURCE_BY_KEYWORD = {word: source for source in RAW_SOURCES for word in source.keywords}
# A class by its own title, where a lamp has the same name.
_TITLES = {one.name: one.title.removesuffix(" lamp") for one in (*LAMP_NAMES, *LAMP_CLASSES)}
_SOURCE_BY_RAW_ID = {source.raw_id: source for source in RAW_SOURCES}


def lamps_named(text: str) -> tuple[str, ...]:
    """Return the names that a user joined by "+", in lower case, each once.

    Raises
    ------
    DataError
        If there are more than `MAX_LAMPS`.
    """
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split("+")))
    if len(names) > MAX_LAMPS:
        raise DataError(f"{len(names)} lamps joined by +; expected at most {MAX_LAMPS}")
    return names


def in_words(name: str) -> str:
    """Return a class's title as it stands in a sentence: "neon lamp", "LED"."""
    title = LAMP_CLASSES[CLASSES.index(name)].title
    return title if title[:2].isupper() else title[0].lower() + title[1:]


def in_short(source: str) -> str:
    """Return what people call a source, as short as a table wants it.

    Parameters
    ----------
    source : str
        A class, a lamp's name, a line list, or several joined by "+": "cfl_hg" gives "Fluorescent
        or mercury", "mercury+argon" "Mercury + argon".
    """
    first, *others = (_TITLES.get(name, name.replace("_", " ")) for name in source.split("+"))
    others = [one if one[:2].isupper() else one[:1].lower() + one[1:] for one in others]
    return " + ".join([first[:1].upper() + first[1:], *others])


def class_id(name: str) -> int:
    """Return the class id of a class name; ValueError for any other name."""
    return CLASSES.index(name)


def class_of_raw_id(raw_id: int) -> str | None:
    """Return the class that a raw folder trains, None for an unknown; KeyError if no folder."""
    return _SOURCE_BY_RAW_ID[raw_id].class_name


def sources_of_words(words: Iterable[str]) -> tuple[RawSource, ...]:
    """Return the raw sources that any of `words` names, by whole word, in order of raw id.

    Each entry of `words` may itself hold several words ("neon lamp 2").
    """
    found = {
        _SOURCE_BY_KEYWORD[word]
        for text in words
        for word in re.findall(r"[a-z]+", text.lower())
        if word in _SOURCE_BY_KEYWORD
    }
    return tuple(sorted(found, key=lambda source: source.raw_id))


def class_of_name(name: str) -> str:
    """Return the class that a folder or file name stands for, or `UNKNOWN`.

    A class name ("cfl_hg", "neon_21411.png") or a keyword ("mercury-lamp 3.jpg") at its beginning
    decides.
    """
    name = name.lower()
    for class_name in CLASSES:
        if re.match(rf"{class_name}(?![a-z])", name):
            return class_name
    first = re.match(r"[a-z]+", name)
    source = _SOURCE_BY_KEYWORD.get(first.group()) if first else None
    return (source.class_name if source else None) or UNKNOWN


def class_of_folder(name: str) -> str:
    """Return the class of a folder named by raw id, class or keyword, or `UNKNOWN`.

    KeyError for a number that is no raw id.
    """
    return (class_of_raw_id(int(name)) or UNKNOWN) if name.isdecimal() else class_of_name(name)


def is_folder_name(name: str) -> bool:
    """Return whether a folder is named by raw id, or begins with a class or a keyword."""
    if name.isdecimal():
        return int(name) in _SOURCE_BY_RAW_ID
    name = name.lower()
    word = re.match(r"[a-z]+", name)
    first = word.group() if word else None
    return class_of_name(name) != UNKNOWN or first == UNKNOWN or first in _SOURCE_BY_KEYWORD


def folder_names() -> str:
    """Return the names that folders of photos may have, for people."""
    numbered = (f"{source.raw_id} {source.keywords[0]}" for source in RAW_SOURCES)
    return f"{', '.join(numbered)}; by number, or by such a name"
