"""A spectrum in a photo, taken out straight: its place, its light, blue first.

Whoever finds a band decides which end is blue; from then on everything runs from blue to red.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import cv2
import numpy as np

from lib.recognition.clipping import CutPeak, cut_peaks
from lib.recognition.curves import smoothed
from lib.recognition.quality import (
    Quality,
    clipping_levels,
    measure_background,
    measure_quality,
)
from lib.recognition.reading import Reading
from lib.recognition.straighten import Geometry, sorted_across
from lib.recognition.strip import Strip

CROP_ROWS = 15
CROP_COLUMNS = 480
# A dark end of a band is cut off, but for a margin. It is darker than this many noise widths and
# than this part of the peak, and longer than this part of the band. Shorter ends stay: they may
# hold lines too faint to see, and their place helps to tell the lamp.
_LIT_NOISES, _LIT_PART, _MIN_DARK = 4.0, 0.03, 0.4
_LIT_MARGIN, _BLUR_PART = 0.01, 1 / 300
# Part of the rows that is ignored at both ends of each sample's sorted values: dust, overlay lines.
_TRIM = 0.2


@dataclass(frozen=True)
class BandProfile:
    """The light along a band, at the photo's own resolution, blue first where that is known.

    Attributes
    ----------
    rgb : float32 array of shape (n, 3)
        Robust mean of the cleanest rows, 0 to 255, background included.
    clipped : bool array of shape (n,)
        Samples of which a channel has clipped in half the rows.
    position : float64 array of shape (n,)
        Photo x (horizontal band) or y (vertical) of each sample on the band's centre line.
    """

    rgb: np.ndarray
    clipped: np.ndarray
    position: np.ndarray

    def reversed(self) -> "BandProfile":
        """Return the profile from its other end."""
        return BandProfile(self.rgb[::-1], self.clipped[::-1], self.position[::-1])


@dataclass(frozen=True)
class Band:
    """A spectrum in an upright photo.

    Attributes
    ----------
    x0, y0, x1, y1 : int
        Bounding box, half-open, pixels.
    towards_red : int
        1 where wavelengths grow with the photo's coordinate, -1 where they fall. The light runs
        that way.
    way_is_sure : bool
        Whether that is sure; else it is a guess.
    quality : Quality
    geometry : Geometry
        The exact map between the straightened band and the photo.
    rows : tuple of float
        Offsets from the centre line between which the lines are cleanest.
    background : float32 array of shape (3,)
        Level beside the band, 0 to 255.
    strip : uint8 array of shape (n_rows, n, 3)
        The light between these rows, straight, one sample a photo pixel, blue first.
    profile : BandProfile
        Robust mean of its rows.
    reading : Reading or None
        Wavelengths that colours and pattern suggest along the profile; None until it was read.
    among : tuple of boxes
        Of all spectra in the photo, x0, y0, x1, y1 in reading order; empty unless there are
        several.
    number : int or None
        Which of them this is, from 1 on; None if it is none.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    towards_red: int
    way_is_sure: bool
    quality: Quality
    geometry: Geometry
    rows: tuple[float, float]
    background: np.ndarray = field(compare=False, repr=False)
    strip: np.ndarray = field(compare=False, repr=False)
    profile: BandProfile = field(compare=False, repr=False)
    reading: Reading | None = field(default=None, compare=False)
    among: tuple[tuple[int, int, int, int], ...] = ()
    number: int | None = None

    @property
    def axis(self) -> str:
        """Return the photo axis nearest to the dispersion: "horizontal" or "vertical"."""
        return self.geometry.axis

    @property
    def blue_end(self) -> str:
        """Return "left", "right", "top", "bottom", or "none" where nothing tells."""
        ends = ("left", "right") if self.axis == "horizontal" else ("top", "bottom")
        if not self.way_is_sure:
            return "none"
        return ends[0] if self.towards_red > 0 else ends[1]

    @property
    def angle_deg(self) -> float:
        """Return the clockwise turn of the band's centre line from `axis`."""
        slope = self.geometry.slope()
        # Clockwise on the screen, where y grows downwards.
        return float(np.degrees(np.arctan(slope if self.axis == "horizontal" else -slope)))

    @cached_property
    def cut(self) -> list[CutPeak]:
        """Return the peaks whose height clipping has cut off considerably."""
        return cut_peaks(self.profile.rgb - self.background, self.profile.clipped)

    @property
    def saturated(self) -> bool:
        """Return whether clipping has bent the profile."""
        return bool(self.cut)

    def as_dict(self) -> dict[str, object]:
        """Return what answers and tables say of a band's place."""
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

    def moved(self, x: int, y: int) -> "Band":
        """Return the band of a photo of which this one's was cut out, its corner at x, y."""
        along, across = (x, y) if self.axis == "horizontal" else (y, x)
        return replace(
            self,
            x0=self.x0 + x,
            y0=self.y0 + y,
            x1=self.x1 + x,
            y1=self.y1 + y,
            geometry=self.geometry.moved(along, across),
            profile=replace(self.profile, position=self.profile.position + along),
        )

    def turned(self) -> "Band":
        """Return the band with its light from the other end, as if that were the blue one."""
        return replace(
            self,
            towards_red=-self.towards_red,
            strip=self.strip[:, ::-1],
            profile=self.profile.reversed(),
            reading=self.reading and self.reading.reversed(),
        )


def band_of(
    strip: Strip,
    clean: slice,
    shape: tuple[int, ...],
    *,
    towards_red: int = 0,
    evidence: float,
    cut_dark_ends: bool = False,
) -> Band:
    """Measure the light of a strip.

    Parameters
    ----------
    strip : Strip
    clean : slice
        The rows to take the light from.
    shape : tuple of int
        Of the photo: height and width first.
    towards_red : int
        1 where red lies at the greater coordinate, -1 at the lesser, 0 where nobody knows.
    evidence : float
        How surely this is a spectrum, 0 to 1.
    cut_dark_ends : bool
        Whether long ends without light go.
    """
    ordered = sorted_across(strip.light[clean])
    levels = clipping_levels(ordered)
    profile, clipped = _mean_rows(ordered, levels)
    background, noise = measure_background(strip)
    lit = _lit_part(profile - background, noise) if cut_dark_ends else slice(0, len(profile))
    geometry = strip.geometry
    if lit.stop - lit.start < len(profile):
        ends = strip.along[[lit.start, lit.stop - 1]]
        geometry = replace(geometry, start=float(ends[0]), stop=float(ends[1]))
    profile, clipped = profile[lit], clipped[lit]
    band = Band(
        *bounding_box(geometry, shape),
        towards_red=1,
        way_is_sure=towards_red != 0,
        quality=measure_quality(
            profile - background, clipped, noise, background, evidence, float(levels.min() / 255)
        ),
        geometry=geometry,
        rows=_offsets_of(strip, clean),
        background=background,
        # A copy, so that the rest of the strip need not stay in memory.
        strip=strip.light[clean, lit].copy(),
        profile=BandProfile(profile, clipped, strip.along[lit]),
    )
    return band.turned() if towards_red < 0 else band


def _offsets_of(strip: Strip, clean: slice) -> tuple[float, float]:
    """Return the offsets between which some rows of a strip lie, each with its own breadth."""
    offset, half = strip.offset[clean], strip.row_px / 2
    low, high = strip.offset[[0, -1]]
    return max(float(low), float(offset[0]) - half), min(float(high), float(offset[-1]) + half)


def _lit_part(profile: np.ndarray, noise: float) -> slice:
    """Return the samples of a profile (n, 3) above the background that lie between its dark ends.

    The trace network knows where a lamp's lines go on, seen or not.
    """
    samples = len(profile)
    blur = max(samples * _BLUR_PART, 0.5)
    light = smoothed(profile.max(axis=1), blur, cv2.BORDER_REFLECT)
    lit = np.flatnonzero(light > max(_LIT_NOISES * noise, _LIT_PART * light.max()))
    if len(lit) == 0:
        return slice(0, samples)
    margin = round(_LIT_MARGIN * samples)
    start, stop = max(lit[0] - margin, 0), min(lit[-1] + 1 + margin, samples)
    least = _MIN_DARK * samples
    return slice(start if start > least else 0, stop if samples - stop > least else samples)


def cut_crop(band: Band) -> np.ndarray:
    """Return the crop of a band, straight, blue left.

    Returns
    -------
    uint8 array of shape (15, 480, 3)
        Its columns share the length of the band evenly.
    """
    length = band.strip.shape[1]
    # Rows first, so that noise is averaged before columns are interpolated.
    strip = cv2.resize(band.strip, (length, CROP_ROWS), interpolation=cv2.INTER_AREA)
    shrinks = length >= CROP_COLUMNS
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(strip, (CROP_COLUMNS, CROP_ROWS), interpolation=method)


def _mean_rows(ordered: np.ndarray, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Robust mean over rows in order, int32 (n, 3, m): rgb float32 (n, 3), clipped bool (n,).

    Each channel has clipped from its level on.
    """
    rows = ordered.shape[-1]
    clipped = (ordered[..., rows // 2] >= levels).any(axis=1)
    drop = int(_TRIM * rows)
    return ordered[..., drop : rows - drop].mean(axis=-1, dtype=np.float32), clipped


def bounding_box(geometry: Geometry, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return the smallest pixel box around a band, inside the photo, at least a pixel each way."""
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
