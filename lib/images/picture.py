"""One picture of a file: its pixels, and what its file states of them."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from lib.images.depth import sensor_full_scale
from lib.images.stated import Stated
from lib.images.tone import LINEAR, SRGB, Tone

# Whose word a tone curve is.
BY_FILE, TOLD, ASSUMED = "file", "told", "assumed"


@dataclass(frozen=True)
class Picture:
    """An upright picture.

    Attributes
    ----------
    pixels : uint8 or uint16 array of shape (height, width, 3)
        RGB.
    stated : Stated
        By its file.
    name : str
        What to call it.
    passed_over : str
        In words, that its file holds more frames than were read and nobody named any; "" if not.
    told : Tone or None
        The curve that a person told, in place of the file's.
    """

    pixels: np.ndarray
    stated: Stated = field(default_factory=Stated)
    name: str = ""
    passed_over: str = ""
    told: Tone | None = None

    @property
    def tone(self) -> Tone:
        """Return its tone curve: told, stated, or assumed: linear of 16 bits, sRGB of 8."""
        usual = LINEAR if self.pixels.dtype == np.uint16 else SRGB
        return self.told or self.stated.tone or usual

    @property
    def tone_from(self) -> str:
        """Return whose word that is: `TOLD`, `BY_FILE` or `ASSUMED`."""
        return TOLD if self.told else BY_FILE if self.stated.tone else ASSUMED

    @property
    def short_name(self) -> str:
        """Return its name without its folder."""
        return Path(self.name).name

    @property
    def head(self) -> "Picture":
        """Return what is known of it without its pixels."""
        return replace(self, pixels=np.empty((0, 0, 3), self.pixels.dtype))

    @cached_property
    def full_scale(self) -> int:
        """Return what the sensor's brightest samples are stored as: stated, or told by these."""
        return self.stated.full_scale or sensor_full_scale(self.pixels)

    def linear(self, samples: np.ndarray) -> np.ndarray:
        """Return linear light, float32, full scale 1 of the format, of some of its samples.

        Raises
        ------
        DataError
            If its tone curve is not undone here.
        """
        full = np.float32(np.iinfo(samples.dtype).max)
        return self.tone.undone(samples.astype(np.float32) / full, self.name)
