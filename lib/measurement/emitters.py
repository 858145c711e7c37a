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
# A line of a list counts beside the strongest from this part of it on.
_COUNTS_PART = 0.2
# A peak may be any line that lies within this many of its standard errors.
_WITHIN_ERRORS = 1.96
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
        Where it lies; of a blend, where the blend peaks. Of several lines within the error of the
        peak, the brightest.
    probability : float
    resolved : bool
        False where the list has several lines there, which the instrument does not part or the
        error of the peak does not tell apart.
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
    off = np.hypot(
        np.interp(peaks.place, np.arange(samples), spectrum.error_nm),
        peaks.sigma * np.interp(peaks.place, np.arange(samples), np.abs(np.gradient(spectrum.nm))),
    )
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
                peak = int(index[k])
                there = _line_there(match, int(line), at[peak], _WITHIN_ERRORS * off[peak])
                _add(found.setdefault(peak, {}), match, int(line), float(sure), there)
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


def _add(
    emitters: dict[str, Emitter], match: Match, line: int, sure: float, there: tuple[float, bool]
) -> None:
    """Add a list's probability to an emitter, which may stand in several lists."""
    name = match.pattern.names[line]
    earlier = emitters.get(name)
    if earlier is None or sure > earlier.probability:
        new = Emitter(name, match.lamp, there[0], sure, there[1])
    else:
        new = earlier
    both = sure + (earlier.probability if earlier else 0.0)
    emitters[name] = replace(new, probability=min(both, 1.0))


def _line_there(match: Match, line: int, nm: float, reach_nm: float) -> tuple[float, bool]:
    """Return where the line of a peak at `nm` lies, and whether one line alone lies there.

    Lines that other peaks are matched to are told apart by them.
    """
    pattern, lines = match.pattern, line_list(match.lamp)
    own = float(pattern.nm[line])
    taken = pattern.nm[match.line[match.line != line]]
    is_free = (np.abs(np.subtract.outer(lines.nm, taken)) >= pattern.resolution_nm).all(axis=1)
    blended = np.abs(lines.nm - own) < pattern.resolution_nm
    near = blended | (is_free & (np.abs(lines.nm - nm) < reach_nm))
    if near.sum() < 2:
        return own, True
    brightest = lines.intensity[near].max()
    counts = near & (lines.intensity >= _COUNTS_PART * brightest)
    # Beyond the blend that the peak was matched to.
    if lines.intensity[blended].max(initial=0.0) < brightest:
        own = float(lines.nm[near][lines.intensity[near].argmax()])
    return own, int(counts.sum()) == 1
