"""Simulated photos that a finder learns from: scenes without a spectrum, and what is hard."""

from collections.abc import Sequence

import numpy as np

from lib.simulation.photos.photos import SimulatedPhoto, simulate_photo, simulate_scene

# Part of the photos with a forced difficulty, beyond its natural rate.
HARD_SHARE = 0.4
# What a finder learns slowest.
HARD = (
    "small",
    "thin",
    "zero_order",
    "mirrored",
    "light_leak",
    "oblique",
    "cluttered",
    "dark",
    "monochrome",
    "pedestal",
    "scattered",
)

# Part of the photos that show a single line or a narrow band: rare among lamps, common in front of
# spectrometers, and behind a tall slit not at all like a spectrum. Lasers are held out from what
# names light, not from what finds it.
NARROW_SHARE = 0.1
NARROW = ("laser", "coloured_led")


def draw_photo(
    rng: np.random.Generator, scene_share: float, hard: Sequence[str] = HARD
) -> SimulatedPhoto:
    """Return a scene without a spectrum, or a photo, at times with a `hard` difficulty forced."""
    if rng.random() < scene_share:
        return simulate_scene(rng)
    forced = rng.random() < HARD_SHARE
    lamp = str(rng.choice(NARROW)) if rng.random() < NARROW_SHARE else None
    return simulate_photo(rng, lamp, **({str(rng.choice(hard)): True} if forced else {}))
