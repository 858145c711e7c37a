"""Several spectra that one mask covers: rows of different light with darkness between them.

The band network marks cells of a small canvas, and two spectra one above the other touch there:
the lamps above and below the trace of a star, two lamps on one slit. The photo itself tells them
apart. Where light is alike on either side of the darkness it is one spectrum all the same: the
halves of a divided slit, a slit with dust on it, a reflection.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from lib.recognition.curves import quantile
from lib.recognition.find.search import Candidate
from lib.recognition.straighten import Geometry, brightest_channel

# The part of the photo that is looked at: the mask's cells, and beyond them by so much of their
# breadth across and along.
_BESIDE, _BEYOND = 0.15, 0.05
# Light within this part of the picture's rim is taken to go on beyond it.
_RIM_PART = 0.04
# Size of the small picture, samples across and along.
_ROWS, _COLUMNS = 160, 128
# At most this many photo pixels are read for each of its samples, across and along.
_READ_PX = 2
# The darkest part of it counts as darkness.
_DARK_PART = 0.15
# Slopes that are tried about the mask's, then about the best of these, in a picture of half the
# size; and how much sharper than at the mask's own the rows must be.
_SLOPES, _FINER = np.linspace(-0.24, 0.24, 13), np.linspace(-0.02, 0.02, 5)
_SHARPER = 1.02
_ROW_BLUR, _COLUMN_BLUR = 0.8, 1.0
# Half the height of the lowest mask that may cover two rows, pixels.
_LOWEST_PX = 4.0
# Two rows are apart if the light between them falls below this part of the fainter one. A row
# counts if it has this part of the brightest row's light, and this many levels of 255.
_VALLEY, _MIN_PART, _MIN_LEVELS = 0.35, 0.12, 2.0
# What counts for nothing, levels.
_NO_LIGHT = 0.2
# A row is as high as it shows this part of its greatest light.
_EDGE_PART = 0.5
# Rows are one spectrum if their light along the band correlates this well at some shift of up to
# this part of the band. The halves of slits, stacked slits of one lamp and double traces of 146
# real photos reach 0.92 and more; mercury above neon 0.3.
_ALIKE, _LARGEST_SHIFT = 0.9, 0.06
# A row is compared only if its own odd and even pixel rows correlate this well.
_MIN_REPEATED = 0.8
# The ends of a row are where its light reaches this part of its greatest.
_END_PART = 0.05


@dataclass(frozen=True)
class _Picture:
    """A mask's part of a photo, small, along and across the dispersion, its rows level.

    Attributes
    ----------
    light : float32 array of shape (rows, columns)
    start_px : tuple of float
        Photo coordinates along and across of its first edges.
    step_px : tuple of float
        Photo pixels along and across that a sample spans.
    slope : float
        Across pixels per along pixel of its rows.
    """

    light: np.ndarray
    start_px: tuple[float, float]
    step_px: tuple[float, float]
    slope: float

    def along(self, column: float) -> float:
        """Return the photo coordinate of an edge between columns, pixel centre of the next."""
        return self.start_px[0] + column * self.step_px[0]

    def across(self, row: float) -> float:
        """Return the photo coordinate of an edge between rows, in the picture's middle."""
        return self.start_px[1] + row * self.step_px[1] - 0.5

    def geometry(self, row: tuple[int, int], like: Geometry) -> Geometry:
        """Return the geometry of a half-open run of rows, of a band whose mask is `like`."""
        spectrum = self.light[row[0] : row[1]].mean(axis=0)
        lit = np.flatnonzero(spectrum > _END_PART * spectrum.max())
        middle = self.along(self.light.shape[1] / 2) - 0.5
        across = self.across(sum(row) / 2)
        return replace(
            like,
            start=max(self.along(int(lit.min(initial=self.light.shape[1]))), 0.0),
            stop=self.along(int(lit.max(initial=0)) + 1) - 1,
            centre=(across - self.slope * middle, self.slope),
            half_height=max((row[1] - row[0]) * self.step_px[1] / 2, 0.5),
        )


def rows_apart(image: np.ndarray, candidate: Candidate) -> list[Candidate]:
    """Return the spectra that a candidate's mask covers, the one with most light first.

    Parameters
    ----------
    image : uint8 array of shape (h, w, 3)
    candidate : Candidate

    Returns
    -------
    list of Candidate
        The candidate itself where it is one spectrum.
    """
    mask = candidate.geometry
    if mask.half_height < _LOWEST_PX:
        return [candidate]
    picture = _level(image, candidate)
    profile = _profile(picture.light)
    runs = _runs(profile, 0, len(profile))
    if len(runs) < 2:
        return [candidate]
    least = max(_MIN_PART * profile.max(), _MIN_LEVELS)
    (low, high), rim = _extent(candidate)[1], _RIM_PART * len(profile)
    rows: list[tuple[int, int]] = []
    for row in (_bright_part(profile, run) for run in runs):
        # Beyond the mask lies what is no spectrum, and may reach in.
        inside = low < picture.across(sum(row) / 2) < high
        inside &= rim < row[0] and row[1] < len(profile) - rim
        if not inside or profile[slice(*row)].max() < least or not _is_repeated(picture.light, row):
            continue
        if rows and are_alike(*(_spectrum(picture.light[slice(*one)]) for one in (rows[-1], row))):
            rows[-1] = rows[-1][0], row[1]
        else:
            rows.append(row)
    if len(rows) < 2:
        return [candidate]
    rows.sort(key=lambda row: -float(profile[slice(*row)].max()))
    return [
        replace(candidate, geometry=picture.geometry(row, mask), pixel_px=picture.step_px[1])
        for row in rows
    ]


def _level(image: np.ndarray, candidate: Candidate) -> _Picture:
    """Return a mask's part of a photo, turned so that its rows are as sharp as can be."""
    mask = candidate.geometry
    length, breadth = mask.size_of(image)
    (a0, a1), (b0, b1) = _extent(candidate)
    beyond, beside = _BEYOND * (a1 - a0) + 1, _BESIDE * (b1 - b0) + 3
    a0, a1 = int(max(a0 - beyond, 0)), int(min(a1 + beyond + 1, length))
    b0, b1 = int(max(b0 - beside, 0)), int(min(b1 + beside + 1, breadth))
    size = min(_COLUMNS, a1 - a0), min(_ROWS, b1 - b0)
    a_step, b_step = (
        (a1 - a0) // (_READ_PX * size[0]) or 1,
        (b1 - b0) // (_READ_PX * size[1]) or 1,
    )
    if mask.axis == "horizontal":
        part = image[b0:b1:b_step, a0:a1:a_step]
    else:
        part = image[a0:a1:a_step, b0:b1:b_step].transpose(1, 0, 2)
    small = cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_AREA)
    light = brightest_channel(small).astype(np.float32)
    # Every third sample is enough to see how dark it is.
    light = np.maximum(light - quantile(light.ravel()[::3], _DARK_PART), 0)
    step = (a1 - a0) / size[0], (b1 - b0) / size[1]
    slope = mask.slope() + _turn(light, step, mask.slope())
    light = _turned(light, slope * step[0] / step[1])
    return _Picture(light, (float(a0), float(b0)), step, slope)


def _extent(candidate: Candidate) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return from where to where a mask's cells go along the dispersion, and across it."""
    x0, y0, x1, y1 = candidate.box
    if candidate.geometry.axis == "horizontal":
        return (x0, x1), (y0, y1)
    return (y0, y1), (x0, x1)


def _turn(light: np.ndarray, step: tuple[float, float], slope: float) -> float:
    """Return by how much other than `slope` rows are sharpest, across pixels per along pixel."""
    rows, columns = light.shape
    small = max(columns // 2, 1), max(rows // 2, 1)
    half = cv2.resize(light, small, interpolation=cv2.INTER_AREA)
    ratio = step[0] / step[1] * (columns / small[0]) / (rows / small[1])

    def sharpness(turn: float) -> float:
        turned = _turned(half, (slope + turn) * ratio)
        profile = cv2.reduce(turned, 1, cv2.REDUCE_SUM).ravel()
        steps = profile[1:] - profile[:-1]
        return float(steps @ steps)

    best = max(_SLOPES, key=sharpness)
    if abs(best) == _SLOPES[-1]:
        # Nothing in between is sharpest: what is there has no level rows.
        return 0.0
    best = float(max(best + _FINER, key=sharpness))
    return best if sharpness(best) > _SHARPER * sharpness(0.0) else 0.0


def _turned(light: np.ndarray, slope: float) -> np.ndarray:
    """Return a picture whose rows of this slope are level."""
    rows, columns = light.shape
    shear = np.float32([[1, 0, 0], [slope, 1, -slope * (columns - 1) / 2]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(light, shear, (columns, rows), flags=how)


def _profile(light: np.ndarray) -> np.ndarray:
    """Return the mean light of each row above that of the darkest, hardly blurred."""
    profile = _blurred(light.mean(axis=1), _ROW_BLUR)
    return profile - profile.min()


def _blurred(values: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(values[None], (0, 0), sigma)[0]


def _runs(profile: np.ndarray, first: int, stop: int) -> list[tuple[int, int]]:
    """Divide rows at each valley that is dark against both its sides."""
    if stop - first < 3:
        return [(first, stop)]
    part = profile[first:stop]
    left = np.maximum.accumulate(part)
    right = np.maximum.accumulate(part[::-1])[::-1]
    depth = (part + _NO_LIGHT) / (np.minimum(left, right) + _NO_LIGHT)
    lowest = int(depth.argmin())
    if depth[lowest] >= _VALLEY or not 0 < lowest < len(part) - 1:
        return [(first, stop)]
    middle = first + lowest
    return _runs(profile, first, middle) + _runs(profile, middle, stop)


def _bright_part(profile: np.ndarray, run: tuple[int, int]) -> tuple[int, int]:
    part = profile[slice(*run)]
    bright = np.flatnonzero(part > _EDGE_PART * part.max())
    if len(bright) == 0:
        return run
    return run[0] + int(bright[0]), run[0] + int(bright[-1]) + 1


def _is_repeated(light: np.ndarray, row: tuple[int, int]) -> bool:
    """Return whether the odd and the even samples of a row show one light, not noise."""
    part = light[slice(*row)]
    if len(part) < 2:
        return False
    return _correlation(_spectrum(part[::2]), _spectrum(part[1::2])) >= _MIN_REPEATED


def are_alike(first: np.ndarray, second: np.ndarray) -> bool:
    """Return whether two profiles (n,) along a band show one light, shifted a little perhaps."""
    count = len(first)
    reach = int(_LARGEST_SHIFT * count)
    return any(
        _correlation(first[max(lag, 0) : count + lag], second[max(-lag, 0) : count - lag]) >= _ALIKE
        for lag in range(-reach, reach + 1)
    )


def _spectrum(rows: np.ndarray) -> np.ndarray:
    return _blurred(rows.mean(axis=0), _COLUMN_BLUR)


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / size if size else 0.0
