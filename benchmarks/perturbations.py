"""What people and programs do to a photo, with the truth moved along.

Each perturbation takes (image, boxes) and returns the same: a guard against rules that fit the
photos at hand and no others.
"""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Box:
    """A usable band of the truth: half-open box, axis and blue end."""

    x0: float
    y0: float
    x1: float
    y1: float
    axis: str
    blue_end: str


def rescale(image: np.ndarray, boxes: list[Box], factor: float) -> tuple[np.ndarray, list[Box]]:
    """Resize by `factor`."""
    height, width = image.shape[:2]
    size = (max(8, round(width * factor)), max(4, round(height * factor)))
    sx, sy = size[0] / width, size[1] / height
    moved = [Box(b.x0 * sx, b.y0 * sy, b.x1 * sx, b.y1 * sy, b.axis, b.blue_end) for b in boxes]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), moved


def turn(image: np.ndarray, boxes: list[Box], degrees: float) -> tuple[np.ndarray, list[Box]]:
    """Rotate a little about the middle, the frame grown and filled with black."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (int(width * cos + height * sin), int(width * sin + height * cos))
    matrix[:, 2] += (np.array(size) - (width, height)) / 2
    turned = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR)
    moved = []
    for b in boxes:
        # The band's ends and its edges, not the corners of its box: a turned band is longer by
        # its slope only.
        middle_x, middle_y = (b.x0 + b.x1) / 2, (b.y0 + b.y1) / 2
        ends = [(b.x0, middle_y), (b.x1, middle_y), (middle_x, b.y0), (middle_x, b.y1)]
        x, y = matrix @ np.column_stack([ends, np.ones(4)]).T
        moved.append(Box(x.min(), y.min(), x.max(), y.max(), b.axis, b.blue_end))
    return turned, moved


_QUARTER = {"left": "top", "top": "right", "right": "bottom", "bottom": "left", "none": "none"}
_MIRROR = {"left": "right", "right": "left", "top": "top", "bottom": "bottom", "none": "none"}


def quarter_turn(image: np.ndarray, boxes: list[Box]) -> tuple[np.ndarray, list[Box]]:
    """Rotate by 90 degrees clockwise."""
    height = image.shape[0]
    moved = [
        Box(
            height - b.y1,
            b.x0,
            height - b.y0,
            b.x1,
            "vertical" if b.axis == "horizontal" else "horizontal",
            _QUARTER[b.blue_end],
        )
        for b in boxes
    ]
    return np.ascontiguousarray(np.rot90(image, -1)), moved


def half_turn(image: np.ndarray, boxes: list[Box]) -> tuple[np.ndarray, list[Box]]:
    """Rotate by 180 degrees."""
    return quarter_turn(*quarter_turn(image, boxes))


def mirror(image: np.ndarray, boxes: list[Box]) -> tuple[np.ndarray, list[Box]]:
    """Swap left and right."""
    width = image.shape[1]
    moved = [
        Box(width - b.x1, b.y0, width - b.x0, b.y1, b.axis, _MIRROR[b.blue_end]) for b in boxes
    ]
    return np.ascontiguousarray(image[:, ::-1]), moved


def darken(image: np.ndarray, boxes: list[Box]) -> tuple[np.ndarray, list[Box]]:
    """Expose two stops less, roughly: 0.4 of every coded value."""
    return (image * 0.4).astype(np.uint8), boxes


def blur(image: np.ndarray, boxes: list[Box]) -> tuple[np.ndarray, list[Box]]:
    """Defocus by 0.4 % of the longest side."""
    return cv2.GaussianBlur(image, (0, 0), max(0.6, 0.004 * max(image.shape[:2]))), boxes


def pad(image: np.ndarray, boxes: list[Box]) -> tuple[np.ndarray, list[Box]]:
    """Put the photo off-centre into a black frame of half again its size."""
    width = image.shape[1]
    left, top = round(0.35 * width), round(0.15 * width)
    right, bottom = round(0.15 * width), round(0.35 * width)
    padded = cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT)
    moved = [
        Box(b.x0 + left, b.y0 + top, b.x1 + left, b.y1 + top, b.axis, b.blue_end) for b in boxes
    ]
    return padded, moved


def crop(image: np.ndarray, boxes: list[Box]) -> tuple[np.ndarray, list[Box]]:
    """Cut the frame close around the first box, a tenth of its length left on each side."""
    if not boxes:
        return image, boxes
    b = boxes[0]
    margin = 0.1 * max(b.x1 - b.x0, b.y1 - b.y0)
    height, width = image.shape[:2]
    x0, y0 = int(max(0, b.x0 - margin)), int(max(0, b.y0 - margin))
    x1, y1 = int(min(width, b.x1 + margin)), int(min(height, b.y1 + margin))
    kept = [o for o in boxes if o.x0 >= x0 and o.x1 <= x1 and o.y0 >= y0 and o.y1 <= y1]
    moved = [Box(o.x0 - x0, o.y0 - y0, o.x1 - x0, o.y1 - y0, o.axis, o.blue_end) for o in kept]
    return np.ascontiguousarray(image[y0:y1, x0:x1]), moved


def jpeg(image: np.ndarray, boxes: list[Box]) -> tuple[np.ndarray, list[Box]]:
    """Compress hard, as messengers do: JPEG quality 40."""
    _, data = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 40])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1]), boxes


PERTURBATIONS = {
    "turn_+3": lambda image, boxes: turn(image, boxes, 3),
    "turn_-12": lambda image, boxes: turn(image, boxes, -12),
    "quarter_turn": quarter_turn,
    "half_turn": half_turn,
    "mirror": mirror,
    "rescale_0.6": lambda image, boxes: rescale(image, boxes, 0.6),
    "rescale_0.3": lambda image, boxes: rescale(image, boxes, 0.3),
    "darken": darken,
    "blur": blur,
    "pad": pad,
    "crop": crop,
    "jpeg_40": jpeg,
}
