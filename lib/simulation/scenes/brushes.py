"""What pictures are painted with: smooth fields, colours, textures, light from a side, blur."""

import cv2
import numpy as np


def smooth_field(rng: np.random.Generator, height: int, width: int, cells: float) -> np.ndarray:
    """Return a random field, float32 (height, width) of mean 0 and deviation about 1.

    `cells` is the number of independent patches along the longer side.
    """
    step = max(height, width) / cells
    coarse = rng.standard_normal(
        (max(2, round(height / step) + 1), max(2, round(width / step) + 1)), dtype=np.float32
    )
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def colour(rng: np.random.Generator, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Return a random colour, float32 (3,), each channel between `low` and `high`."""
    return rng.uniform(low, high, 3).astype(np.float32)


def muted(rng: np.random.Generator, low: float = 0.15, high: float = 0.85) -> np.ndarray:
    """Return a colour of low saturation, as of walls, wood and cardboard, float32 (3,)."""
    warmth = rng.uniform(-0.02, 0.14)
    return np.float32(rng.uniform(low, high) * np.array([1 + warmth, 1, 1 - 1.3 * warmth]))


def points(*corners: tuple[float, float]) -> np.ndarray:
    """Return corners (x, y) as OpenCV wants them, int32 (n, 1, 2)."""
    return np.int32(np.round(corners)).reshape(-1, 1, 2)


def canvas(height: int, width: int, fill: np.ndarray) -> np.ndarray:
    """Return a picture of one colour, float32 (height, width, 3)."""
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = fill
    return picture


def shade(rng: np.random.Generator, picture: np.ndarray, depth: float = 0.35) -> np.ndarray:
    """Light a picture unevenly: a gradient from a random side and soft patches."""
    height, width = picture.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    x = np.linspace(-1, 1, width, dtype=np.float32) * np.float32(np.cos(angle))
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.float32(np.sin(angle))
    light = 1 - depth / 2 + depth / 2 * (x + y)
    light += 0.25 * depth * smooth_field(rng, height, width, 4)
    return np.clip(picture * light[..., None], 0, 1)


def grain(rng: np.random.Generator, height: int, width: int, strength: float) -> np.ndarray:
    """Return a fine texture stretched along one direction (wood, cardboard), float32 (h, w, 1)."""
    along, across = rng.uniform(2, 8), rng.uniform(40, 160)
    rows, columns = (along, across) if rng.random() < 0.5 else (across, along)
    coarse = rng.standard_normal((int(rows) + 2, int(columns) + 2), dtype=np.float32)
    return strength * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)[..., None]


def unit(angle: float) -> tuple[float, float]:
    """Return the unit vector (x, y) at `angle` in radians."""
    return float(np.cos(angle)), float(np.sin(angle))


def blur_coarsely(field: np.ndarray, sigma_px: float) -> np.ndarray:
    """Blur by a wide Gaussian at reduced size, which costs little and looks the same."""
    shrink = max(1, int(sigma_px / 3))
    height, width = field.shape[:2]
    small = cv2.resize(
        field, (max(2, width // shrink), max(2, height // shrink)), interpolation=cv2.INTER_AREA
    )
    small = cv2.GaussianBlur(small, (0, 0), max(0.3, sigma_px / shrink))
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
