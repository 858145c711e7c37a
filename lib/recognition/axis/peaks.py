"""Spectral lines along a band: where they peak, how wide and how strong.

A line's place is the middle of its flanks, not its top: a saturated top is flat, while the flanks
still show where the line stands. Each colour channel is measured by itself, as a line that blinds
one channel is often sharp in another.
"""

from dataclasses import dataclass, replace

import numpy as np

from lib.recognition.curves import flanks, maxima, prominences, smoothed, widened

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
        smooth_samples = np.clip(0.2 * spread, 0.6, None)
        curves = smoothed(rgb, smooth_samples)
        limit = _detection_limit(curves)
        found = [_peaks_of_channel(curves[:, c], rgb[:, c], limit[c], spread) for c in range(3)]
        spread = _point_spread(found, len(rgb))
    return _merge(found, spread, float(limit.max()))


def find_lines_in_curve(curve: np.ndarray, limit: float) -> tuple[np.ndarray, ...]:
    """Return place, FWHM (samples) and height of the peaks of a noiseless curve, same ruler.

    A computed spectrum measured with the ruler that measures photos has the same blends, and
    the same bias on lopsided ones.
    """
    found = _peaks_of_channel(curve, curve, limit, 0.0)
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
    envelope = smoothed(np.median(around, axis=-1), window / 4)
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
    foot = float(np.quantile(light, 0.1))
    above = light - foot > (light.max() - foot) / 2
    top = int(light.argmax())
    below = np.flatnonzero(~above)
    first = below[below < top].max(initial=-1)
    last = below[below > top].min(initial=len(light))
    return float(last - first - 1)


@dataclass(frozen=True)
class _ChannelPeaks:
    place: np.ndarray
    sigma: np.ndarray
    fwhm: np.ndarray
    height: np.ndarray
    clipped: np.ndarray


def _detection_limit(curves: np.ndarray) -> np.ndarray:
    """Return the least height of a peak in each channel, counts, shape (3,).

    Noise makes most of a curve's local maxima, so the lower part of their heights tells how high
    noise reaches, whatever its grain.
    """
    span = np.ptp(curves, axis=0).max()
    limit = np.empty(curves.shape[1])
    for c, curve in enumerate(curves.T):
        heights = prominences(curve, maxima(curve))
        heights = heights[heights >= 1e-3]
        ripple = np.quantile(heights, 0.3) if len(heights) > 8 else 0.0
        # Heights of noise fall off about exponentially: 12 times their 30 % quantile is passed by
        # one in seventy. In a clean curve the maxima are lines: never over 6 % of the span.
        limit[c] = np.clip(12 * ripple, 1.5, max(1.5, 0.06 * span))
    return limit + 0.008 * span


def _peaks_of_channel(
    curve: np.ndarray, raw: np.ndarray, limit: float, spread: float
) -> _ChannelPeaks:
    # A ramp far below any noise: no top is level.
    curve = curve + 1e-6 * np.arange(len(curve))
    # A phosphor's hump is ~50 nm wide, a fifth of a band; what rises within an eighth is a line.
    window = max(9, len(curve) // 8, round(6 * spread)) | 1
    index = maxima(curve)
    prominence = prominences(curve, index, window)
    high = prominence >= max(limit, 1e-9)
    index, prominence = index[high], prominence[high]
    left, right = flanks(curve, index, curve[index] - 0.5 * prominence)
    fwhm = right - left
    # Within 6 % of full scale the camera's curve bends too much for the top to be trusted.
    ceiling = 0.94 * max(FULL_SCALE, float(raw.max(initial=0.0)))
    clipped = widened(raw, 3)[index] > ceiling
    own = _rise_over_neighbours(curve, index, prominence)
    place, sigma = _middle_of_flanks(curve, index, own, fwhm, limit / 5.0)
    return _ChannelPeaks(place, sigma, fwhm, prominence, clipped)


def _rise_over_neighbours(
    curve: np.ndarray, index: np.ndarray, prominence: np.ndarray
) -> np.ndarray:
    """Return how far each peak rises over the higher of the valleys to its neighbours, counts.

    The flanks below that valley belong to a blend, not to the peak.
    """
    rise = prominence.copy()
    for k in range(len(index) - 1):
        valley = curve[index[k] : index[k + 1] + 1].min()
        rise[k] = min(rise[k], curve[index[k]] - valley)
        rise[k + 1] = min(rise[k + 1], curve[index[k + 1]] - valley)
    return np.maximum(rise, 1e-6)


def _middle_of_flanks(
    curve: np.ndarray, index: np.ndarray, rise: np.ndarray, fwhm: np.ndarray, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean middle between the two flanks at several levels, and its standard error.

    Levels near the top lie closest to the line's own centre where a neighbour lifts one flank,
    those further down are steeper; the spread of the middles tells how lopsided the peak is.
    """
    if len(index) == 0:
        return np.zeros(0), np.zeros(0)
    levels = np.array([0.15, 0.25, 0.35, 0.45])
    left, right = flanks(curve, index, curve[index] - levels[:, None] * rise)
    middles = (left + right) / 2
    place = middles.mean(axis=0)
    lopsided = np.ptp(middles, axis=0)
    shot = 0.6 * fwhm * noise / np.maximum(rise, 1e-6)
    # A thirtieth of the width and a tenth of a pixel is what pixels and flare leave at best.
    return place, np.sqrt(shot**2 + (0.5 * lopsided) ** 2 + (fwhm / 30) ** 2 + 0.1**2)


def _point_spread(found: list[_ChannelPeaks], samples: int) -> float:
    """Return the FWHM of the narrow peaks among the clear ones, samples."""
    fwhm = np.concatenate([channel.fwhm for channel in found])
    height = np.concatenate([channel.height for channel in found])
    clipped = np.concatenate([channel.clipped for channel in found])
    if len(fwhm) == 0:
        return samples / 50
    clear = height >= 0.12 * height.max()
    if np.any(clear & ~clipped):
        clear &= ~clipped
    return float(max(np.quantile(fwhm[clear], 0.25), 1.5))


def _merge(found: list[_ChannelPeaks], spread: float, limit: float) -> Peaks:
    """Join the channels' peaks: narrow ones first, wider ones join the nearest within reach."""
    place, sigma, fwhm, height, clipped = (
        np.concatenate([getattr(channel, name) for channel in found])
        for name in ("place", "sigma", "fwhm", "height", "clipped")
    )
    top = height.max(initial=1.0)
    groups: list[list[int]] = []
    # A faint feature must not lead a group that a strong, wider peak then joins.
    order = np.lexsort((fwhm, -(height > 0.05 * top).astype(int)))
    for k in order:
        near = [
            (abs(place[k] - place[group[0]]), group)
            for group in groups
            if abs(place[k] - place[group[0]]) < 0.45 * max(fwhm[k], spread)
        ]
        if near:
            min(near, key=lambda pair: pair[0])[1].append(int(k))
        else:
            groups.append([int(k)])
    groups.sort(key=lambda group: place[group[0]])
    merged = [_merge_group(group, place, sigma, fwhm, height, clipped) for group in groups]
    columns = [np.array(values) for values in zip(*merged, strict=True)] or [np.zeros(0)] * 5
    return Peaks(
        place=columns[0],
        sigma=columns[1],
        fwhm=columns[2],
        height=columns[3],
        clipped=columns[4].astype(bool),
        point_spread=spread,
        detection_limit=limit,
    )


def _merge_group(
    group: list[int],
    place: np.ndarray,
    sigma: np.ndarray,
    fwhm: np.ndarray,
    height: np.ndarray,
    clipped: np.ndarray,
) -> tuple[float, float, float, float, bool]:
    members = np.array(group)
    # Much wider members are the same line blinded, or a broad feature under it.
    sharp = members[fwhm[members] <= 1.8 * fwhm[members[0]]]
    weight = 1 / sigma[sharp] ** 2
    mean = float(np.sum(weight * place[sharp]) / weight.sum())
    scatter = float(np.sum(weight * (place[sharp] - mean) ** 2) / weight.sum())
    error = float(np.sqrt(sigma[sharp].min() ** 2 + scatter))
    strongest = members[np.argmax(height[members])]
    return mean, error, float(fwhm[sharp[0]]), float(height[strongest]), bool(clipped[strongest])
