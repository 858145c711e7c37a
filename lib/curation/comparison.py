"""Whether two photos are copies of one another, picture to picture and band to band."""

import cv2
import numpy as np

from lib.curation.analysis import Analysis
from lib.curation.fingerprints import CANVAS_SIDE_PX, axis_frame, quarter_turns

# Views of a photo: its eight quarter turns and mirrorings, then four mirrorings along its axis.
TURNS, MIRRORINGS = 8, 4

# Of 480 simulated photos and 240 altered copies: correlation of two canvases, quarter turns and
# mirrorings tried, of photos whose sides are in proportion. Copies with the frame kept: 0.70 to 1,
# all but one in 40 above 0.8; other photos: up to 0.70.
_SAME_FRAME = 0.8
_MOST_ASPECT_STEP = 0.03
# The same where the bands agree as well, which they do in thin strips, too small for a canvas.
_SAME_FRAME_AND_BAND = 0.6
_SAME_BAND = 0.99
# Correlation after one was turned and shifted onto the other, over most of the light and frame of
# both, with hardly a stretch. Copies at an angle: 0.86 to 1; other photos: up to 0.91, stretched.
_SAME_LIGHT = 0.93
_LEAST_COVER = 0.75
_MOST_STRETCH = 1.12

# Width of the blur that is taken off a picture to leave its detail.
_DETAIL_PX = 6.0


def are_copies(first: Analysis, second: Analysis, view: int) -> bool:
    """Return whether two photos show the same picture, starting from a view of the second."""
    frames = compare_frames(first, second)
    if frames >= _SAME_FRAME:
        return True
    if frames >= _SAME_FRAME_AND_BAND and compare_bands(first, second) >= _SAME_BAND:
        return True
    likeness, cover, stretch = lay_over(first, second, view)
    return likeness >= _SAME_LIGHT and cover >= _LEAST_COVER and stretch <= _MOST_STRETCH


def compare_frames(first: Analysis, second: Analysis) -> float:
    """Return the best correlation of two canvases, 0 where no turn gives the same proportions."""
    ours, theirs = (
        _smooth_detail(one.canvas_pixels().astype(np.float32)) for one in (first, second)
    )
    aspect, other = (np.log(one.width / one.height) for one in (first, second))
    best = 0.0
    for number, turned in enumerate(quarter_turns(theirs)):
        # Every second pair of views is a quarter turn, which swaps width and height.
        step = aspect + other if number // 2 % 2 else aspect - other
        if abs(step) <= _MOST_ASPECT_STEP:
            best = max(best, _correlation(ours.reshape(-1, 3), turned.reshape(-1, 3)))
    return best


def compare_bands(first: Analysis, second: Analysis) -> float:
    """Return the correlation of two band profiles, the better way round; 0 without a band."""
    ours, theirs = (profile_of(analysis, None) for analysis in (first, second))
    if len(ours) != len(theirs):
        return 0.0
    backwards = theirs.reshape(-1, 3)[::-1].ravel()
    return float(max(ours @ theirs, ours @ backwards))


def lay_over(first: Analysis, second: Analysis, view: int) -> tuple[float, float, float]:
    """Turn and shift the second photo's canvas onto the first's, and compare them.

    Returns
    -------
    likeness : float
        Correlation of the detail of both, in colour, -1 to 1.
    cover : float
        Part that both show of the light of either and of the smaller frame, the least, 0 to 1.
    stretch : float
        How far the map is from keeping shapes: 1 for a turn, shift and change of scale.
    """
    nothing = (0.0, 0.0, 1.0)
    ours, theirs = (analysis.canvas_pixels().astype(np.float32) for analysis in (first, second))
    start = _starting_map(first, second, view)
    blurred = [cv2.GaussianBlur(canvas.max(axis=2), (0, 0), 1.0) for canvas in (ours, theirs)]
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)
    try:
        _, found = cv2.findTransformECC(
            *blurred, start[:2].astype(np.float32), cv2.MOTION_AFFINE, criteria, None, 3
        )
    except cv2.error:
        # It did not converge: the two have nothing in common.
        return nothing
    whole = np.ones(ours.shape[:2], np.float32)
    covered = _warp(whole, found) > 0.99
    if not covered.any():
        return nothing
    in_second = _warp(whole, cv2.invertAffineTransform(found)) > 0.99
    # One frame may hold the other and a border; the light of either must be in both.
    cover = min(
        max(covered.mean(), in_second.mean()),
        *(
            (canvas.max(axis=2) * part).sum() / canvas.max(axis=2).sum()
            for canvas, part in ((ours, covered), (theirs, in_second))
        ),
    )
    details = [_smooth_detail(canvas)[covered] for canvas in (ours, _warp(theirs, found))]
    return _correlation(*details), float(cover), _stretch(found, first, second)


def _stretch(found: np.ndarray, first: Analysis, second: Analysis) -> float:
    """Return how far the map between two photos is from keeping shapes: 1 for a similarity."""
    ours, theirs = (np.array([one.width, one.height], float) for one in (first, second))
    longest, shortest = np.linalg.svd(found[:, :2] * theirs[:, None] / ours, compute_uv=False)
    return float(longest / max(shortest, 1e-9))


def _starting_map(first: Analysis, second: Analysis, view: int) -> np.ndarray:
    """Return the map from the first's canvas pixels to the second's that a view stands for."""
    if view < TURNS:
        y, x = np.mgrid[:CANVAS_SIDE_PX, :CANVAS_SIDE_PX]
        x, y = (list(quarter_turns(grid))[view] for grid in (x, y))
        rows = [[grid[0, 1] - grid[0, 0], grid[1, 0] - grid[0, 0], grid[0, 0]] for grid in (x, y)]
        return np.array([*rows, [0, 0, 1]], np.float64)
    mirror = [(1, 1), (1, -1), (-1, 1), (-1, -1)][view - TURNS]
    ours, theirs = (light_and_frame(analysis)[1] for analysis in (first, second))
    return theirs @ np.diag([*mirror, 1]) @ np.linalg.inv(ours)


def light_and_frame(analysis: Analysis) -> tuple[np.ndarray, np.ndarray]:
    """Return the brightest channel of a photo's canvas, and where its light lies."""
    light = analysis.canvas_pixels().max(axis=2)
    return light, axis_frame(light, analysis.width / analysis.height)


def detail_of(picture: np.ndarray) -> np.ndarray:
    """Return a picture without its slow changes, float32."""
    return picture - cv2.GaussianBlur(picture, (0, 0), _DETAIL_PX)


def _smooth_detail(picture: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(detail_of(picture), (0, 0), 0.7)


def profile_of(analysis: Analysis, samples: int | None) -> np.ndarray:
    """Return the crop's mean row as a unit vector without its mean, zero without a crop."""
    if not analysis.crop:
        return np.zeros(3 * (samples or 1), np.float32)
    row = np.sqrt(analysis.crop_pixels().astype(np.float32).mean(axis=0, keepdims=True))
    if samples:
        row = cv2.resize(row, (samples, 1), interpolation=cv2.INTER_AREA)
    profile = (row - row.mean(axis=(0, 1))).ravel()
    return profile / max(float(np.linalg.norm(profile)), 1e-6)


def _correlation(ours: np.ndarray, theirs: np.ndarray) -> float:
    ours, theirs = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    norm = float(np.linalg.norm(ours) * np.linalg.norm(theirs))
    return float((ours * theirs).sum()) / max(norm, 1e-6)


def _warp(canvas: np.ndarray, to_source: np.ndarray) -> np.ndarray:
    side = (CANVAS_SIDE_PX, CANVAS_SIDE_PX)
    return cv2.warpAffine(canvas, to_source, side, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
