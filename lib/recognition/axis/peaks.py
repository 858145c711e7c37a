"""Spectral lines along a band: where they peak, how wide and how strong.

A line's place is the middle of its flanks, not its top: a saturated top is flat, while the flanks
still show where the line stands. Each colour channel is measured by itself, as a line that blinds
one channel is often sharp in another.
"""

from bisect import bisect
from dataclasses import dataclass, replace

import numpy as np

from lib.recognition.curves import (
    flanks,
    maxima,
    median,
    prominences,
    quantile,
    slopes_of,
    smoothed,
    widened,
)

# Full scale of the profile, counts.
FULL_SCALE = 255.0


@dataclass(frozen=True)
class Peaks:
    """Peaks of a profile, in order along it; every array has shape (k,).

    Attributes
    ----------
    place : float64
        Sub-sample place, in samples of the profile.
    sigma : float64
        Standard error of the place, samples.
    fwhm : float64
        Full width at half maximum, samples.
    height : float64
        Rise over the surroundings in the channel that shows it best, counts.
    clipped : bool
        The channel that rises most is saturated at the top.
    point_spread : float
        FWHM of the narrowest clear peaks: the instrument's resolution, samples.
    detection_limit : float
        The least height that counts as a peak, counts.
    """

    place: np.ndarray
    sigma: np.ndarray
    fwhm: np.ndarray
    height: np.ndarray
    clipped: np.ndarray
    point_spread: float
    detection_limit: float

    def __len__(self) -> int:
        """Return the number of peaks."""
        return len(self.place)

    def part(self, keep: np.ndarray) -> "Peaks":
        """Return the peaks of a mask of shape (k,)."""
        arrays = {
            name: value[keep] for name, value in vars(self).items() if isinstance(value, np.ndarray)
        }
        return replace(self, **arrays)

    def strongest(self, count: int) -> np.ndarray:
        """Return the indices of the `count` highest peaks, in order along the profile."""
        return np.sort(np.argsort(-self.height, kind="stable")[:count])


def find_lines(rgb: np.ndarray) -> Peaks:
    """Find emission lines in a profile.

    Parameters
    ----------
    rgb : array of shape (n, 3)
        Red, green and blue along the dispersion, 0 to 255.

    Returns
    -------
    Peaks
        Possibly none. A peak that several channels show is one peak; its place is the mean of
        theirs, weighted by their standard errors.
    """
    rgb = np.asarray(rgb, np.float64)
    spread = 0.0
    # The second pass smooths with the point spread that the first one measured, so little that a
    # doublet which the first one saw stays two lines.
    for _ in range(2):
        curves = smoothed(rgb, max(0.2 * spread, 0.6))
        found, limit = _peaks_of_channels(curves, rgb, spread)
        spread = _point_spread(found, len(rgb))
    return _merge(found, spread, limit)


def find_lines_in_curve(curve: np.ndarray, limit: float) -> tuple[np.ndarray, ...]:
    """Return place, FWHM (samples) and height of the peaks of a noiseless curve, same ruler.

    A computed spectrum measured with the ruler that measures photos has the same blends, and
    the same bias on lopsided ones.
    """
    found, _ = _peaks_of_channels(curve[:, None], curve[:, None], 0.0, limit)
    return found.place, found.fwhm, found.height


def find_dips(rgb: np.ndarray) -> tuple[Peaks, np.ndarray]:
    """Find absorption lines: peaks of how far a profile falls short of its own upper envelope.

    Returns
    -------
    peaks : Peaks
        Their heights in counts of a full scale that stands for complete absorption.
    depth : float64 array of shape (n, 3)
        The curves they were found in.
    """
    rgb = np.asarray(rgb, np.float64)
    n = len(rgb)
    # A fourteenth of a band is ~20 nm: wider than Fraunhofer lines, narrower than sensor curves.
    window = max(7, n // 14 | 1)
    around = np.pad(rgb, ((window // 2, window // 2), (0, 0)), mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(around, window, axis=0)
    # It is smoothed over more than the few samples between medians.
    place = np.linspace(0, n - 1, n // max(window // 8, 1)).round().astype(int)
    medians = median(np.moveaxis(around[place], -1, 0))
    envelope = np.stack([np.interp(np.arange(n), place, one) for one in medians.T], axis=1)
    envelope = smoothed(envelope, window / 4)
    # Dark channels (under a tenth of full scale) would turn noise into deep lines.
    depth = FULL_SCALE * (envelope - rgb) / np.maximum(envelope, 0.1 * FULL_SCALE)
    lit = np.clip(envelope / (0.2 * FULL_SCALE), 0.0, 1.0)
    depth = np.clip(depth * lit, 0.0, None)
    return find_lines(depth), depth


def full_width(light: np.ndarray) -> float:
    """Return the full width at half maximum of the brightest peak of a curve (n,), samples.

    Its foot is the curve's lower decile.
    """
    light = np.asarray(light, np.float64)
    foot = float(quantile(light, 0.1))
    above = light - foot > (light.max() - foot) / 2
    top = int(light.argmax())
    below = np.flatnonzero(~above)
    first = below[below < top].max(initial=-1)
    last = below[below > top].min(initial=len(light))
    return float(last - first - 1)


@dataclass(frozen=True)
class _ChannelPeaks:
    """Peaks of all channels, one channel after another; arrays of shape (k,)."""

    place: np.ndarray
    sigma: np.ndarray
    fwhm: np.ndarray
    height: np.ndarray
    clipped: np.ndarray


def _peaks_of_channels(
    curves: np.ndarray, raw: np.ndarray, spread: float, limit: float | None = None
) -> tuple[_ChannelPeaks, float]:
    """Return the peaks of curves (n, c), and the largest least height of a peak, counts."""
    samples, channels = curves.shape
    # All channels are one curve, with a wall in front of each.
    joined = np.full((channels, samples + 1), np.inf)
    # A ramp far below any noise: no top is level.
    joined[:, 1:] = curves.T + 1e-6 * np.arange(samples)
    joined = np.append(joined, np.inf)
    index = maxima(joined)
    rise = prominences(joined, index)
    real = np.isfinite(rise)
    index, rise = index[real], rise[real]
    channel = index // (samples + 1)
    limits = np.full(channels, limit) if limit else _detection_limit(curves, rise, channel)
    # A phosphor's hump is ~50 nm wide, a fifth of a band; what rises within an eighth is a line.
    window = max(9, samples // 8, round(6 * spread))
    high = rise >= np.maximum(limits, 1e-9)[channel]
    index, channel = index[high], channel[high]
    slopes = slopes_of(joined, index, window // 2)
    top = joined[index]
    prominence = top - slopes.min(axis=2).max(axis=0)
    high = prominence >= np.maximum(limits, 1e-9)[channel]
    index, channel, top, prominence = index[high], channel[high], top[high], prominence[high]
    slopes = slopes[:, high]
    fwhm = flanks(slopes, top - 0.5 * prominence).sum(axis=0)
    # Within 6 % of full scale the camera's curve bends too much for the top to be trusted.
    ceiling = 0.94 * np.maximum(FULL_SCALE, raw.max(axis=0, initial=0.0))
    place = index % (samples + 1) - 1
    clipped = widened(raw, 3)[place, channel] > ceiling[channel]
    own = _rise_over_neighbours(joined, index, channel, prominence)
    off, sigma = _middle_of_flanks(slopes, top, own, fwhm, limits[channel] / 5.0)
    found = _ChannelPeaks(place + off, sigma, fwhm, prominence, clipped)
    return found, float(limits.max())


def _detection_limit(curves: np.ndarray, rise: np.ndarray, channel: np.ndarray) -> np.ndarray:
    """Return the least height of a peak in each channel, counts, shape (c,).

    Noise makes most of a curve's local maxima, so the lower part of their heights tells how high
    noise reaches, whatever its grain.
    """
    span = np.ptp(curves, axis=0).max()
    limit = np.empty(curves.shape[1])
    for c in range(len(limit)):
        heights = rise[(channel == c) & (rise >= 1e-3)]
        ripple = quantile(heights, 0.3) if len(heights) > 8 else 0.0
        # Heights of noise fall off about exponentially: 12 times their 30 % quantile is passed by
        # one in seventy. In a clean curve the maxima are lines: never over 6 % of the span.
        limit[c] = min(max(12 * ripple, 1.5), max(1.5, 0.06 * span))
    return limit + 0.008 * span


def _rise_over_neighbours(
    curve: np.ndarray, index: np.ndarray, channel: np.ndarray, prominence: np.ndarray
) -> np.ndarray:
    """Return how far each peak rises over the higher of the valleys to its neighbours, counts.

    The flanks below that valley belong to a blend, not to the peak.
    """
    rise = prominence.copy()
    if len(index) > 1:
        valley = np.minimum.reduceat(curve, index)[:-1]
        valley[channel[1:] != channel[:-1]] = -np.inf
        rise[:-1] = np.minimum(rise[:-1], curve[index[:-1]] - valley)
        rise[1:] = np.minimum(rise[1:], curve[index[1:]] - valley)
    return np.maximum(rise, 1e-6)


def _middle_of_flanks(
    slopes: np.ndarray, top: np.ndarray, rise: np.ndarray, fwhm: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how far right of peaks the mean middle between their flanks lies; standard error.

    Levels near the top lie closest to the line's own centre where a neighbour lifts one flank,
    those further down are steeper; the spread of the middles tells how lopsided the peak is.
    """
    levels = np.array([0.15, 0.25, 0.35, 0.45])
    left, right = flanks(slopes, top - levels[:, None] * rise)
    middles = (right - left) / 2
    lopsided = np.ptp(middles, axis=0)
    shot = 0.6 * fwhm * noise / np.maximum(rise, 1e-6)
    # A thirtieth of the width and a tenth of a pixel is what pixels and flare leave at best.
    error = np.sqrt(shot**2 + (0.5 * lopsided) ** 2 + (fwhm / 30) ** 2 + 0.1**2)
    return middles.mean(axis=0), error


def _point_spread(found: _ChannelPeaks, samples: int) -> float:
    """Return the FWHM of the narrow peaks among the clear ones, samples."""
    if len(found.fwhm) == 0:
        return samples / 50
    clear = found.height >= 0.12 * found.height.max()
    if np.any(clear & ~found.clipped):
        clear &= ~found.clipped
    return max(float(quantile(found.fwhm[clear], 0.25)), 1.5)


def _merge(found: _ChannelPeaks, spread: float, limit: float) -> Peaks:
    """Join the channels' peaks: narrow ones first, wider ones join the nearest within reach."""
    top = found.height.max(initial=1.0)
    # A faint feature must not lead a group that a strong, wider peak then joins.
    order = np.lexsort((found.fwhm, -(found.height > 0.05 * top).astype(int)))
    place, sigma, fwhm, height, clipped = (values[order] for values in vars(found).values())
    group, lead = _grouped(place.tolist(), fwhm.tolist(), spread)
    count = len(lead)
    # Much wider members are the same line blinded, or a broad feature under it.
    sharp = fwhm <= 1.8 * fwhm[lead][group]
    weight = np.where(sharp, 1 / sigma**2, 0.0)
    total = np.bincount(group, weight, count)
    mean = np.bincount(group, weight * place, count) / total
    scatter = np.bincount(group, weight * (place - mean[group]) ** 2, count) / total
    least = np.full(count, np.inf)
    np.minimum.at(least, group[sharp], sigma[sharp])
    by_height = np.lexsort((-height, group))
    strongest = by_height[np.searchsorted(group[by_height], np.arange(count))]
    return Peaks(
        place=mean,
        sigma=np.sqrt(least**2 + scatter),
        fwhm=fwhm[lead],
        height=height[strongest],
        clipped=clipped[strongest],
        point_spread=spread,
        detection_limit=limit,
    )


def _grouped(place: list[float], fwhm: list[float], spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Return each peak's group, (k,), and the peak that leads each group, (g,), along the band."""
    leads: list[int] = []
    led = []
    for k, (at, width) in enumerate(zip(place, fwhm, strict=True)):
        # Leads stay in order along the band.
        after = bisect(leads, at, key=place.__getitem__)
        beside = leads[max(after - 1, 0) : after + 1]
        nearest = min(beside, key=lambda lead: abs(at - place[lead]), default=k)
        if nearest == k or abs(at - place[nearest]) >= 0.45 * max(width, spread):
            leads.insert(after, k)
            nearest = k
        led.append(nearest)
    lead = np.array(leads, int)
    number = np.empty(len(place), int)
    number[lead] = np.arange(len(lead))
    return number[np.array(led, int)], lead
