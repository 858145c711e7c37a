"""The light along a line of a photo, as the trace network reads it."""

from dataclasses import dataclass

import cv2
import numpy as np

from lib.recognition.straighten import Geometry, mean_across, sorted_across
from lib.recognition.strip import Strip, sample_line

# Places along the line, and the most samples that a look from afar averages in each.
PLACES = 384
_SAMPLES_A_PLACE = 4
# Rows inside the band lie within this part of its half height, as the rims are half dark. The
# brightest of them also count on their own, as a thin trace in a wide mask fills only a few.
_INSIDE_PART = 0.75
_INSIDE_ROWS = 11
_BRIGHT_ROWS = 3
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
    """Return the light along a band's centre line between two photo coordinates, in pixel edges.

    Parameters
    ----------
    image : uint8 array of shape (h, w, 3)
    geometry : Geometry
        Its own ends play no part.
    """
    fine = PLACES * int(np.clip(round((stop - start) / PLACES), 1, _SAMPLES_A_PLACE))
    along = start + (np.arange(fine) + 0.5) * (stop - start) / fine - 0.5
    reach = _INSIDE_PART * geometry.half_height
    return view_of(sample_line(image, geometry, along, rows=(-reach, reach), most=_INSIDE_ROWS))


def view_of(strip: Strip) -> TraceView:
    """Return what the trace network sees of a strip."""
    reach = _INSIDE_PART * strip.geometry.half_height + 1e-6
    inside = np.flatnonzero(np.abs(strip.offset) <= reach)
    inside = inside[np.linspace(0, len(inside) - 1, _INSIDE_ROWS).round().astype(int)]
    within = sorted_across(strip.light[inside])
    # The median lets lines that a program drew across the band go.
    parts = [within[..., _INSIDE_ROWS // 2].astype(np.float32)]
    bright = sum(within[..., -row] for row in range(1, _BRIGHT_ROWS + 1))
    parts.append(bright.astype(np.float32) / _BRIGHT_ROWS)
    beside = strip.light_beside[strip.beside]
    any_beside = len(beside) > 0
    parts.append(mean_across(beside) if any_beside else np.zeros_like(parts[0]))
    shown = ((strip.along >= -0.5) & (strip.along <= strip.size[0] - 0.5)).astype(np.float32)
    pooled = _in_places(np.concatenate([*parts, shown[:, None]], axis=1))
    light, shown = pooled[:, :9] * (pooled[:, 9:] > 0), pooled[:, 9:]
    peak = max(float(light[:, :6].max()), _DARKEST_PEAK)
    flags = np.broadcast_to(np.float32([any_beside, peak / 255]), (PLACES, 2))
    scaled = np.sqrt(np.minimum(light / peak, 1.0))
    half = (strip.along[1] - strip.along[0]) / 2
    return TraceView(
        np.concatenate([scaled, shown, flags], axis=1, dtype=np.float32),
        float(strip.along[0] - half + 0.5),
        float(strip.along[-1] + half + 0.5),
    )


def _in_places(samples: np.ndarray) -> np.ndarray:
    """Return samples (n, c) along a line at `PLACES` places, float32."""
    method = cv2.INTER_AREA if len(samples) >= PLACES else cv2.INTER_LINEAR
    # OpenCV resizes any number of channels if they stand for rows.
    return cv2.resize(samples.T, (PLACES, len(samples.T)), interpolation=method).T
