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


def draw_photo(
    rng: np.random.Generator, scene_share: float, hard: Sequence[str] = HARD
) -> SimulatedPhoto:
    """Return a scene without a spectrum, or a photo, at times with a `hard` difficulty forced."""
    if rng.random() < scene_share:
        return simulate_scene(rng)
    forced = rng.random() < HARD_SHARE
    return simulate_photo(rng, **({str(rng.choice(hard)): True} if forced else {}))
