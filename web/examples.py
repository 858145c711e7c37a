"""The simulated photos that the page offers to try."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "static" / "web" / "examples"


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
        What `lib.simulation.photos.simulate_photo` simulates; "" for a photo without a spectrum.
    seed : int
        Of its random numbers.
    """

    file: str
    title: str
    lamp: str
    seed: int


EXAMPLES: tuple[Example, ...] = ()
