"""What a photo looks like whatever was done to the file: the same for its near duplicates.

A copy may be rescaled, recompressed, brightened, turned or mirrored. The canvas is a small square
picture with the background taken off and the brightness evened out. Its slowest waves, a cosine
transform, find copies with the same frame; those of the light along its principal axis find copies
at any angle and with any border. A quarter turn or a mirroring of the picture swaps and negates
waves, so that one set stands for all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

CANVAS_SIDE_PX = 64
# The brightest one in two hundred: hot pixels and a clipped core must not set the scale.
_TOP_PERCENTILE = 99.5
# Over the background, in noise widths of a canvas pixel.
_NOISE_WIDTHS = 2.0
# Light below this part of the top is noise and haze, which must not pull on the axis.
_AXIS_FLOOR = 0.15
# The aligned canvas reaches this many standard deviations of the light either way.
_AXIS_REACH = 2.6
# Width of the blur that is taken off a picture to leave its detail.
_DETAIL_PX = 6.0
# Waves in each direction, and the side of the picture that they describe. For 197 of 199 altered
# copies among 3,206 simulated downloads, the original is among the four nearest by either set. With
# eight waves in each direction it is found as well, but further down.
WAVES = 12
_WAVES_SIDE_PX = 32


@dataclass(frozen=True)
class Fingerprint:
    """A photo's canvas and its waves.

    Attributes
    ----------
    canvas : uint8 array of shape (64, 64, 3)
        Square root of the light over the background, the brightest 255; the frame squeezed square.
    frame_waves, axis_waves : float16 arrays of shape (12, 12)
        Of the light's detail as the canvas stands, and along its principal axis; unit norm, the
        first 0. All 0 of a picture without detail.
    """

    canvas: np.ndarray
    frame_waves: np.ndarray
    axis_waves: np.ndarray


def fingerprint(image: np.ndarray) -> Fingerprint:
    """Take the fingerprint of an upright photo, uint8 of shape (h, w, 3)."""
    height, width = image.shape[:2]
    canvas = make_canvas(image)
    light = canvas.max(axis=2)
    aligned = view_of(light, axis_frame(light, width / height))
    return Fingerprint(canvas, _waves(light), _waves(aligned))


def make_canvas(
    image: np.ndarray, *, side_px: int = CANVAS_SIDE_PX, noise_widths: float = _NOISE_WIDTHS
) -> np.ndarray:
    """Return the canvas of a photo, uint8 of shape (side_px, side_px, 3).

    `noise_widths` over the background are taken off with it.
    """
    side = (side_px, side_px)
    # As float: in a dark photo the averaged light is far less than one 8-bit step.
    small = _shrink(image, side)
    floor = np.median(small, axis=(0, 1)) + noise_widths * _noise(small, image.shape)
    light = np.maximum(small - floor, 0)
    top = max(float(np.percentile(light.max(axis=2), _TOP_PERCENTILE)), 1.0)
    return np.round(255 * np.sqrt(np.minimum(light / top, 1))).astype(np.uint8)


def _noise(small: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the noise of each channel, from the steps along the smoother direction."""
    # Where the photo was enlarged, neighbours are alike for no other reason.
    axes = [axis for axis in (0, 1) if shape[axis] >= len(small)] or [0, 1]
    steps = [np.median(np.abs(np.diff(small, axis=axis)), axis=(0, 1)) for axis in axes]
    # A normal distribution's median step between two samples is 0.954 of its width.
    return np.min(steps, axis=0) / 0.954


def quarter_turns(canvas: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the eight quarter turns and mirrorings of a square picture, itself first."""
    for turns in range(4):
        turned = np.rot90(canvas, turns)
        yield turned
        yield turned[:, ::-1]


def turned_waves(waves: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the waves of the eight quarter turns and mirrorings of pictures, themselves first.

    Parameters
    ----------
    waves : float array of shape (n, 12, 12)
    """
    sign = _mirroring_sign(waves)
    for _ in range(4):
        yield waves
        yield waves * sign
        waves = waves.swapaxes(1, 2) * sign[:, None]


def mirrored_waves(waves: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the waves of pictures, and of them mirrored across either axis and both."""
    sign = _mirroring_sign(waves)
    yield waves
    yield waves * sign[:, None]
    yield waves * sign
    yield waves * sign * sign[:, None]


def _mirroring_sign(waves: np.ndarray) -> np.ndarray:
    """Every second cosine is odd about the picture's middle."""
    return np.where(np.arange(waves.shape[-1]) % 2, -1, 1).astype(waves.dtype)


def detail_of(picture: np.ndarray) -> np.ndarray:
    """Return a picture without its slow changes, float32."""
    return picture - cv2.GaussianBlur(picture, (0, 0), _DETAIL_PX)


def axis_frame(light: np.ndarray, aspect: float) -> np.ndarray:
    """Return where a canvas's light lies: its centre, its axis, its spread along and across.

    Parameters
    ----------
    light : uint8 array of shape (64, 64)
    aspect : float
        Width over height of the photo, which the canvas has lost.

    Returns
    -------
    float64 array of shape (3, 3)
        Maps (along, across, 1), each -1 to 1 over the part that holds the light, to canvas pixels.
    """
    weight = np.maximum(light / 255 - _AXIS_FLOOR, 0)
    y, x = np.mgrid[:CANVAS_SIDE_PX, :CANVAS_SIDE_PX].astype(np.float64)
    x *= aspect
    total = max(weight.sum(), 1e-9)
    centre_x, centre_y = (weight * x).sum() / total, (weight * y).sum() / total
    dx, dy = x - centre_x, y - centre_y
    cross = (weight * dx * dy).sum()
    spread = np.array([[(weight * dx * dx).sum(), cross], [cross, (weight * dy * dy).sum()]])
    values, vectors = np.linalg.eigh(spread / total)
    # A single point still gets a frame of a pixel or so.
    minor, major = np.sqrt(np.maximum(values, 0.25)) * _AXIS_REACH
    cosine, sine = vectors[:, 1]
    return np.array(
        [
            [cosine * major / aspect, -sine * minor / aspect, centre_x / aspect],
            [sine * major, cosine * minor, centre_y],
            [0, 0, 1],
        ]
    )


def view_of(light: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Return the part of a canvas that `frame` spans, uint8 of shape (64, 64)."""
    half = CANVAS_SIDE_PX / 2
    to_unit = np.array([[1 / half, 0, 0.5 / half - 1], [0, 1 / half, 0.5 / half - 1], [0, 0, 1]])
    return cv2.warpAffine(
        light,
        (frame @ to_unit)[:2],
        (CANVAS_SIDE_PX, CANVAS_SIDE_PX),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )


def _shrink(image: np.ndarray, side: tuple[int, int]) -> np.ndarray:
    """Return the image averaged to `side`, float32, in two steps where that saves memory."""
    while min(image.shape[:2]) > 8 * max(side):
        half = (image.shape[1] // 4, image.shape[0] // 4)
        image = cv2.resize(image, half, interpolation=cv2.INTER_AREA).astype(np.float32)
    return cv2.resize(image.astype(np.float32), side, interpolation=cv2.INTER_AREA)


def _waves(light: np.ndarray) -> np.ndarray:
    """Return the slowest waves of the detail of a picture, float16 of shape (12, 12)."""
    side = (_WAVES_SIDE_PX, _WAVES_SIDE_PX)
    small = cv2.resize(detail_of(light.astype(np.float32)), side, interpolation=cv2.INTER_AREA)
    waves = cv2.dct(small)[:WAVES, :WAVES]
    waves[0, 0] = 0
    return (waves / max(float(np.linalg.norm(waves)), 1e-6)).astype(np.float16)
