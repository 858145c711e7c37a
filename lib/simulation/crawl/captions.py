"""What people write beside their photos: titles, keywords, authors, descriptions, dates."""

from datetime import datetime, timedelta

import numpy as np

from lib.taxonomy import RAW_SOURCES, class_of_raw_id

# The crawler keeps a photo whose title, split at spaces and underscores, holds one of its words,
# and lists those as keywords. The words of its filter that occur in the titles below.
_CRAWLER_FILTER = """
cfl ccfl fluorescent fluorescence incandescent halogen quartz discharge led sun sky solar gas
light star stellar lamp tube bulb laser hid bunsen calibrate calibrated calibration blank
reference flat absorption absorbed reflection standard filter osram philips panasonic ikea
alcohol glucose acetone ethanol salt water oil glass candle wine solution tea coffee
h hydrogen he helium ne neon xe xenon ar argon na sodium hg mercury copper zinc cadmium
tungsten nitrogen oxygen
"""
_CRAWLER_WORDS = frozenset(_CRAWLER_FILTER.split())

# By raw id. No phrase names another raw source: the faults do that on purpose.
PHRASES = {
    0: (
        "white LED",
        "led flashlight",
        "blue led 5mm",
        "Red_LED",
        "LED bulb warm white ikea",
        "led strip",
        "Philips LED bulb 9W",
        "cool white led",
        "LED desk lamp",
        "RGB led light",
        "uv led",
    ),
    1: (
        "CFL",
        "cfl calibration",
        "CFL lamp kitchen",
        "compact fluorescent bulb",
        "fluorescent tube office",
        "cfl_philips_11w",
        "CFL 2700K",
        "ccfl backlight tube",
        "fluorescent lamp ceiling",
        "Calibration cfl",
        "CFL, warm white lamp",
        "fluorescence of a tube",
    ),
    2: (
        "sun",
        "sky light",
        "Solar spectrum",
        "blue sky noon",
        "sun through window",
        "solar_reference",
        "cloudy sky",
        "Sky calibrated",
        "star vega",
        "sun light on paper",
        "evening sun",
    ),
    3: (
        "incandescent bulb",
        "Halogen lamp 50W",
        "tungsten light",
        "halogen",
        "60w_incandescent",
        "quartz lamp reference",
        "old incandescent bulb dimmed",
        "Halogen desk lamp blank",
    ),
    4: (
        "mercury lamp",
        "Hg tube",
        "mercury vapor street light",
        "hg calibration",
        "Mercury discharge tube",
        "uv mercury lamp",
    ),
    5: ("neon lamp", "Neon sign", "Ne tube", "neon bulb", "neon discharge", "neon_glow_lamp"),
    6: ("helium tube", "Helium lamp", "He discharge tube", "helium gas", "he spectrum tube"),
    7: (
        "hydrogen tube",
        "Hydrogen discharge",
        "hydrogen lamp balmer",
        "H spectrum tube",
        "hydrogen_gas",
    ),
    8: ("nitrogen tube", "Nitrogen gas", "nitrogen discharge lamp", "nitrogen_spectrum_tube"),
    9: ("green laser pointer", "red laser", "Laser 532nm", "laser_650", "violet laser 405"),
    10: ("argon tube", "Argon lamp", "ar discharge", "argon_gas"),
}
# Titles that the crawler keeps and that name none of the raw sources.
NAMELESS = (
    "kitchen lamp",
    "light bulb 3",
    "candle",
    "calibration",
    "coffee absorption",
    "Street light",
    "my first light",
    "desk_lamp",
    "green tea solution",
    "reference lamp",
    "ikea bulb",
    "olive oil",
    "blank",
    "red wine",
    "tube in the hallway",
    "bunsen with salt",
    "projector lamp",
    "flat",
    "standard light source",
)
# Lamps without a raw source that people do name.
NAMED_KINDS = {
    "sodium_low": ("sodium street lamp", "Sodium lamp", "na lamp", "low pressure sodium"),
    "sodium_high": ("high pressure sodium lamp", "sodium street light", "HPS bulb"),
    "xenon": ("xenon lamp", "xe flash tube", "Xenon hid"),
    "krypton": ("krypton gas tube", "krypton lamp"),
    "metal_halide": ("metal halide lamp", "hid bulb"),
    "oxygen": ("oxygen tube", "oxygen gas discharge"),
    "dye_solution": ("tea absorption", "wine in glass", "solution absorbed light"),
}
EXTRAS = (
    "",
    "",
    "",
    "",
    "",
    " 2",
    " 3",
    "_1",
    " take 2",
    " 2nd try",
    " new slit",
    " dvd",
    " webcam",
)
_FIRST = ("photon", "kit", "maria", "stoft", "lab", "bio", "jdoe", "prof", "astro", "optics", "diy")
_LAST = ("", "_22", "hunter", "warren", "1987", "x", "teach", "spectro", "-school", "pdx")
_DESCRIPTIONS = (
    "first try with the paper spectrometer",
    "desktop spectrometer kit, DVD grating",
    "Webcam without IR filter.",
    "taken through the slit, auto exposure",
    "calibrated later",
    "lamp is 20 cm from the slit,\nroom dark",
)


_KEYWORDS = {source.raw_id: source.keywords for source in RAW_SOURCES}


def draw_title(rng: np.random.Generator, raw_ids: tuple[int, ...], kind: str = "") -> str:
    """Draw a title that names the given raw sources, or none of them.

    Parameters
    ----------
    raw_ids : tuple of int
        One as a rule, two for a title that matches two classes, none for one that matches none.
    kind : str
        Kind of a lamp without a raw source, for a title that names it.
    """
    if len(raw_ids) == 2:
        words = [str(rng.choice(_KEYWORDS[raw_id])) for raw_id in raw_ids]
        joint = rng.choice([" and ", " vs ", " + ", "_", " or "])
        return joint.join(words) + str(rng.choice([" lamp", "", " light", " compared"]))
    phrases = _phrases(raw_ids[0]) if raw_ids else NAMED_KINDS.get(kind, NAMELESS)
    title = str(rng.choice(phrases)) + str(rng.choice(EXTRAS))
    return title.upper() if rng.random() < 0.04 else title


def _phrases(raw_id: int) -> tuple[str, ...]:
    """Return titles of a raw source: its own, or plain ones of its keywords."""
    plain = (f"{word}{what}" for word in _KEYWORDS[raw_id] for what in (" lamp", " spectrum", ""))
    return PHRASES.get(raw_id) or tuple(plain)


def keywords_of(title: str) -> list[str]:
    """Return the words of the crawler's filter in a title, found as the crawler finds them."""
    words = title.lower().replace(" ", "_").split("_")
    return [word for word in dict.fromkeys(words) if word in _CRAWLER_WORDS]


def draw_author(rng: np.random.Generator) -> str:
    """Draw a user name."""
    return str(rng.choice(_FIRST)) + str(rng.choice(_LAST))


def draw_description(rng: np.random.Generator) -> str:
    """Draw a description; most people write none, which the crawler records as None."""
    return "None" if rng.random() < 0.8 else str(rng.choice(_DESCRIPTIONS))


def upload_date(rng: np.random.Generator, photo_id: int) -> str:
    """Return when a photo was uploaded: numbers were given out in order of time."""
    start = datetime(2011, 3, 1)
    passed = timedelta(hours=0.45 * photo_id, minutes=int(rng.integers(30)))
    return f"{start + passed:%Y-%m-%d %H:%M:00}"


def raw_ids_of_other_classes(raw_id: int | None) -> tuple[int, ...]:
    """Return the raw sources that train another class than `raw_id` does."""
    own = None if raw_id is None else class_of_raw_id(raw_id)
    return tuple(
        source.raw_id
        for source in RAW_SOURCES
        if source.class_name is not None and source.class_name != own
    )
