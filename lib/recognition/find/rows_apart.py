"""Several spectra that one mask covers: rows of different light with darkness between them.

The band network marks cells of a small canvas, and two spectra one above the other touch there:
the lamps above and below the trace of a star, two lamps on one slit. The photo itself tells them
apart. Where light is alike on either side of the darkness it is one spectrum all the same: the
halves of a divided slit, a slit with dust on it, a reflection.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from lib.recognition.find.search import Candidate
from lib.recognition.straighten import Geometry, brightest_channel

# The part of the photo that is looked at: beyond the mask by so much of its height and length.
_BESIDE, _BEYOND = 0.35, 0.1
# It is made so small, samples across and along.
_ROWS, _COLUMNS = 160, 128
# Of more photo pixels than so many for each of its samples, across and along, not all are read.
_READ_PX = 2
# The darkest part of it is no light.
_DARK_PART = 0.15
# Slopes that are tried about the mask's, then about the best of these, in a picture of half the
# size; and how much sharper than at the mask's own the rows must be.
_SLOPES, _FINER = np.linspace(-0.24, 0.24, 13), np.linspace(-0.02, 0.02, 5)
_SHARPER = 1.02
_ROW_BLUR, _COLUMN_BLUR = 0.8, 1.0
# Half the height of the lowest mask that may cover two rows, pixels.
_LOWEST_PX = 4.0
# The middle of a row lies inside this part of the mask: beyond lies what is no spectrum.
_INSIDE_PART = 0.95
# Rows are apart where the light between them falls below this part of the fainter one's, and count
# from this part of the brightest one's on, and from so many levels of 255.
_VALLEY, _MIN_PART, _MIN_LEVELS = 0.35, 0.15, 3.0
# A row is as high as it shows this part of its greatest light.
_EDGE_PART = 0.5
# Rows are one spectrum if their light along the band correlates this well at some shift of up to
# this part of the band. The halves of slits, stacked slits of one lamp and double traces of 146
# real photos reach 0.92 and more; mercury above neon 0.3.
_ALIKE, _LARGEST_SHIFT = 0.9, 0.06
# Of what its own odd and even rows do not show alike, nothing is said.
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

    def geometry(self, row: tuple[int, int], like: Geometry) -> Geometry:
        """Return the geometry of a half-open run of rows, of a band whose mask is `like`."""
        spectrum = self.light[row[0] : row[1]].mean(axis=0)
        lit = np.flatnonzero(spectrum > _END_PART * spectrum.max())
        middle = self.along(self.light.shape[1] / 2) - 0.5
        across = self.start_px[1] + self.step_px[1] * sum(row) / 2 - 0.5
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
    picture = _level(image, mask)
    profile = _profile(picture.light)
    runs = _runs(profile, 0, len(profile))
    if len(runs) < 2:
        return [candidate]
    least = max(_MIN_PART * profile.max(), _MIN_LEVELS)
    middle = (mask.start + mask.stop) / 2
    rows: list[tuple[int, int]] = []
    for row in (_bright_part(profile, run) for run in runs):
        off = picture.geometry(row, mask).across(middle) - mask.across(middle)
        inside = abs(off) < _INSIDE_PART * mask.half_height
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
        Candidate(picture.geometry(row, mask), candidate.confidence, picture.step_px[1])
        for row in rows
    ]


def _level(image: np.ndarray, mask: Geometry) -> _Picture:
    """Return a mask's part of a photo, turned so that its rows are as sharp as can be."""
    length, breadth = mask.size_of(image)
    ends = mask.across(np.array([mask.start, mask.stop]))
    beyond = _BEYOND * (mask.stop - mask.start) + 1
    beside = (1 + _BESIDE) * mask.half_height + 3
    a0, a1 = int(max(mask.start - beyond, 0)), int(min(mask.stop + beyond + 1, length))
    b0, b1 = int(max(ends.min() - beside, 0)), int(min(ends.max() + beside + 1, breadth))
    if a1 - a0 < 2 or b1 - b0 < 2:
        a0, a1, b0, b1 = 0, length, 0, breadth
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
    # Every third sample tells as much of what is dark.
    light = np.maximum(light - np.quantile(light.ravel()[::3], _DARK_PART), 0)
    step = (a1 - a0) / size[0], (b1 - b0) / size[1]
    slope = mask.slope() + _turn(light, step, mask.slope())
    light = _turned(light, slope * step[0] / step[1])
    return _Picture(light, (float(a0), float(b0)), step, slope)


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
    best = float(max(best + _FINER, key=sharpness))
    return best if sharpness(best) > _SHARPER * sharpness(0.0) else 0.0


def _turned(light: np.ndarray, slope: float) -> np.ndarray:
    """Return a picture whose rows of this slope are level."""
    rows, columns = light.shape
    shear = np.float32([[1, 0, 0], [slope, 1, -slope * (columns - 1) / 2]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(light, shear, (columns, rows), flags=how)


def _profile(light: np.ndarray) -> np.ndarray:
    """Return the mean light of each row, hardly blurred."""
    return _blurred(light.mean(axis=1), _ROW_BLUR)


def _blurred(values: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(values[None], (0, 0), sigma)[0]


def _runs(profile: np.ndarray, first: int, stop: int) -> list[tuple[int, int]]:
    """Divide rows at each valley that is dark against both its sides."""
    if stop - first < 3:
        return [(first, stop)]
    part = profile[first:stop]
    left = np.maximum.accumulate(part)
    right = np.maximum.accumulate(part[::-1])[::-1]
    depth = part / np.maximum(np.minimum(left, right), 1e-6)
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
