"""Frames of one scene to one profile of linear light along an instrument's band.

A frame is read for its band alone, its tone curve is undone, and frames are averaged without those
in which the light flickered and without samples that lie far from the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.images.depth import sensor_full_scale
from lib.images.reading import read_image
from lib.recognition.instrument import Dark, Instrument
from lib.recognition.quality import CLIPPED_LEVEL
from lib.recognition.straighten import Geometry, sample

SRGB, LINEAR = "sRGB undone", "linear"
# Part of the rows dropped at either end of each sample's sorted values: dust and hot pixels.
_TRIM = 0.2
# Rows taken across the band at most.
_MAX_ROWS = 75
# Samples of a frame that lie so many standard deviations off the other frames are left out.
_OUTLIER_SIGMAS = 4.0
# A frame whose light differs from the middle one by more than this part, and by so many standard
# deviations of all, has flickered.
_FLICKER_PART, _FLICKER_SIGMAS = 0.05, 5.0
_FEWEST_FOR_OUTLIERS = 3
# A dark frame brighter than the light by more than so many errors in most places is none.
_DARKER_SIGMAS = 5.0
# Beside the band, in half heights: where to look for what shines there without the slit.
_BESIDE = (1.3, 1.45, 1.6)
# A flat's own spectrum is what varies over this part of the band.
_FLAT_PART = 0.04
_FLAT_LIMITS = (0.2, 5.0)
_SURROUNDINGS = "light beside the band"
# Standard deviation of rounding to whole levels, 1 / sqrt(12).
_ROUNDING = 0.29
_FULL = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}


def linear_light(samples: np.ndarray) -> np.ndarray:
    """Return linear light, float32, full scale 1, of samples as a camera saved them.

    8 bits are taken for sRGB (IEC 61966-2-1), of which a camera's own curve is a variation; 16
    bits for linear.
    """
    shown = samples.astype(np.float32) / _FULL[samples.dtype]
    if samples.dtype == np.uint16:
        return shown
    return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


@dataclass(frozen=True)
class Frames:
    """Upright photos of one scene, of one size.

    Attributes
    ----------
    names : tuple of str
    images : sequence of uint8 or uint16 arrays of shape (height, width, 3)
        Read one at a time, so that many frames need no more memory than one.
    """

    names: tuple[str, ...]
    images: Sequence[np.ndarray]

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height."""
        height, width = self.images[0].shape[:2]
        return width, height

    @property
    def full_scale(self) -> int:
        """Return what the sensor's brightest samples are stored as."""
        return sensor_full_scale(self.images[0])

    @property
    def tone(self) -> str:
        """Return how linear light was had: `SRGB` or `LINEAR`."""
        return LINEAR if self.images[0].dtype == np.uint16 else SRGB


@dataclass(frozen=True)
class Light:
    """Linear light along a band, in the order of the photo; arrays of shape (n, 3) but for two.

    Attributes
    ----------
    position : float64 array of shape (n,)
        Photo coordinate along the centre line.
    rgb : float64 array
        Full scale 1, nothing subtracted but what `background` says.
    noise : float64 array
        Standard error of the mean.
    clipped : bool array
        Channels that are full in half of the rows of any frame that counts.
    frames : int
        Frames that count.
    left_out : tuple of str
        Those that do not, and why.
    tone : str
    background : str
        What was subtracted.
    """

    position: np.ndarray
    rgb: np.ndarray
    noise: np.ndarray
    clipped: np.ndarray
    frames: int
    left_out: tuple[str, ...]
    tone: str
    background: str = "nothing"


class StoredImages(Sequence):
    """The images of files, read as they are asked for; the first is kept.

    Raises DataError for one that cannot be read, or differs in size or depth from the first.
    """

    def __init__(self, paths: Sequence[Path], names: Sequence[str]):
        self._paths, self._names = tuple(paths), tuple(names)
        self._first = read_image(self._paths[0], name=self._names[0], deep=True)

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self._paths)

    def __getitem__(self, place: int) -> np.ndarray:
        """Return one image."""
        name, first = self._names[place], self._first
        if place == 0:
            return first
        image = read_image(self._paths[place], name=name, deep=True)
        if image.shape != first.shape:
            height, width = first.shape[:2]
            raise DataError(
                f"{name}: {image.shape[1]} x {image.shape[0]} px; "
                f"expected {width} x {height}, as {self._names[0]} has"
            )
        if image.dtype != first.dtype:
            raise DataError(f"{name}: of another depth than {self._names[0]}; expected one depth")
        return image


def read_frames(paths: Sequence[Path], names: Sequence[str] | None = None) -> Frames:
    """Return frames of one scene, whose files are read when their light is.

    `names` are what they are called in errors, their paths if left out.

    Raises
    ------
    DataError
        If the first cannot be read.
    """
    names = [str(path) for path in paths] if names is None else names
    return Frames(tuple(Path(name).name for name in names), StoredImages(paths, names))


def light_along(frames: Frames, geometry: Geometry, rows: tuple[float, float]) -> Light:
    """Return the mean light of frames along a band.

    Parameters
    ----------
    frames : Frames
    geometry : Geometry
        Of the band, in photos of this size.
    rows : tuple of float
        Offsets from the centre line between which to take the light, pixels.
    """
    position = np.arange(round(geometry.start), round(geometry.stop) + 1, dtype=np.float64)
    count = int(np.clip(np.floor(rows[1] - rows[0]) + 1, 1, _MAX_ROWS))
    offset = np.linspace(*rows, count) if count > 1 else np.array([sum(rows) / 2])
    clips = frames.full_scale * CLIPPED_LEVEL / 255
    seen = [_mean_rows(sample(image, geometry, position, offset), clips) for image in frames.images]
    rgb, noise, clipped = (np.stack(parts) for parts in zip(*seen, strict=True))
    kept, left_out = _steady(rgb, frames.names)
    rgb, noise, clipped = rgb[kept], noise[kept], clipped[kept]
    mean, error = _clipped_mean(rgb, noise)
    return Light(position, mean, error, clipped.any(axis=0), int(kept.sum()), left_out, frames.tone)


def _mean_rows(strip: np.ndarray, clips: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean linear light of a strip (rows, n, 3), its standard error, what has clipped.

    Samples from `clips` on have.
    """
    full = _FULL[strip.dtype]
    clipped = (strip >= clips).mean(axis=0) >= 0.5
    rows = linear_light(strip)
    # Neighbouring rows show the same light: what differs is noise.
    apart = np.diff(rows, axis=0) if len(rows) > 1 else np.diff(rows, axis=1, append=rows[:, -1:])
    scatter = np.sqrt((apart.astype(np.float64) ** 2).mean(axis=0) / 2)
    noise = np.maximum(scatter, _ROUNDING / full) / np.sqrt(len(rows))
    drop = int(_TRIM * len(rows))
    kept = np.sort(rows, axis=0)[drop : len(rows) - drop]
    return kept.mean(axis=0, dtype=np.float64), noise, clipped


def _steady(rgb: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return which frames (k, n, 3) show the middle one's light, and the names of the others."""
    total = rgb.sum(axis=(1, 2))
    kept = np.ones(len(rgb), bool)
    if len(rgb) >= _FEWEST_FOR_OUTLIERS:
        middle = np.median(total)
        off = np.abs(total - middle)
        spread = 1.48 * np.median(off)
        kept = off <= np.maximum(_FLICKER_PART * middle, _FLICKER_SIGMAS * spread)
    left_out = [
        f"{name}: its light is {amount / max(np.median(total), 1e-12):.2f} of the other frames'"
        for name, amount, good in zip(names, total, kept, strict=True)
        if not good
    ]
    return kept, tuple(left_out)


def _clipped_mean(rgb: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean over frames (k, n, 3) without outliers, and its standard error."""
    count = len(rgb)
    if count < _FEWEST_FOR_OUTLIERS:
        return rgb.mean(axis=0), np.sqrt((noise**2).sum(axis=0)) / count
    off = rgb - np.median(rgb, axis=0)
    spread = np.maximum(1.48 * np.median(np.abs(off), axis=0), np.median(noise, axis=0))
    good = np.abs(off) <= _OUTLIER_SIGMAS * spread
    number = good.sum(axis=0)
    mean = (rgb * good).sum(axis=0) / number
    left = np.where(good, rgb - mean, 0.0)
    scatter = np.sqrt((left**2).sum(axis=0) / np.maximum(number - 1, 1))
    return mean, np.maximum(scatter, 0.3 * spread) / np.sqrt(number)


def without_dark(light: Light, dark: Light) -> Light:
    """Return the light less that of dark frames.

    Raises
    ------
    DataError
        If the dark frames are brighter than the light.
    """
    error = np.hypot(light.noise, dark.noise)
    excess = (dark.rgb - light.rgb).mean(axis=1)
    if np.median(excess) > _DARKER_SIGMAS * np.median(error):
        raise DataError("the dark frames are brighter than the light; expected the light covered")
    return replace(
        light, rgb=light.rgb - dark.rgb, noise=error, background=f"{dark.frames} dark frames"
    )


def without_surroundings(frames: Frames, light: Light, geometry: Geometry) -> Light:
    """Return the light less what shines beside the band, on its darker side.

    Where the band fills the frame across, nothing is subtracted.
    """
    breadth = frames.size[1] if geometry.axis == "horizontal" else frames.size[0]
    middle = geometry.across(light.position)
    levels = []
    for side in (-1, 1):
        rows = side * np.array(_BESIDE) * geometry.half_height + 2 * side
        if (middle + rows.min() < 0).any() or (middle + rows.max() > breadth - 1).any():
            continue
        beside = [
            linear_light(sample(image, geometry, light.position, rows)) for image in frames.images
        ]
        levels.append(np.median(np.stack(beside), axis=(0, 1, 2)))
    if not levels:
        return light
    return replace(light, rgb=light.rgb - np.min(levels, axis=0), background=_SURROUNDINGS)


def flattened(light: Light, flat: Light) -> Light:
    """Return the light without what each pixel and speck of dust takes, as a flat field shows it.

    The flat's own spectrum, smooth along the band, does not count.
    """
    from scipy.ndimage import gaussian_filter1d

    smooth = gaussian_filter1d(flat.rgb, _FLAT_PART * len(flat.rgb), axis=0, mode="nearest")
    share = np.clip(flat.rgb / np.maximum(smooth, 1e-6), *_FLAT_LIMITS)
    share[smooth < 0.01 * smooth.max()] = 1.0
    return replace(light, rgb=light.rgb / share, noise=light.noise / share)


def dark_of(frames: Frames, instrument: Instrument) -> Dark:
    """Return what dark frames show along an instrument's band."""
    if instrument.size not in (None, frames.size):
        raise DataError(
            f"{frames.names[0]}: a dark frame of {frames.size[0]} x {frames.size[1]} px; "
            f"expected {instrument.size[0]} x {instrument.size[1]}"
        )
    if instrument.place is None:
        raise DataError("the instrument does not know where its band lies; expected lamp photos")
    light = light_along(frames, instrument.place.geometry, instrument.place.rows)
    rows = max(instrument.place.rows[1] - instrument.place.rows[0], 1.0)
    level, noise = light.rgb.mean(axis=0), light.noise.mean(axis=0) * np.sqrt(rows * light.frames)
    return Dark(light.frames, tuple(map(float, level)), tuple(map(float, noise)))
