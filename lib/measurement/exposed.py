"""Photos of different exposure: compared by what they state, or refused with both figures."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lib.errors import DataError
from lib.images.exposure import Exposure
from lib.images.picture import Picture
from lib.recognition.identified import Remark

# Dark frames may be exposed longer or shorter by this part: shutters that a camera sets by itself
# differ as much, and what is left of a dark current is a tenth of little.
_DARK_ALIKE = 0.1


def times_of_first(frames: Sequence[Picture]) -> tuple[np.ndarray, tuple[Remark, ...]]:
    """Return how many times as bright as the first each frame is stored, and what is to be said."""
    own, name = frames[0].stated.exposure, frames[0].short_name
    times, unknown = np.ones(len(frames)), []
    for k, frame in enumerate(frames):
        factor = times_of(frame.stated.exposure, frame.short_name, own, name)
        times[k] = factor or 1.0
        unknown += [frame.short_name] if factor is None else []
    if unknown:
        text = f"exposure not stated of all frames: {unknown[0]} was not scaled to {name}"
        return times, (Remark("exposure_unknown", text),)
    if (times == 1).all():
        return times, ()
    other = frames[int(np.abs(np.log(times)).argmax())].stated.exposure
    text = f"frames of different exposure, {own} and {other}: scaled to the first"
    return times, (Remark("exposure_differs", text),)


def times_of(one: Exposure, name: str, other: Exposure, other_name: str) -> float | None:
    """Return how many times as bright one photo is stored as another; None where it is not known.

    Raises
    ------
    DataError
        If their gains cannot be compared; both photos and exposures are named.
    """
    try:
        return one.times(other)
    except DataError as error:
        raise DataError(
            f"{name}: {one}; {other_name}: {other}; {error}; expected one gain for both"
        ) from error


def dark_times(dark: Exposure, light: Exposure) -> float | None:
    """Return how many times as long or strongly dark frames are exposed as photos are.

    The aperture does not matter. None where only one of the two states what the other does.

    Raises
    ------
    DataError
        If gains differ in a unit that nobody knows.
    """
    return replace(dark, f_number=None).times(replace(light, f_number=None))


def may_be_dark(picture: Picture, exposures: tuple[Exposure, ...]) -> bool:
    """Return whether a picture may be a dark frame of photos of all these exposures."""
    try:
        factors = [dark_times(picture.stated.exposure, exposure) for exposure in exposures]
    except DataError:
        return False
    return all(abs(np.log(factor or 1.0)) < _DARK_ALIKE for factor in factors)
