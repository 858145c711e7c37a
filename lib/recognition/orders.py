"""The first order among all that lies along a line of a photo: where hue follows place.

Beside a spectrum there may lie the zero order, the first order of the other side (mirrored), and
fainter second orders. Only within one order does the colour run from violet to red in proportion
to place, so the stretch whose colours best follow such a ramp is the order to use, and the way the
ramp runs is its direction. Position in the photo plays no part.
"""

from dataclasses import dataclass, replace

import numpy as np

from lib.recognition.orientation import wavelength_like
from lib.recognition.straighten import Geometry, sample

# The line is looked at this far beyond either end of the band, in lengths of the band.
_LOOK_BEYOND = 0.6
# Rows over this part of the half height are averaged; the rims are half dark.
_CLEAN_PART = 0.7
_ROWS = 9
# Colours are compared on about this many places: finer than any step of hue, and fast.
_PLACES = 160
# What a camera shows as violet and as red ends about here; beyond, hue no longer changes.
_VIOLET_NM, _RED_NM = 405.0, 680.0
# Hue tells a wavelength to some 20 nm, and dispersion is not quite even.
_TOLERANCE_NM = 45.0
# A colour that does not fit counts against the ramp at most twice as much as one that fits.
_WORST = 3.0
# White light in the stretch is the zero order or a lamp, not a first order.
_WHITE_WEIGHT = 0.7
# Of two stretches that take in the same light the shorter one: weakly, as dark gaps are normal.
_SHORTER_POWER = 0.15
_SHORTEST_PART, _LONGEST_PART = 0.05, 1.3
_LENGTHS = 20
_STARTS_A_LENGTH = 12
# Both first orders and the zero order between them hold each other apart by less than this; a
# shorter stretch is the coloured fringe of one line.
_LEAST_OF_BAND = 0.12
# Part of the ramp that may lie outside what is seen: bands run out of the frame.
_OUTSIDE_PART = 0.4
# From this agreement (1: every colour on the ramp) the ramp decides. Whole orders reach 0.8 on
# photos and simulations alike; single lines, glows and clutter stay below 0.45.
AGREEMENT = 0.6
# The light may go on a little beyond the ramp: deep red and violet keep one hue.
_MARGIN = 0.1
_LIT_OVER_NOISE, _LIT_OVER_PEAK = 4.0, 0.05


@dataclass(frozen=True)
class Order:
    """A first order on the centre line of a band.

    Attributes
    ----------
    geometry : Geometry
        The band's, with the order's own ends where the colours tell them.
    towards_red : int
        1 where red lies at the greater coordinate, -1 at the lesser, 0 where no ramp decides.
    agreement : float
        How well hue follows place, at most 1; 0 without colour.
    """

    geometry: Geometry
    towards_red: int
    agreement: float


def first_order(image: np.ndarray, geometry: Geometry) -> Order:
    """Find the first order along a band that may hold more, or less, than one.

    Parameters
    ----------
    image : uint8 array of shape (h, w, 3)
    geometry : Geometry
        Of the band as found: its ends are rough, its centre line holds beyond them.
    """
    along, light, noise = _line(image, geometry, _LOOK_BEYOND)
    start, stop, sign, agreement = _best_ramp(light, noise)
    if 0 < agreement < AGREEMENT:
        return Order(geometry, 0, agreement)
    margin = _MARGIN * (stop - start)
    low, high = max(0, int(start - margin)), min(len(along), int(stop + margin))
    if agreement == 0:
        # Without colour, all light at the height of the slit belongs to the band.
        along, light, noise = _line(image, geometry, np.inf)
        low, high = 0, len(along)
    first, last = _lit(light.max(axis=1), noise, low, high)
    ends = replace(geometry, start=float(along[first]), stop=float(along[last]))
    if ends.stop - ends.start < _LEAST_OF_BAND * (geometry.stop - geometry.start):
        return Order(geometry, 0, agreement)
    return Order(ends, sign, agreement)


def _line(
    image: np.ndarray, geometry: Geometry, look_beyond: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Photo coordinates (n,) along the centre line, light above the background (n, 3), noise."""
    length = image.shape[1] if geometry.axis == "horizontal" else image.shape[0]
    beyond = min(look_beyond * (geometry.stop - geometry.start), length)
    first = max(0, round(geometry.start - beyond))
    last = min(length - 1, round(geometry.stop + beyond))
    along = np.arange(first, last + 1, dtype=np.float64)
    reach = _CLEAN_PART * geometry.half_height
    rows = sample(image, geometry, along, np.linspace(-reach, reach, _ROWS))
    profile = np.median(rows, axis=0).astype(np.float32)
    light = profile - np.percentile(profile, 10, axis=0)
    # The median step between neighbours is 0.95 standard deviations of Gaussian noise; 0.3 is the
    # rounding of 8-bit samples.
    noise = 1.05 * float(np.median(np.abs(np.diff(profile, axis=0)))) + 0.3
    return along, light, noise


def _best_ramp(light: np.ndarray, noise: float) -> tuple[int, int, int, float]:
    """Start and stop of the best ramp in samples, its sign, and its agreement."""
    group = max(1, len(light) // _PLACES)
    count = len(light) // group
    binned = light[: count * group].reshape(count, group, 3).mean(axis=1)
    nm, chroma = wavelength_like(binned)
    coloured = chroma > 4 * noise / np.sqrt(group) + 2
    # Square roots let faint lines speak beside one that outshines them.
    weight = np.sqrt(np.where(coloured, chroma, 0))
    grey = np.clip(binned.min(axis=1), 0, None)
    white = np.sqrt(np.where(grey > chroma, grey, 0))
    best = (0.0, 0, 0, 0, 0.0)
    place = np.arange(count)
    lengths = np.geomspace(max(8, _SHORTEST_PART * count), _LONGEST_PART * count, _LENGTHS)
    for length in np.unique(lengths.astype(int)):
        starts = np.arange(
            -int(_OUTSIDE_PART * length),
            count - int((1 - _OUTSIDE_PART) * length) + 1,
            max(1, length // _STARTS_A_LENGTH),
        )
        part = (place - starts[:, None]) / length
        inside = (part >= 0) & (part <= 1)
        for sign in (1, -1):
            ramp = _VIOLET_NM + (_RED_NM - _VIOLET_NM) * (part if sign > 0 else 1 - part)
            misfit = np.minimum(((nm - ramp) / _TOLERANCE_NM) ** 2, _WORST)
            gain = np.where(inside, weight * (1 - misfit) - _WHITE_WEIGHT * white, 0).sum(axis=1)
            score = gain / length**_SHORTER_POWER
            index = int(score.argmax())
            if score[index] > best[0]:
                taken = float(weight[inside[index]].sum())
                start = int(starts[index]) * group
                agreement = float(gain[index]) / max(taken, 1e-6)
                best = (float(score[index]), start, start + length * group, sign, agreement)
    return best[1:]


def _lit(level: np.ndarray, noise: float, low: int, high: int) -> tuple[int, int]:
    """First and last lit sample between `low` and `high`."""
    part = np.convolve(level[low:high], np.ones(3) / 3, mode="same")
    lit = np.flatnonzero(part > max(_LIT_OVER_NOISE * noise, _LIT_OVER_PEAK * part.max()))
    return (low + int(lit[0]), low + int(lit[-1])) if len(lit) > 1 else (low, high - 1)
