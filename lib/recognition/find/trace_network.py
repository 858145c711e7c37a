"""The network that reads a line through a photo, over LiteRT; trained by train_shipped.py trace."""

from dataclasses import dataclass

import numpy as np

from lib.litert import shipped_network


@dataclass(frozen=True)
class TraceReading:
    """What each place along a line shows.

    Attributes
    ----------
    cover : float32 array of shape (places,)
        Probability that a usable first order covers the place.
    forward : float32 array of shape (places,)
        If one does, the probability that blue lies towards the line's start.
    """

    cover: np.ndarray
    forward: np.ndarray


def read(light: np.ndarray) -> TraceReading:
    """Say what each place along a line shows.

    Parameters
    ----------
    light : float32 array of shape (places, channels)
        As of `lib.recognition.find.trace_view.TraceView`.
    """
    places = shipped_network("trace").run(np.ascontiguousarray(light))
    cover, forward = 1 / (1 + np.exp(-np.clip(places[:, :2].T, -30, 30)))
    return TraceReading(cover, forward)
