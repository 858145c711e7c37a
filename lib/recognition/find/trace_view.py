"""The light along a line of a photo, as the trace network reads it."""

from dataclasses import dataclass

import numpy as np

from lib.recognition.straighten import Geometry, sample, sorted_across

# Places along the line; each averages up to so many samples.
PLACES = 384
_SAMPLES_A_PLACE = 4
# Inside the band: rows over this part of its half height; the rims are half dark. Of these the
# brightest count on their own, as a thin trace in a wide mask fills only a few.
_INSIDE_PART = 0.75
_INSIDE_ROWS = 11
_BRIGHT_ROWS = 3
# Outside: this far off the centre line on either side, in half heights, and in pixels more.
_OUTSIDE_PART = (1.25, 2.25)
_OUTSIDE_PX = (1.5, 4.0)
_OUTSIDE_ROWS = 4
# Exposure is evened out on the brightest place, though not below this display level.
_DARKEST_PEAK = 16.0
# Median inside, brightest rows and outside, three colours each; whether the place is in the photo;
# whether anything outside is; the peak's display level.
CHANNELS = 12


@dataclass(frozen=True)
class TraceView:
    """Light along the centre line of a band and beyond its ends.

    Attributes
    ----------
    light : float32 array of shape (PLACES, CHANNELS)
        0 to 1, the square root of the light against its peak.
    start, stop : float
        Photo coordinates along the centre line of the first place's and the last one's outer edge.
    """

    light: np.ndarray
    start: float
    stop: float

    def to_photo(self, edge: np.ndarray) -> np.ndarray:
        """Return photo coordinates of places' edges (0 before the first, PLACES after the last)."""
        return self.start + np.asarray(edge) * (self.stop - self.start) / PLACES


def look_along(image: np.ndarray, geometry: Geometry, start: float, stop: float) -> TraceView:
    """Return the light along a band's centre line between two photo coordinates.

    Parameters
    ----------
    image : uint8 array of shape (h, w, 3)
    geometry : Geometry
        Its own ends play no part.
    """
    fine = PLACES * int(np.clip(round((stop - start) / PLACES), 1, _SAMPLES_A_PLACE))
    step = (stop - start) / fine
    along = start + (np.arange(fine) + 0.5) * step - 0.5
    length, breadth = image.shape[1], image.shape[0]
    if geometry.axis == "vertical":
        length, breadth = breadth, length
    half = geometry.half_height
    inside = np.linspace(-_INSIDE_PART * half, _INSIDE_PART * half, _INSIDE_ROWS)
    low, high = (part * half + px for part, px in zip(_OUTSIDE_PART, _OUTSIDE_PX, strict=True))
    beside = np.linspace(low, high, _OUTSIDE_ROWS)
    outside = np.concatenate([-beside[::-1], beside])
    middle = geometry.across(np.clip((start + stop) / 2, 0, length - 1))
    outside = outside[(middle + outside >= 0) & (middle + outside <= breadth - 1)]
    rows = sample(image, geometry, along, np.concatenate([inside, outside]))
    within, beyond = sorted_across(rows[:_INSIDE_ROWS]), rows[_INSIDE_ROWS:]
    # The median lets lines that a program drew across the band go.
    parts = [within[..., _INSIDE_ROWS // 2].astype(np.float32)]
    parts.append(within[..., -_BRIGHT_ROWS:].mean(axis=-1, dtype=np.float32))
    parts.append(beyond.mean(axis=0, dtype=np.float32) if len(outside) else np.zeros_like(parts[0]))
    shown = ((along >= -0.5) & (along <= length - 0.5)).astype(np.float32)
    pooled = np.concatenate([*parts, shown[:, None]], axis=1)
    pooled = pooled.reshape(PLACES, -1, pooled.shape[1]).mean(axis=1)
    light, shown = pooled[:, :9] * (pooled[:, 9:] > 0), pooled[:, 9:]
    peak = max(float(light[:, :6].max()), _DARKEST_PEAK)
    flags = np.broadcast_to(np.float32([len(outside) > 0, peak / 255]), (PLACES, 2))
    scaled = np.sqrt(np.minimum(light / peak, 1.0))
    return TraceView(np.concatenate([scaled, shown, flags], axis=1, dtype=np.float32), start, stop)
