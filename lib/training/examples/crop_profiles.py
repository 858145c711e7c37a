"""What photos do to a band's profile beyond what the simulated crops show."""

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from lib.recognition.name.crop_light import profiles_of
from lib.simulation.draws import log_uniform

# Shares of profiles without colour, of few pixels, on an uneven background, and noisy.
_GREY_SHARE, _COARSE_SHARE, _HAZY_SHARE, _NOISY_SHARE = 0.1, 0.35, 0.15, 0.15
_FEWEST_PX = 40
# Display levels of the background's brightest place and of the noise.
_HAZE_LEVEL = (4.0, 90.0)
_NOISE_LEVEL = (1.0, 9.0)


def crop_profiles(rng: np.random.Generator, crops: np.ndarray) -> np.ndarray:
    """Return the profiles of crops as a finder might hand them over, float32 (n, columns, 3).

    Parameters
    ----------
    crops : uint8 array of shape (n, rows, columns, 3)
    """
    return as_in_photos(rng, profiles_of(crops))


def as_in_photos(rng: np.random.Generator, profiles: np.ndarray) -> np.ndarray:
    """Return profiles as a finder might hand them over.

    Parameters
    ----------
    profiles : float32 array of shape (n, columns, 3)
        0 to 255, of crops.
    """
    profiles = profiles.copy()
    n, columns, _ = profiles.shape
    for row in np.flatnonzero(rng.random(n) < _HAZY_SHARE):
        profiles[row] = _hazy(rng, profiles[row])
    for row in np.flatnonzero(rng.random(n) < _NOISY_SHARE):
        level = log_uniform(rng, *_NOISE_LEVEL)
        noise = rng.standard_normal((columns, 3)) * level
        grain = rng.choice([0.4, 1.0, 2.0])
        profiles[row] += gaussian_filter1d(noise, grain, axis=0) * np.sqrt(1 + 2 * grain)
    for row in np.flatnonzero(rng.random(n) < _GREY_SHARE):
        weights = rng.dirichlet(np.full(3, 2.0)).astype(np.float32)
        profiles[row] = (profiles[row] @ weights)[:, None]
    for row in np.flatnonzero(rng.random(n) < _COARSE_SHARE):
        width = int(log_uniform(rng, _FEWEST_PX, columns))
        coarse = cv2.resize(profiles[row][None], (width, 1), interpolation=cv2.INTER_AREA)
        profiles[row] = cv2.resize(coarse, (columns, 1), interpolation=cv2.INTER_LINEAR)[0]
    return np.clip(profiles, 0, 255)


def _hazy(rng: np.random.Generator, profile: np.ndarray) -> np.ndarray:
    """Add light that fades along a band: a leak, a lit room, an amplifier's glow."""
    knots = np.exp(rng.normal(0, 0.8, (1, rng.integers(2, 5)))).astype(np.float32)
    curve = cv2.resize(knots, (len(profile), 1), interpolation=cv2.INTER_LINEAR)[0]
    colour = np.exp(rng.normal(0, 0.4, 3))
    light = curve[:, None] / curve.max() * colour / colour.max() * log_uniform(rng, *_HAZE_LEVEL)
    # Light adds up before the camera's curve, not after it.
    return 255 * ((profile / 255) ** 2.2 + (light / 255) ** 2.2) ** (1 / 2.2)
