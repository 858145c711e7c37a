"""The network that reads a line through a photo, over LiteRT; trained by train_trace.py."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from lib.paths import MODELS
from lib.recognition.lite_network import LiteNetwork

# Units of the network's wavelengths: see lib.training.trace_views.
_NM_ORIGIN, _NM_UNIT = 550.0, 100.0


@dataclass(frozen=True)
class Reading:
    """What each place along a line shows.

    Attributes
    ----------
    cover : float32 array of shape (places,)
        Probability that a usable first order covers the place.
    forward : float32 array of shape (places,)
        If one does, the probability that blue lies towards the line's start.
    nm, error_nm : float32 arrays of shape (places,)
        If one does, the wavelength there, roughly, and its standard error.
    """

    cover: np.ndarray
    forward: np.ndarray
    nm: np.ndarray
    error_nm: np.ndarray


def read(light: np.ndarray) -> Reading:
    """Say what each place along a line shows: the mean of both ways to read it.

    Parameters
    ----------
    light : float32 array of shape (places, channels)
        As of `lib.recognition.trace_view.TraceView`.
    """
    forth = _read(light)
    back = _read(light[::-1])[::-1]
    back[:, 1] = 1 - back[:, 1]
    cover, forward, nm, log_error = (forth + back).T / 2
    # Where the two readings part, the wavelength is that much less sure.
    spread = np.hypot(np.exp(log_error), (forth[:, 2] - back[:, 2]) / 2)
    return Reading(cover, forward, _NM_ORIGIN + _NM_UNIT * nm, _NM_UNIT * spread)


def _read(light: np.ndarray) -> np.ndarray:
    places = shipped_network().run(np.ascontiguousarray(light))
    places[:, :2] = 1 / (1 + np.exp(-np.clip(places[:, :2], -30, 30)))
    return places


@cache
def shipped_network() -> LiteNetwork:
    """Return the network in models/trace, loaded once a process."""
    return LiteNetwork(MODELS / "trace")
