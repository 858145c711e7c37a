"""What people do to a photo before they upload it once more, with its truth kept right."""

from dataclasses import replace

import cv2
import numpy as np

from lib.simulation.instrument import camera
from lib.simulation.photos.photos import SimulatedPhoto
from lib.simulation.photos.truth import BandTruth

CHANGES = ("rescaled", "recompressed", "brightened", "rotated", "mirrored")
# Smaller than this a spectrum is gone.
_SMALLEST_PX = 40


def retouch(rng: np.random.Generator, photo: SimulatedPhoto, change: str) -> SimulatedPhoto:
    """Return a near-duplicate of a photo, changed in one of the ways of `CHANGES`."""
    image = photo.image
    height, width = image.shape[:2]
    if change == "recompressed":
        return SimulatedPhoto(camera.jpeg(image, int(rng.integers(25, 60))), photo.truth)
    if change == "brightened":
        levels = np.linspace(0, 1, 256) ** rng.uniform(0.6, 0.9) * rng.uniform(1.0, 1.3)
        table = np.uint8(np.clip(255 * levels, 0, 255))
        return SimulatedPhoto(table[image], photo.truth)
    if change == "rescaled":
        factor = rng.uniform(0.4, 0.85) if rng.random() < 0.7 else rng.uniform(1.2, 1.6)
        size = max(_SMALLEST_PX, round(width * factor)), max(6, round(height * factor))
        method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        scaled = cv2.resize(image, size, interpolation=method)
        return moved(photo, scaled, (size[0] / width, size[1] / height))
    if change == "mirrored":
        if rng.random() < 0.8:
            return moved(photo, image[:, ::-1], (-1.0, 1.0))
        return moved(photo, image[::-1], (1.0, -1.0))
    turns = int(rng.integers(1, 4))
    # Half a turn flips both axes; a quarter turn is a swap of the axes and one flip.
    if turns == 2:
        return moved(photo, image[::-1, ::-1], (-1.0, -1.0))
    swapped = replace(
        photo,
        image=image.transpose(1, 0, 2),
        truth=replace(photo.truth, boxes=tuple(map(_swap_axes, photo.truth.boxes))),
    )
    flips = (-1.0, 1.0) if turns == 1 else (1.0, -1.0)
    turned = swapped.image[:, ::-1] if turns == 1 else swapped.image[::-1]
    return moved(swapped, turned, flips)


def moved(photo: SimulatedPhoto, image: np.ndarray, factors: tuple[float, float]) -> SimulatedPhoto:
    """Return `image` with the truth of `photo`, stretched by `factors` along x and y.

    A negative factor mirrors. Pixel centres are whole numbers.
    """
    size = image.shape[1], image.shape[0]
    boxes = tuple(stretch(box, factors, size) for box in photo.truth.boxes)
    return SimulatedPhoto(np.ascontiguousarray(image), replace(photo.truth, boxes=boxes))


def stretch(box: BandTruth, factors: tuple[float, float], size: tuple[int, int]) -> BandTruth:
    """Return a box in a picture of `size` (width, height) that was stretched by `factors`."""
    # A pixel at x goes to factor * (x + 0.5) - 0.5, measured from the far rim where mirrored.
    shifts = [
        0.5 * factor - 0.5 + (rim if factor < 0 else 0)
        for factor, rim in zip(factors, size, strict=True)
    ]
    (x0, x1), (y0, y1) = (
        sorted(round(factor * edge + (rim if factor < 0 else 0)) for edge in edges)
        for factor, rim, edges in zip(
            factors, size, ((box.x0, box.x1), (box.y0, box.y1)), strict=True
        )
    )
    along = 0 if box.axis == "horizontal" else 1
    back = np.polynomial.Polynomial([-shifts[along] / factors[along], 1 / factors[along]])
    nm = np.polynomial.Polynomial(box.coefficients)(back)
    line = np.polynomial.Polynomial(box.centre_line)(back) * factors[1 - along]
    line += shifts[1 - along]
    flipped = factors[along] < 0
    shear = abs(factors[1 - along] / factors[along])
    tilt = np.degrees(np.arctan(np.tan(np.radians(box.angle_deg)) * shear))
    return replace(
        box,
        x0=x0,
        y0=y0,
        x1=x1,
        y1=y1,
        blue_end=opposite(box.blue_end) if flipped else box.blue_end,
        blue_side=opposite(box.blue_side) if flipped else box.blue_side,
        angle_deg=float(tilt * np.sign(factors[0] * factors[1])),
        coefficients=tuple(map(float, nm.coef)),
        centre_line=tuple(map(float, line.coef)),
    )


def opposite(side: str) -> str:
    """Return the other end of an axis; "none" stays none."""
    pairs = {"left": "right", "top": "bottom"}
    return (pairs | {b: a for a, b in pairs.items()}).get(side, side)


def _swap_axes(box: BandTruth) -> BandTruth:
    """Return a box in a picture whose x and y have changed places."""
    turned = {"left": "top", "right": "bottom", "top": "left", "bottom": "right", "none": "none"}
    return replace(
        box,
        x0=box.y0,
        y0=box.x0,
        x1=box.y1,
        y1=box.x1,
        axis="vertical" if box.axis == "horizontal" else "horizontal",
        blue_end=turned[box.blue_end],
        blue_side=turned[box.blue_side],
        angle_deg=-box.angle_deg,
    )
