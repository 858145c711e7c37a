"""The simulated photos that the page offers to try."""

from dataclasses import dataclass

from lib.paths import ROOT

FOLDER = ROOT / "web" / "static" / "web" / "examples"


@dataclass(frozen=True)
class Example:
    """One simulated photo.

    Attributes
    ----------
    file : str
        Its name under `FOLDER`.
    title : str
        What the page calls it.
    lamp : str
        What `lib.simulation.photos.photos.simulate_photo` simulates; "" without a spectrum.
    seed : int
        Of its random numbers.
    """

    file: str
    title: str
    lamp: str
    seed: int


# One of most classes, a lamp that is none of them, and a picture that shows no spectrum.
EXAMPLES = (
    Example("fluorescent.jpg", "Fluorescent lamp", "triphosphor", 5),
    Example("neon.jpg", "Neon lamp", "neon", 0),
    Example("helium.jpg", "Helium lamp", "helium", 0),
    Example("hydrogen.jpg", "Hydrogen lamp", "hydrogen", 7),
    Example("daylight.jpg", "Daylight", "daylight", 0),
    Example("led.jpg", "White LED", "white_led", 5),
    Example("sodium.jpg", "Sodium street lamp", "sodium_high", 0),
    Example("rainbow.jpg", "A rainbow", "", 10),
)
