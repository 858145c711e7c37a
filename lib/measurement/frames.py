"""Frames of one scene to one profile of linear light along an instrument's band.

A frame is read for its band alone, its tone curve is undone, and frames are averaged without those
in which the light flickered and without samples that lie far from the others.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.images.depth import to_eight_bits
from lib.images.exposure import Exposure
from lib.images.picture import ASSUMED, Picture
from lib.images.reading import mean_of
from lib.images.tone import Tone
from lib.measurement.exposed import dark_times, may_be_dark, times_of_first
from lib.measurement.stored_pictures import StoredPictures
from lib.recognition.identified import Remark, first_of_frames, of_file
from lib.recognition.instrument import Dark, Instrument
from lib.recognition.quality import clipping_levels
from lib.recognition.straighten import Geometry, sample, sorted_across

# A row this many standard deviations from the middle one shows dust or a hot pixel. Medians and
# trimmed means will not do. Noise that is cut off at black is lopsided, and less so where a tilted
# row lies between two pixels, so they make waves along the band.
_ROW_SIGMAS = 5.0
# Rows taken across the band at most.
_MAX_ROWS = 75
# A sample this many standard deviations from the other frames is left out.
_OUTLIER_SIGMAS = 4.0
# A frame whose light differs from the middle one by more than this part, and by so many standard
# deviations of all, has flickered.
_FLICKER_PART, _FLICKER_SIGMAS = 0.05, 5.0
_FEWEST_FOR_OUTLIERS = 3
# Reject dark frames that exceed the light by this many errors over most of the band.
_DARKER_SIGMAS = 5.0
# Beside the band, in half heights: where to look for what shines there without the slit.
_BESIDE = (1.3, 1.45, 1.6)
# A flat's own spectrum is what varies over this part of the band.
_FLAT_PART = 0.04
_FLAT_LIMITS = (0.2, 5.0)
# All frames of a mean are held at once, in at most this many bytes.
_HELD_BYTES = 256 * 2**20
_SURROUNDINGS = "light beside the band"
# Standard deviation of rounding to whole levels, 1 / sqrt(12).
_ROUNDING = 0.29


@dataclass(frozen=True)
class Frames:
    """Upright photos of one scene, of one size.

    Attributes
    ----------
    names : tuple of str
        Of files.
    images : iterable of Picture, or of uint8 or uint16 arrays of shape (height, width, 3)
        Of stored ones read one at a time, so that many frames need no more memory than one.
    """

    names: tuple[str, ...]
    images: Iterable[Picture | np.ndarray]

    def pictures(self) -> Iterator[Picture]:
        """Yield each frame, with its name."""
        for k, image in enumerate(self.images):
            yield image if isinstance(image, Picture) else Picture(image, name=self.names[k])

    @cached_property
    def shown(self) -> np.ndarray:
        """Return the mean of what is stored, uint8: what the scene is recognised by."""
        return to_eight_bits(mean_of(self.pictures()).pixels)

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height."""
        height, width = self.shown.shape[:2]
        return width, height


@dataclass(frozen=True)
class Light:
    """Linear light along a band, in the order of the photo; arrays of shape (n, 3) but for two.

    Attributes
    ----------
    name : str
        Of the first frame.
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
    tone, tone_from : str
        The tone curve that was undone, and whose word it is (`lib.images.picture`).
    exposures : tuple of Exposure
        Of the first frame, to which all are scaled, and what differs from it.
    white_balance : str or None
    full_scale : float
        The sensor's brightest samples, of the format's full scale, before the curve is undone.
    remarks : tuple of Remark
    background : str
        What was subtracted.
    """

    name: str
    position: np.ndarray
    rgb: np.ndarray
    noise: np.ndarray
    clipped: np.ndarray
    frames: int
    left_out: tuple[str, ...]
    tone: str
    tone_from: str
    exposures: tuple[Exposure, ...]
    white_balance: str | None
    full_scale: float
    remarks: tuple[Remark, ...] = ()
    background: str = "nothing"


def read_frames(
    paths: Sequence[Path],
    names: Sequence[str] | None = None,
    *,
    every: bool = False,
    tone: Tone | None = None,
) -> Frames:
    """Return frames of one scene, whose files are read when their light is.

    Parameters
    ----------
    paths : sequence of Path
        They may name frames of a file (`stack.tif#2-5`).
    names : sequence of str, optional
        What they are called in errors; default their paths.
    every : bool
        Whether a file of which no frames are named stands for all that it holds.
    tone : Tone, optional
        Their tone curve, whatever the files state.
    """
    names = [str(path) for path in paths] if names is None else names
    pictures = StoredPictures(paths, names, every=every, tone=tone)
    return Frames(tuple(Path(name).name for name in names), pictures)


def light_along(
    frames: Frames,
    geometry: Geometry,
    rows: tuple[float, float],
    *,
    dark_for: tuple[Exposure, ...] = (),
) -> Light:
    """Return the mean light of frames along a band, scaled to the exposure of the first.

    Parameters
    ----------
    frames : Frames
    geometry : Geometry
        Of the band, in photos of this size.
    rows : tuple of float
        Offsets from the centre line between which to take the light, pixels.
    dark_for : tuple of Exposure
        Of the photos whose dark frames these are: any of another exposure do not count.

    Raises
    ------
    DataError
        If a tone curve cannot be undone, exposures cannot be compared, no dark frame is of the
        photos' exposure, or there are more frames than can be averaged at once.
    """
    position = np.arange(round(geometry.start), round(geometry.stop) + 1, dtype=np.float64)
    count = int(np.clip(np.floor(rows[1] - rows[0]) + 1, 1, _MAX_ROWS))
    offset = np.linspace(*rows, count) if count > 1 else np.array([sum(rows) / 2])
    seen, full, heads, unlike = [], [], [], []
    most = _HELD_BYTES // (3 * np.dtype(np.float64).itemsize * len(position))
    for picture in frames.pictures():
        head = picture.head
        if not may_be_dark(head, dark_for):
            unlike.append(f"{head.short_name}: exposed {head.stated.exposure}")
            continue
        if len(seen) == most:
            raise DataError(f"{head.short_name}: frame {most + 1}; expected at most {most} at once")
        seen.append(_mean_rows(sample(picture.pixels, geometry, position, offset), picture))
        full.append(picture.full_scale / np.iinfo(picture.pixels.dtype).max)
        heads.append(head)
    if not seen:
        photos = " and ".join(str(exposure) for exposure in dark_for)
        raise DataError(f"{unlike[0]}, the photo {photos}; expected dark frames exposed as it is")
    rgb, noise, clipped = (np.stack(parts) for parts in zip(*seen, strict=True))
    times, remarks = times_of_first(heads)
    rgb, noise = rgb / times[:, None, None], noise / times[:, None, None]
    # A frame that was taken for one of a lesser sensor is only darker than the others.
    clipped[np.array(full) < max(full)] = False
    kept, left_out = _steady(rgb, [head.short_name for head in heads])
    mean, error = _clipped_mean(rgb[kept], noise[kept])
    first = heads[0]
    assumed = any(head.tone_from == ASSUMED for head in heads)
    return Light(
        first.short_name,
        position,
        mean,
        error,
        clipped[kept].any(axis=0),
        int(kept.sum()),
        (*unlike, *left_out),
        " and ".join(dict.fromkeys(head.tone.name for head in heads)),
        ASSUMED if assumed else first.tone_from,
        tuple(dict.fromkeys(head.stated.exposure for head in heads)),
        first.stated.white_balance,
        max(full),
        first_of_frames(first.passed_over) + remarks,
    )


def _mean_rows(strip: np.ndarray, picture: Picture) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean linear light of a strip (rows, n, 3), its standard error, what has clipped."""
    clipped = (strip >= clipping_levels(sorted_across(strip), picture.full_scale)).mean(
        axis=0
    ) >= 0.5
    rows = picture.linear(strip)
    # Neighbouring rows show the same light: what differs is noise.
    apart = np.diff(rows, axis=0) if len(rows) > 1 else np.diff(rows, axis=1, append=rows[:, -1:])
    scatter = np.sqrt((apart.astype(np.float64) ** 2).mean(axis=0) / 2)
    noise = np.maximum(scatter, _ROUNDING / np.iinfo(strip.dtype).max) / np.sqrt(len(rows))
    return _mean_without_outliers(rows, np.median(scatter, axis=0)), noise, clipped


def _mean_without_outliers(values: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Return the mean of values (k, ...) without those that lie far off the middle one.

    Their standard deviation is at `least` so much.
    """
    off = np.abs(values - np.median(values, axis=0))
    spread = np.maximum(1.48 * np.median(off, axis=0), least)
    good = off <= _ROW_SIGMAS * spread
    return np.where(good, values, 0.0).sum(axis=0, dtype=np.float64) / good.sum(axis=0)


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
    remarks = light.remarks + of_file(dark.name, dark.remarks)
    if dark_times(dark.exposures[0], light.exposures[0]) is None:
        text = "the exposure of the dark frames and of the light is stated of one of them alone"
        remarks += (Remark("exposure_unknown", text),)
    return replace(
        light,
        rgb=light.rgb - dark.rgb,
        noise=error,
        background=f"{dark.frames} dark frame{'s' if dark.frames > 1 else ''}",
        left_out=light.left_out + dark.left_out,
        remarks=remarks,
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
            picture.linear(sample(picture.pixels, geometry, light.position, rows))
            / (picture.stated.exposure.times(light.exposures[0]) or 1.0)
            for picture in frames.pictures()
        ]
        scatter = np.sqrt(np.mean(np.diff(beside, axis=2) ** 2, axis=(0, 1, 2)) / 2)
        levels.append(_mean_without_outliers(np.reshape(beside, (-1, 3)), scatter))
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
    return replace(
        light,
        rgb=light.rgb / share,
        noise=light.noise / share,
        left_out=light.left_out + flat.left_out,
        remarks=light.remarks + of_file(flat.name, flat.remarks),
    )


def dark_of(frames: Frames, instrument: Instrument) -> tuple[Dark, tuple[Remark, ...]]:
    """Return what dark frames show along an instrument's band, and what is doubtful in it."""
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
    dark = Dark(light.frames, tuple(map(float, level)), tuple(map(float, noise)))
    return dark, of_file(light.name, light.remarks)
