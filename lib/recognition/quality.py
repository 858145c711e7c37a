"""How good the light of a found band is."""

from dataclasses import asdict, dataclass

import numpy as np

from lib.recognition.curves import maxima, median, prominences, quantile
from lib.recognition.straighten import brightest_channel, mean_across
from lib.recognition.strip import Strip

# A channel this full has clipped, of 255: JPEG rounding and sharpening leave clipped areas at
# 250-255.
_CLIPPED_LEVEL = 250
# A plateau has many columns within this part below the brightest level: at least this number, and
# this many times as many as the next part below has. The top of a natural curve, a parabola, has
# 2.4 times as many. If several lines end at one level, a smaller factor is enough. Chosen on
# simulated JPEGs clipped at 190 to 245 of 255: most clipped light is found, and little else.
_PLATEAU_PART, _PLATEAU_TIMES, _PLATEAU_TIMES_OF_SEVERAL, _PLATEAU_COLUMNS = 0.05, 5.0, 3.0, 5
# Lines are several if the light between them falls below this part.
_VALLEY_PART = 0.8
# If no JPEG has blurred a plateau, this part of its samples are equal.
_EQUAL_PART, _EQUAL_COLUMNS = 0.8, 2
# Equal samples fainter than this are only rounding.
_FAINTEST_PLATEAU = 128
# A line stands this many noise widths, and this part of the brightest light, over its valleys.
_LINE_OVER_NOISE = 6.0
_LINE_OVER_PEAK = 0.03
# Light from this part of the brightest on shapes what a broad spectrum looks like.
_BRIGHT_PART = 0.25
# Rows on either side of a band that tell the background.
_NEAREST_ROWS = 2
# Rows that a profile averages at most.
_AVERAGED_ROWS = 64
# Standard deviation of rounding to whole levels, 1 / sqrt(12).
_ROUNDING = 0.29


@dataclass(frozen=True)
class Quality:
    """What the light in a band allows.

    Attributes
    ----------
    snr : float
        Brightest light of the profile over the noise of one profile sample.
    brightness : float
        Brightest light of the profile over the background, of full scale (0 to 1).
    clipped_fraction : float
        Part of the profile's samples with a clipped channel.
    clipped_light : float
        Part of the samples brighter than a quarter of the brightest that have a clipped channel.
    lines_resolved : int
        Peaks that stand clear of the noise.
    contrast : float
        Brightest light over brightest light plus background: 1 on black, 0.5 on equal haze.
    colour : float
        Mean chroma of the light over its mean brightness: 0 for grey, 1 for pure colours.
    evidence : float
        How surely this is a spectrum at all, 0 to 1.
    clips_at : float
        Level from which on light has clipped, of full scale; 1 where it clips at its end.
    """

    snr: float
    brightness: float
    clipped_fraction: float
    clipped_light: float
    lines_resolved: int
    contrast: float
    colour: float
    evidence: float
    clips_at: float = 1.0

    def as_dict(self) -> dict[str, float | int]:
        """Return the fields, rounded for tables."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


def measure_quality(
    profile: np.ndarray,
    clipped: np.ndarray,
    noise: float,
    background: np.ndarray,
    evidence: float,
    clips_at: float = 1.0,
) -> Quality:
    """Measure a band's profile.

    Parameters
    ----------
    profile : float32 array of shape (n, 3)
        Light above the background, 0 to 255.
    clipped : bool array of shape (n,)
        Samples with a clipped channel.
    noise : float
        Standard deviation of one profile sample, same units.
    background : float array of shape (3,)
        Level that was subtracted.
    evidence : float
        The finder's own figure.
    clips_at : float
        Level from which on light has clipped, of full scale.
    """
    light = profile.max(axis=1)
    peak = float(light.max())
    prominence = max(_LINE_OVER_NOISE * noise, _LINE_OVER_PEAK * peak, 1e-6)
    padded = np.pad(light, 1)
    rises = prominences(padded, maxima(padded))
    chroma = light - profile.min(axis=1)
    level = float(np.max(background))
    return Quality(
        snr=peak / max(noise, 1e-3),
        brightness=peak / 255.0,
        clipped_fraction=float(clipped.mean()),
        clipped_light=float(clipped[light >= min(_BRIGHT_PART * peak, peak)].mean()),
        lines_resolved=int(np.count_nonzero(rises >= prominence)),
        contrast=peak / max(peak + level, 1e-6),
        colour=float(chroma.sum() / max(light.sum(), 1e-6)),
        evidence=float(evidence),
        clips_at=float(clips_at),
    )


def clipping_levels(ordered: np.ndarray, full_scale: int = 255) -> np.ndarray:
    """Return the level from which on each channel of a band has clipped.

    A sensor, a camera's white balance or a video range may end below full scale: then the
    brightest places of a band share one level, which nothing exceeds.

    Parameters
    ----------
    ordered : int32 array of shape (n, 3, n_rows)
        Rows along the band, as of `lib.recognition.straighten.sorted_across`.
    full_scale : int
        What the sensor's brightest samples are stored as.

    Returns
    -------
    float64 array of shape (3,)
    """
    usual = full_scale * _CLIPPED_LEVEL / 255
    levels = [_plateau(ordered[:, channel]) for channel in range(ordered.shape[1])]
    return np.array([min(usual, level) for level in levels])


def _plateau(light: np.ndarray) -> float:
    """Return the level from which on one channel (n, n_rows) is a plateau; infinite without one."""
    rows = light.shape[1]
    # The median of rows in order.
    curve = (light[:, (rows - 1) // 2] + light[:, rows // 2]) / 2
    top = float(curve.max())
    # Where all lies near the top, an offset or haze is seen, no light that has clipped.
    if top < _FAINTEST_PLATEAU or float(curve.min()) > (1 - 2 * _PLATEAU_PART) * top:
        return np.inf
    equal = curve == top
    below = np.count_nonzero(curve >= top - 1) - equal.sum()
    steep = equal.sum() >= max(_EQUAL_COLUMNS, _PLATEAU_TIMES * below)
    if steep and np.mean(light[equal] == top) >= _EQUAL_PART:
        return top
    level = (1 - _PLATEAU_PART) * top
    high = curve >= level
    below = np.count_nonzero(curve >= level - _PLATEAU_PART * top) - high.sum()
    least = _PLATEAU_TIMES_OF_SEVERAL if _has_valley(curve, high) else _PLATEAU_TIMES
    found = high.sum() >= max(_PLATEAU_COLUMNS, least * below)
    return level if found else np.inf


def _has_valley(curve: np.ndarray, high: np.ndarray) -> bool:
    """Return whether a curve falls low between its high places."""
    first, last = np.flatnonzero(high)[[0, -1]]
    return bool(curve[first : last + 1].min() < _VALLEY_PART * curve.max())


def measure_background(strip: Strip) -> tuple[np.ndarray, float]:
    """Return the level beside a band and the noise of one sample of its mean profile.

    The level is that of the rows just outside the band on the darker side, or, where the band
    fills the photo across, of the darkest tenth along it.

    Returns
    -------
    background : float32 array of shape (3,)
        0 to 255.
    noise : float
        Standard deviation, same units.
    """
    level = quantile(mean_across(strip.light), 0.1)
    for side in (-1, 1):
        nearest = np.flatnonzero(strip.beside & (np.sign(strip.offset_beside) == side))
        nearest = nearest[np.abs(strip.offset_beside[nearest]).argsort()[:_NEAREST_ROWS]]
        if len(nearest) == _NEAREST_ROWS:
            beside = strip.light_beside[nearest].astype(np.float32)
            level = np.minimum(level, median(beside.reshape(-1, 3)))
    rows = int(np.clip(np.ptp(strip.offset), 1, _AVERAGED_ROWS))
    # A stored picture knows nothing finer than its rounding, whatever the rows agree on.
    return level.astype(np.float32), max(_scatter(strip), _ROUNDING) / np.sqrt(rows)


def _scatter(strip: Strip) -> float:
    """Return the standard deviation of one sample's noise, brightest channel."""
    rows = len(strip.light)
    middle = rows // 2
    step = int(np.ceil(1 / strip.row_px - 1e-6)) if strip.row_px else rows
    light = brightest_channel(strip.light[middle : middle + step + 1 : step]).astype(np.float32)
    if len(light) == 2:
        # Neighbouring rows, a pixel or more apart, show the same light: what differs is noise.
        return 1.48 * float(median(np.abs(light[1] - light[0]))) / np.sqrt(2)
    # A band lower than that has none. Noise is what neither neighbour along it leads to expect.
    bend = np.diff(light[0], 2)
    return 1.48 * float(median(np.abs(bend))) / np.sqrt(6) if len(bend) else 0.0
