"""What the lines of a measured spectrum may be lines of, by how well whole line lists fit them."""

from dataclasses import dataclass, replace

import numpy as np

from lib.lines import available_line_lists, line_list
from lib.measurement.measuring import Spectrum
from lib.recognition.axis.dispersion import Points, fit_dispersion
from lib.recognition.axis.matching import Match, match_lines
from lib.recognition.axis.peaks import Peaks

# Less probable emitters are not listed.
_MIN_PROBABILITY = 0.02
# Line lists of what absorbs; the others are of what shines.
_ABSORPTION = ("fraunhofer",)
# ln of the odds that peaks are of no list, before they are looked at: lasers, other lamps.
_NONE_WORTH = 2.0
# What an instrument's axis leaves open at least, nm.
_AXIS_FLOOR_NM = 0.15
_PLACES = 24
# Every camera sees lines between these, nm.
_SEEN_NM = (430.0, 650.0)
# A line of a list counts as part of a blend from this part of the strongest on.
_BLEND_PART = 0.2
_ROUNDS = 2


@dataclass(frozen=True)
class Emitter:
    """What a peak may be a line of.

    Attributes
    ----------
    name : str
        "Na I".
    lamp : str
        Line list that it stands in.
    nm : float
        Where it lies; of a blend, where the blend peaks.
    probability : float
    resolved : bool
        False where the list has several lines there that the instrument does not part.
    """

    name: str
    lamp: str
    nm: float
    probability: float
    resolved: bool


def emitters_of(
    peaks: Peaks, spectrum: Spectrum, *, absorption: bool = False
) -> dict[int, tuple[Emitter, ...]]:
    """Return by peak what it may be, from how well whole line lists fit all peaks.

    What the best list leaves over is held against all lists once more. Dips, `absorption`, are held
    against the lists of absorption lines.
    """
    samples = len(spectrum.nm)
    t = np.linspace(-1.0, 1.0, _PLACES)
    place = (t + 1) * (samples - 1) / 2
    nm = np.interp(place, np.arange(samples), spectrum.nm)
    error = np.interp(place, np.arange(samples), spectrum.error_nm)
    known = Points(t, nm, np.maximum(error, _AXIS_FLOOR_NM))
    start = fit_dispersion(known)
    at = np.interp(peaks.place, np.arange(samples), spectrum.nm)
    low, high = max(_SEEN_NM[0], spectrum.nm[0]), min(_SEEN_NM[1], spectrum.nm[-1])
    seen = (float(min(low, at.min())), float(max(high, at.max())))
    lists = [name for name in available_line_lists() if (name in _ABSORPTION) == absorption]
    found: dict[int, dict[str, Emitter]] = {}
    left = np.ones(len(peaks), bool)
    for _ in range(_ROUNDS):
        if not left.any():
            break
        some = peaks.part(left)
        matches = [match_lines(some, samples, known, start, name, seen) for name in lists]
        matches = [match for match in matches if match is not None]
        if not matches:
            break
        worth = np.array([match.worth for match in matches] + [_NONE_WORTH])
        odds = np.exp(worth - worth.max())
        probability = odds / odds.sum()
        index = np.flatnonzero(left)
        for match, sure in zip(matches, probability, strict=False):
            for k, line in zip(match.peak, match.line, strict=True):
                _add(found.setdefault(int(index[k]), {}), match, int(line), float(sure))
        best = int(probability.argmax())
        if best == len(matches):
            break
        left[index[matches[best].peak]] = False
    return {
        peak: tuple(
            sorted(
                (one for one in emitters.values() if one.probability >= _MIN_PROBABILITY),
                key=lambda one: -one.probability,
            )
        )
        for peak, emitters in found.items()
    }


def _add(emitters: dict[str, Emitter], match: Match, line: int, sure: float) -> None:
    """Add a list's probability to an emitter, which may stand in several lists."""
    name, nm = match.pattern.names[line], float(match.pattern.nm[line])
    earlier = emitters.get(name)
    if earlier is None or sure > earlier.probability:
        resolved = _resolved(match.lamp, nm, match.pattern.resolution_nm)
        new = Emitter(name, match.lamp, nm, sure, resolved)
    else:
        new = earlier
    both = sure + (earlier.probability if earlier else 0.0)
    emitters[name] = replace(new, probability=min(both, 1.0))


def _resolved(lamp: str, nm: float, resolution_nm: float) -> bool:
    """Return whether one line alone of a list lies within the instrument's resolution."""
    lines = line_list(lamp)
    near = np.abs(lines.nm - nm) < resolution_nm
    if near.sum() < 2:
        return True
    return int((lines.intensity[near] >= _BLEND_PART * lines.intensity[near].max()).sum()) == 1
