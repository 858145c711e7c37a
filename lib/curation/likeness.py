"""Whether two photos are copies of one another, picture to picture and band to band."""

from dataclasses import dataclass

import cv2
import numpy as np

from lib.curation.analysis import Analysis
from lib.curation.fingerprints import (
    CANVAS_SIDE_PX,
    axis_frame,
    detail_of,
    make_canvas,
    quarter_turns,
)
from lib.tables import CROP_SHAPE

# Views of a photo: its eight quarter turns and mirrorings, then four mirrorings along its axis.
_TURNS = 8


# Correlation of two canvases, quarter turns and mirrorings tried, of photos in proportion.
# Measured on 1,213 simulated downloads with 72 altered copies: copies 0.75 to 1, four in five above
# 0.97; of the 735,000 other pairs one in 50,000 above 0.7, none above 0.82.
_SAME_FRAME = 0.92
_LIKELY_FRAME = 0.65
_MOST_ASPECT_STEP = 0.03
# Thin strips are too small for a canvas, yet their bands agree.
_LIKELY_STRIP = 0.5
_SAME_BAND = 0.97
# After one was turned and shifted onto the other. Of 40 copies turned by 1.5 to 10 degrees, all but
# two pass; of the frame a grown border takes up to a half.
_LIKELY_LIGHT = 0.86
_LEAST_LIGHT_SHARED = 0.75
_LEAST_FRAME_SHARED = 0.5
_MOST_STRETCH = 1.12
# What decides: mean correlation of the tiles of both photos in fine detail, each tile alike, so
# that a time stamp or a ruler that two photos share counts for no more than its place. Among 3,964
# simulated downloads with 239 altered copies: copies in proportion 0.31 to 0.93, other likely pairs
# up to 0.29.
_SAME_DETAIL = 0.3
# The same where the turn was fitted, which also fits what is merely alike: copies 0.58 to 0.98, but
# for two in 40; other photos up to 0.59.
_SAME_FITTED_DETAIL = 0.6

# Width of the blur that is taken off a picture to leave its finest detail.
_FINE_DETAIL_PX = 4.0
FINE_SIDE_PX = 192
# In each direction.
_TILES = 4
_TILE_COVER = 0.5


@dataclass(frozen=True)
class Look:
    """What of a photo is compared with others before its file is read again.

    Attributes
    ----------
    width, height : int
        Of the upright photo, pixels.
    canvas : uint8 array of shape (64, 64, 3)
        Of its fingerprint.
    profile : float16 array of shape (480, 3)
        Of `profile_of`; zero without a band.
    """

    width: int
    height: int
    canvas: np.ndarray
    profile: np.ndarray

    @classmethod
    def of(cls, analysis: Analysis) -> "Look":
        """Return the look of an analysed photo that could be read."""
        profile = profile_of(analysis.crop_pixels() if analysis.crop else None)
        return cls(
            analysis.width, analysis.height, analysis.canvas_pixels(), profile.astype(np.float16)
        )


def likely_map(first: Look, second: Look, mirroring: int) -> tuple[float, np.ndarray | None]:
    """Judge by their canvases whether two photos may be copies.

    Parameters
    ----------
    first, second : Look
    mirroring : int
        Along its axis, 0 to 3, in which the second resembles the first; -1 for none.

    Returns
    -------
    certainty : float
        1 where the canvases leave no doubt.
    found : float64 array of shape (3, 3), or None
        From the first's canvas pixels to the second's, if they may be copies.
    """
    likeness, turn = compare_frames(first, second)
    bands_agree = likeness >= _LIKELY_STRIP and compare_bands(first, second) >= _SAME_BAND
    if likeness >= _LIKELY_FRAME or bands_agree:
        return float(likeness >= _SAME_FRAME), _starting_map(first, second, turn)
    if mirroring < 0:
        return 0.0, None
    fitted = lay_over(first, second, _TURNS + mirroring)
    likely = (
        fitted is not None
        and fitted.likeness >= _LIKELY_LIGHT
        and fitted.light_shared >= _LEAST_LIGHT_SHARED
        and fitted.frame_shared >= _LEAST_FRAME_SHARED
        and fitted.stretch <= _MOST_STRETCH
    )
    return 0.0, np.vstack([fitted.found, [0, 0, 1]]) if likely else None


def same_detail(ours: np.ndarray, theirs: np.ndarray, found: np.ndarray) -> bool:
    """Return whether two photos agree in fine detail when laid on one another.

    Parameters
    ----------
    ours, theirs : uint8 arrays of shape (192, 192, 3)
        Of `fine_canvas`.
    found : float64 array of shape (3, 3)
        Of `likely_map`.
    """
    scale = FINE_SIDE_PX / CANVAS_SIDE_PX
    # Pixel centres are whole numbers, so the frames' corners lie half a pixel outside.
    grow = np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1]])
    start = (grow @ found @ np.linalg.inv(grow))[:2]
    ours, theirs = ours.astype(np.float32), theirs.astype(np.float32)
    if _is_turn(found):
        return _tile_correlation(ours, theirs, start) >= _SAME_DETAIL
    # A map fitted to 64 pixels is some fine pixels off.
    finer = _fit_map(ours, theirs, start)
    maps = [start] if finer is None else [start, finer]
    best = max(_tile_correlation(ours, theirs, to_theirs) for to_theirs in maps)
    return best >= _SAME_FITTED_DETAIL


def fine_canvas(image: np.ndarray) -> np.ndarray:
    """Return the light of a photo over its background, uint8 of shape (192, 192, 3)."""
    return make_canvas(image, side_px=FINE_SIDE_PX, noise_widths=0)


def compare_frames(first: Look, second: Look) -> tuple[float, int]:
    """Return the best correlation of two canvases, and the turn of the second that gives it.

    It is 0 where no turn has the same proportions.
    """
    ours, theirs = (_smooth_detail(one.canvas.astype(np.float32)) for one in (first, second))
    aspect, other = (np.log(one.width / one.height) for one in (first, second))
    best = (0.0, 0)
    for number, turned in enumerate(quarter_turns(theirs)):
        # Every second pair of views is a quarter turn, which swaps width and height.
        step = aspect + other if number // 2 % 2 else aspect - other
        if abs(step) <= _MOST_ASPECT_STEP:
            likeness = _correlation(ours.reshape(-1, 3), turned.reshape(-1, 3))
            best = max(best, (likeness, number))
    return best


def compare_bands(first: Look, second: Look) -> float:
    """Return the correlation of two band profiles, the better way round; 0 without a band."""
    ours, theirs = (look.profile.astype(np.float32) for look in (first, second))
    return float(max((ours * theirs).sum(), (ours * theirs[::-1]).sum()))


@dataclass(frozen=True)
class Overlay:
    """A photo's canvas turned and shifted onto another's.

    Attributes
    ----------
    likeness : float
        Correlation of the detail of both, in colour, -1 to 1.
    light_shared, frame_shared : float
        Part of the light, and of the frame, that lies in the other: of either photo, the lesser.
    stretch : float
        How far the map is from keeping shapes: 1 for a turn, shift and change of scale.
    found : float array of shape (2, 3)
        The map, from the first's canvas pixels to the second's.
    """

    likeness: float
    light_shared: float
    frame_shared: float
    stretch: float
    found: np.ndarray


def lay_over(first: Look, second: Look, view: int) -> Overlay | None:
    """Turn and shift the second photo's canvas onto the first's; None if nothing fits."""
    ours, theirs = (look.canvas.astype(np.float32) for look in (first, second))
    found = _fit_map(ours, theirs, _starting_map(first, second, view)[:2])
    if found is None:
        return None
    whole = np.ones(ours.shape[:2], np.float32)
    in_first = _warp(whole, found) > 0.99
    in_second = _warp(whole, cv2.invertAffineTransform(found)) > 0.99
    if not in_first.any():
        return None
    shares = [
        (light * part).sum() / light.sum()
        for light, part in ((ours.max(axis=2), in_first), (theirs.max(axis=2), in_second))
    ]
    details = [_smooth_detail(canvas)[in_first] for canvas in (ours, _warp(theirs, found))]
    return Overlay(
        likeness=_correlation(*details),
        light_shared=float(min(shares)),
        frame_shared=float(min(in_first.mean(), in_second.mean())),
        stretch=_stretch(found, first, second),
        found=found,
    )


def _fit_map(ours: np.ndarray, theirs: np.ndarray, start: np.ndarray) -> np.ndarray | None:
    """Return the affine map under which two canvases agree best, None if they never do."""
    blurred = [cv2.GaussianBlur(canvas.max(axis=2), (0, 0), 1.0) for canvas in (ours, theirs)]
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)
    try:
        return cv2.findTransformECC(
            *blurred, start.astype(np.float32), cv2.MOTION_AFFINE, criteria, None, 3
        )[1]
    except cv2.error:
        # It did not converge: the two have nothing in common.
        return None


def _is_turn(found: np.ndarray) -> bool:
    """Return whether a map is one of the eight quarter turns and mirrorings."""
    return bool(np.isin(found[:2, :2], (-1, 0, 1)).all())


def _tile_correlation(ours: np.ndarray, theirs: np.ndarray, found: np.ndarray) -> float:
    """Return the mean correlation of the tiles that both photos cover."""
    covered = _warp(np.ones(ours.shape[:2], np.float32), found) > 0.99
    ours, theirs = (_fine_detail(canvas) for canvas in (ours, _warp(theirs, found)))
    side = FINE_SIDE_PX // _TILES
    scores = []
    for top in range(0, FINE_SIDE_PX, side):
        for left in range(0, FINE_SIDE_PX, side):
            tile = (slice(top, top + side), slice(left, left + side))
            if covered[tile].mean() > _TILE_COVER:
                part = covered[tile]
                scores.append(_correlation(ours[tile][part], theirs[tile][part]))
    return float(np.mean(scores)) if scores else 0.0


def _fine_detail(canvas: np.ndarray) -> np.ndarray:
    detail = canvas - cv2.GaussianBlur(canvas, (0, 0), _FINE_DETAIL_PX)
    return cv2.GaussianBlur(detail, (0, 0), 0.7)


def _stretch(found: np.ndarray, first: Look, second: Look) -> float:
    """Return how far the map between two photos is from keeping shapes: 1 for a similarity."""
    ours, theirs = (np.array([one.width, one.height], float) for one in (first, second))
    longest, shortest = np.linalg.svd(found[:, :2] * theirs[:, None] / ours, compute_uv=False)
    return float(longest / max(shortest, 1e-9))


def _starting_map(first: Look, second: Look, view: int) -> np.ndarray:
    """Return the map from the first's canvas pixels to the second's that a view stands for."""
    if view < _TURNS:
        y, x = np.mgrid[:CANVAS_SIDE_PX, :CANVAS_SIDE_PX]
        x, y = (list(quarter_turns(grid))[view] for grid in (x, y))
        rows = [[grid[0, 1] - grid[0, 0], grid[1, 0] - grid[0, 0], grid[0, 0]] for grid in (x, y)]
        return np.array([*rows, [0, 0, 1]], np.float64)
    mirror = [(1, 1), (1, -1), (-1, 1), (-1, -1)][view - _TURNS]
    ours, theirs = (_light_frame(look) for look in (first, second))
    return theirs @ np.diag([*mirror, 1]) @ np.linalg.inv(ours)


def _light_frame(look: Look) -> np.ndarray:
    """Return where a photo's light lies on its canvas, as of `axis_frame`."""
    return axis_frame(look.canvas.max(axis=2), look.width / look.height)


def _smooth_detail(picture: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(detail_of(picture), (0, 0), 0.7)


def profile_of(crop: np.ndarray | None, samples: int = CROP_SHAPE[1]) -> np.ndarray:
    """Return a crop's mean row, float32 of shape (samples, 3): unit norm, no mean.

    Zero without a crop.
    """
    if crop is None:
        return np.zeros((samples, 3), np.float32)
    row = np.sqrt(crop.astype(np.float32).mean(axis=0, keepdims=True))
    if samples != row.shape[1]:
        row = cv2.resize(row, (samples, 1), interpolation=cv2.INTER_AREA)
    profile = row[0] - row.mean(axis=(0, 1))
    return profile / max(float(np.linalg.norm(profile)), 1e-6)


def _correlation(ours: np.ndarray, theirs: np.ndarray) -> float:
    ours, theirs = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    norm = float(np.linalg.norm(ours) * np.linalg.norm(theirs))
    return float((ours * theirs).sum()) / max(norm, 1e-6)


def _warp(canvas: np.ndarray, to_source: np.ndarray) -> np.ndarray:
    return cv2.warpAffine(
        canvas, to_source, canvas.shape[1::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
