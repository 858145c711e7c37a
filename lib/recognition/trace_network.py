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
    way : float32 array of shape (places, 3)
        If one does, the probabilities that blue lies towards the line's start, towards its stop,
        and that nobody can tell.
    nm, error_nm : float32 arrays of shape (places,)
        If one does, the wavelength there, roughly, and its standard error.
    """

    cover: np.ndarray
    way: np.ndarray
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
    back = _read(light[::-1])[::-1][:, [0, 2, 1, 3, 4, 5]]
    mean = (forth + back) / 2
    # Where the two readings part, the wavelength is that much less sure.
    spread = np.hypot(np.exp(mean[:, 5]), (forth[:, 4] - back[:, 4]) / 2)
    return Reading(mean[:, 0], mean[:, 1:4], _NM_ORIGIN + _NM_UNIT * mean[:, 4], _NM_UNIT * spread)


def _read(light: np.ndarray) -> np.ndarray:
    places = shipped_network().run(np.ascontiguousarray(light))
    places[:, 0] = 1 / (1 + np.exp(-np.clip(places[:, 0], -30, 30)))
    way = np.exp(places[:, 1:4] - places[:, 1:4].max(axis=1, keepdims=True))
    places[:, 1:4] = way / way.sum(axis=1, keepdims=True)
    return places


@cache
def shipped_network() -> LiteNetwork:
    """Return the network in models/trace, loaded once a process."""
    return LiteNetwork(MODELS / "trace")
