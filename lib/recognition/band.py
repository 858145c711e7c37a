"""A spectrum in a photo, taken out straight.

A band is straightened once: `cut_crop` makes of that what the classifier reads, `band_profile` the
native-resolution profile that the wavelength fit reads, and every sample's place in the photo is
known.
"""

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from lib.recognition.axis.reading import Reading, read_wavelengths
from lib.recognition.quality import (
    CLIPPED_LEVEL,
    Quality,
    measure_background,
    measure_quality,
)
from lib.recognition.straighten import Geometry, sample, sorted_across

CROP_ROWS = 15
CROP_COLUMNS = 480
# Rows sampled of a band, five for each crop row: enough to average the noise of a tall one.
_MAX_ROWS = 5 * CROP_ROWS
# An end of a band that is darker than so many noise widths, and than this part of the peak, goes if
# it is longer than the last of these parts of the band; some margin stays. Shorter ends may hold
# lines too faint to see, and their place helps to tell the lamp.
_LIT_NOISES, _LIT_PART, _MIN_DARK = 4.0, 0.03, 0.4
_LIT_MARGIN, _BLUR_PART = 0.01, 1 / 300
# Part of the rows dropped at either end of each sample's sorted values: dust, overlay lines.
_TRIM = 0.2


@dataclass(frozen=True)
class Band:
    """A spectrum in an upright photo.

    Attributes
    ----------
    x0, y0, x1, y1 : int
        Bounding box, half-open, pixels.
    axis : str
        Photo axis nearest to the dispersion: "horizontal" or "vertical".
    blue_end : str
        "left", "right", "top", "bottom", or "none" where the colours do not tell.
    angle_deg : float
        Clockwise turn of the band's centre line from `axis`.
    saturated : bool
        Whether clipping has bent the profile.
    quality : Quality
    geometry : Geometry
        The exact map between the straightened band and the photo.
    rows : tuple of float
        Offsets from the centre line between which the lines are cleanest.
    strip : uint8 array of shape (n_rows, n, 3)
        The light between these, straight: one sample a photo pixel from `geometry.start` to
        `geometry.stop`. The crop is made of it.
    light : float32 array of shape (n, 3)
        Robust mean of its rows.
    clipped : bool array of shape (n,)
        Samples of which half the rows have a clipped channel.
    reading : Reading
        Wavelengths that colours and pattern suggest along the profile.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    axis: str
    blue_end: str
    angle_deg: float
    saturated: bool
    quality: Quality
    geometry: Geometry
    rows: tuple[float, float]
    strip: np.ndarray = field(compare=False, repr=False)
    light: np.ndarray = field(compare=False, repr=False)
    clipped: np.ndarray = field(compare=False, repr=False)
    reading: Reading = field(compare=False)

    @property
    def reversed(self) -> bool:
        """Whether blue lies at the far end, so that crop and profile run against the photo."""
        return self.blue_end in ("right", "bottom")

    def as_dict(self) -> dict[str, object]:
        """Return what answers and tables say of a band's place: the first seven attributes."""
        names = ("x0", "y0", "x1", "y1", "axis", "blue_end")
        rounded = {"angle_deg": round(self.angle_deg, 2)}
        return {name: getattr(self, name) for name in names} | rounded

    def outline(self) -> np.ndarray:
        """Return the corners x, y of the straightened strip in the photo, float64 (4, 2)."""
        reach = self.geometry.half_height
        x, y = self.geometry.place(
            np.array([self.geometry.start, self.geometry.stop]), np.array([-reach, reach])
        )
        order = ([0, 0, 1, 1], [0, 1, 1, 0])
        return np.column_stack([x[order], y[order]])


@dataclass(frozen=True)
class BandProfile:
    """The light along a band, at the photo's own resolution, blue first where that is known.

    Attributes
    ----------
    rgb : float32 array of shape (n, 3)
        Mean of the cleanest rows, 0 to 255, background included.
    clipped : bool array of shape (n,)
        Samples where a channel has clipped.
    position : float64 array of shape (n,)
        Photo x (horizontal band) or y (vertical) of each sample on the band's centre line.
    """

    rgb: np.ndarray
    clipped: np.ndarray
    position: np.ndarray


def band_along(
    image: np.ndarray,
    geometry: Geometry,
    rows: tuple[float, float],
    towards_red: int,
    *,
    evidence: float,
    cut_dark_ends: bool = False,
) -> Band:
    """Measure the light along a place that is known, whatever falls there.

    Parameters
    ----------
    image : uint8 array of shape (h, w, 3)
    geometry : Geometry
    rows : tuple of float
        Offsets from the centre line between which to take the light.
    towards_red : int
        1 where red lies at the greater coordinate, -1 at the lesser, 0 where nobody knows.
    evidence : float
        How surely this is a spectrum, 0 to 1.
    cut_dark_ends : bool
        Whether long ends without light go.
    """
    strip = straightened(image, geometry, rows)
    profile, clipped = _mean_rows(strip)
    background, noise = measure_background(image, geometry)
    lit = _lit_part(profile - background, noise) if cut_dark_ends else slice(0, len(profile))
    if lit.stop - lit.start < len(profile):
        first = round(geometry.start)
        geometry = replace(geometry, start=first + lit.start, stop=first + lit.stop - 1)
        strip, profile, clipped = strip[:, lit], profile[lit], clipped[lit]
    reading, towards_red = _read(profile, towards_red)
    quality = measure_quality(profile - background, clipped, noise, background, evidence)
    x0, y0, x1, y1 = _bounding_box(geometry, image.shape)
    slope = geometry.slope()
    # Clockwise on the screen, where y grows downwards.
    clockwise = slope if geometry.axis == "horizontal" else -slope
    ends = ("left", "right") if geometry.axis == "horizontal" else ("top", "bottom")
    blue = {1: ends[0], -1: ends[1], 0: "none"}[towards_red]
    return Band(
        x0=x0,
        y0=y0,
        x1=x1,
        y1=y1,
        axis=geometry.axis,
        blue_end=blue,
        angle_deg=float(np.degrees(np.arctan(clockwise))),
        saturated=quality.saturated,
        quality=quality,
        geometry=geometry,
        rows=rows,
        strip=strip,
        light=profile,
        clipped=clipped,
        reading=reading.reversed() if towards_red < 0 else reading,
    )


def _read(profile: np.ndarray, towards_red: int) -> tuple[Reading, int]:
    """Return the wavelengths along a profile (n, 3), and where red lies.

    Where nobody knows which end is red (`towards_red` 0), the pattern of the lines may tell.
    """
    if towards_red < 0:
        return read_wavelengths(profile[::-1], blue_known=True).reversed(), towards_red
    reading = read_wavelengths(profile, blue_known=towards_red > 0)
    if towards_red == 0 and reading.is_sure_of_rise:
        towards_red = 1 if reading.blue_first else -1
    return reading, towards_red


def _lit_part(profile: np.ndarray, noise: float) -> slice:
    """Return the samples of a profile (n, 3) above the background that lie between its dark ends.

    The trace network knows where a lamp's lines go on, seen or not.
    """
    samples = len(profile)
    light = gaussian_filter1d(profile.max(axis=1), max(samples * _BLUR_PART, 0.5))
    lit = np.flatnonzero(light > max(_LIT_NOISES * noise, _LIT_PART * light.max()))
    if len(lit) == 0:
        return slice(0, samples)
    margin = round(_LIT_MARGIN * samples)
    start, stop = max(lit[0] - margin, 0), min(lit[-1] + 1 + margin, samples)
    least = _MIN_DARK * samples
    return slice(start if start > least else 0, stop if samples - stop > least else samples)


def straightened(image: np.ndarray, geometry: Geometry, rows: tuple[float, float]) -> np.ndarray:
    """Return the light of a band between two offsets from its centre line, straight.

    Returns
    -------
    uint8 array of shape (n_rows, n, 3)
        One sample a photo pixel along the band, about one across, at most `_MAX_ROWS`.
    """
    return sample(image, geometry, _native_positions(geometry), _row_offsets(rows, _MAX_ROWS))


def cut_crop(band: Band) -> np.ndarray:
    """Return the crop of a band, straight, blue left.

    Returns
    -------
    uint8 array of shape (15, 480, 3)
        Its columns share the length of the band evenly.
    """
    strip = band.strip
    shrinks = strip.shape[1] >= CROP_COLUMNS
    # Rows first, so that noise is averaged before columns are interpolated.
    strip = cv2.resize(strip, (strip.shape[1], CROP_ROWS), interpolation=cv2.INTER_AREA)
    crop = cv2.resize(
        strip,
        (CROP_COLUMNS, CROP_ROWS),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )
    return np.ascontiguousarray(crop[:, ::-1] if band.reversed else crop)


def band_profile(band: Band) -> BandProfile:
    """Return a band's light along the dispersion, one sample a photo pixel, blue first."""
    parts = band.light, band.clipped, _native_positions(band.geometry)
    order = slice(None, None, -1) if band.reversed else slice(None)
    return BandProfile(*(part[order].copy() for part in parts))


def _native_positions(geometry: Geometry) -> np.ndarray:
    """One position a photo pixel along the band, from its first pixel to its last."""
    return np.arange(round(geometry.start), round(geometry.stop) + 1, dtype=np.float64)


def _row_offsets(rows: tuple[float, float], most: int) -> np.ndarray:
    """Evenly spaced offsets over the clean rows, about one a pixel, at most `most`."""
    low, high = rows
    count = int(np.clip(np.floor(high - low) + 1, 1, most))
    return np.linspace(low, high, count) if count > 1 else np.array([(low + high) / 2])


def _mean_rows(strip: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Robust mean over a strip's rows: rgb float32 (n, 3), clipped bool (n,)."""
    clipped = (strip >= CLIPPED_LEVEL).any(axis=2).mean(axis=0) >= 0.5
    drop = int(_TRIM * len(strip))
    kept = sorted_across(strip)[..., drop : len(strip) - drop]
    return kept.mean(axis=-1, dtype=np.float32), clipped


def _bounding_box(geometry: Geometry, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Smallest pixel box around the band, inside the photo, at least one pixel each way."""
    height, width = shape[:2]
    along = np.linspace(geometry.start, geometry.stop, 16)
    across = geometry.across(along)
    a0, a1 = geometry.start, geometry.stop + 1
    b0, b1 = across.min() - geometry.half_height, across.max() + geometry.half_height + 1
    if geometry.axis == "horizontal":
        x0, x1, y0, y1 = a0, a1, b0, b1
    else:
        x0, x1, y0, y1 = b0, b1, a0, a1
    x0 = int(np.clip(round(x0), 0, width - 1))
    y0 = int(np.clip(round(y0), 0, height - 1))
    return x0, y0, int(np.clip(round(x1), x0 + 1, width)), int(np.clip(round(y1), y0 + 1, height))
