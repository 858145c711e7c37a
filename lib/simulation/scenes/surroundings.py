"""What else is in a photo of a spectrum: haze, leaking light, lit walls, flare, printed overlays.

Light is linear, float32 (height, width, 3) in sensor RGB with 1 where the sensor clips; overlays
are drawn on the finished uint8 picture.
"""

import cv2
import numpy as np

from lib.simulation.instrument import camera
from lib.simulation.scenes import brushes, scenes

# Exponent that turns what a screen shows into linear light, near enough to sRGB for a backdrop.
SCREEN_GAMMA = 2.2
# Backdrops are painted at most this large and enlarged: they are out of focus anyway.
_PAINTED_PX = 800


def dark_box(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return the inside of a closed spectrometer: black with a little uneven haze."""
    level = 10 ** rng.uniform(-4.5, -2.5)
    if rng.random() < 0.5:
        return np.zeros((height, width, 3), np.float32)
    patches = 1 + 0.3 * rng.standard_normal((4, 4, 1), dtype=np.float32)
    haze = np.float32(level) * np.clip(patches, 0, None) * brushes.colour(rng, 0.6, 1)
    return cv2.resize(haze, (width, height), interpolation=cv2.INTER_LINEAR)


def pedestal(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return a coloured offset of the frame, display level 15 to 80, even or fading across it."""
    shown = rng.uniform(15, 80) / 255 * brushes.colour(rng, 0.3, 1)
    offset = np.broadcast_to(np.float32(shown**SCREEN_GAMMA), (height, width, 3))
    if rng.random() < 0.5:
        return offset
    patches = np.exp(rng.normal(0, 1, rng.integers(2, 5, 2))).clip(0, 1.5)
    # Linear interpolation between few patches: an amplifier's glow, a vignette, a bright corner.
    return offset * cv2.resize(np.float32(patches), (width, height))[..., None]


def light_leak(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return light that enters through gaps: glowing corners, edges and soft spots."""
    small_h, small_w = max(4, height // 8), max(4, width // 8)
    x, y = np.meshgrid(
        np.linspace(0, 1, small_w, dtype=np.float32), np.linspace(0, 1, small_h, dtype=np.float32)
    )
    light = np.zeros((small_h, small_w, 3), np.float32)
    for _ in range(rng.integers(1, 4)):
        cx, cy = rng.uniform(-0.1, 1.1, 2)
        if rng.random() < 0.6:
            # Most leaks come in at the rim of the frame.
            cx, cy = (round(cx), cy) if rng.random() < 0.5 else (cx, round(cy))
        angle, stretch = rng.uniform(0, np.pi), rng.uniform(1, 5)
        a = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        b = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        size = rng.uniform(0.04, 0.25)
        spot = 1 / (1 + ((a / stretch) ** 2 + b**2) / size**2) ** 1.5
        tint = np.float32([1, rng.uniform(0.5, 1), rng.uniform(0.2, 1)])
        light += 10 ** rng.uniform(-2, -0.3) * spot[..., None] * tint
    return cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)


def lit_place(rng: np.random.Generator, height: int, width: int, window: np.ndarray) -> np.ndarray:
    """Return a lit wall, box or room with a dark opening through which the spectrum is seen.

    Parameters
    ----------
    window : float array of shape (4, 2)
        Corners x, y of the area of the spectrum; the opening leaves a margin around it.
    """
    shrink = min(1.0, _PAINTED_PX / max(height, width))
    small_h, small_w = max(4, round(height * shrink)), max(4, round(width * shrink))
    painter = scenes.PAINTERS[str(rng.choice(["room", "plain_wall", "texture"]))]
    light = painter(rng, small_h, small_w) ** np.float32(SCREEN_GAMMA)
    light *= 10 ** rng.uniform(-1, 0.2)
    middle = window.mean(0)
    spread = np.linalg.norm(window - middle, axis=1).mean()
    jitter = rng.normal(0, 0.1 * spread, (4, 2))
    outward = (window - middle) / np.linalg.norm(window - middle, axis=1, keepdims=True)
    corners = middle + (window - middle) * rng.uniform(1.1, 1.6) + jitter
    corners += outward * spread * rng.uniform(0.15, 0.6)
    shut = np.zeros((small_h, small_w), np.float32)
    cv2.fillPoly(shut, [brushes.points(*(corners * shrink))], 1.0)
    shut = cv2.GaussianBlur(shut, (0, 0), max(0.6, 0.05 * spread * shrink))[..., None]
    light *= 1 - shut * rng.uniform(0.97, 1)
    return cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)


def flare(
    rng: np.random.Generator, height: int, width: int, source: tuple[float, float], size_px: float
) -> np.ndarray:
    """Return the glow, star burst and ghosts around a very bright source, peak about 1.

    Parameters
    ----------
    source : tuple of float
        Pixel (x, y) of the source, which may lie outside the frame.
    size_px : float
        Scale of the glow.

    Returns
    -------
    float32 array of shape (height, width)
    """
    shrink = 4
    shape = max(4, height // shrink), max(4, width // shrink)
    x = np.linspace(-source[0], width - source[0], shape[1], dtype=np.float32)
    y = np.linspace(-source[1], height - source[1], shape[0], dtype=np.float32)[:, None]
    r2 = (x**2 + y**2) / np.float32(size_px**2)
    # Scattered light falls as a power law of the angle.
    glow = 1 / (1 + r2) ** np.float32(rng.uniform(1.2, 2.0))
    near = 1 / (1 + r2 / 16) ** np.float32(1.5)
    for _ in range(rng.integers(0, 7)):
        cos, sin = brushes.unit(rng.uniform(0, np.pi))
        across = (x * -sin + y * cos) / np.float32(rng.uniform(0.05, 0.25) * size_px)
        ray = np.float32(rng.uniform(0.05, 0.5)) * near * np.exp(-np.minimum(across**2, 30))
        if rng.random() < 0.5:
            ray *= (x * cos + y * sin) * rng.choice([-1, 1]) > 0
        glow += ray
    for _ in range(rng.integers(0, 3)):
        gx, gy = rng.normal(0, 6 * size_px, 2)
        spread = (rng.uniform(0.3, 2) * size_px) ** 2
        ghost = np.exp(-np.minimum(((x - gx) ** 2 + (y - gy) ** 2) / spread, 30))
        glow += 10 ** rng.uniform(-3, -1.5) * ghost
    return cv2.resize(glow.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)


def draw_overlays(rng: np.random.Generator, image: np.ndarray) -> None:
    """Draw a time stamp, a logo, a marker line or a scale on the finished picture, in place."""
    drawers = (_draw_stamp, _draw_line, _draw_logo, _draw_ticks, camera.draw_grid)
    for index in rng.permutation(len(drawers))[: rng.integers(1, 3)]:
        drawers[index](rng, image)


def _draw_stamp(rng: np.random.Generator, image: np.ndarray) -> None:
    """Write a date and time, or the name of a program, in a corner."""
    height, width = image.shape[:2]
    text = (
        f"{rng.integers(2011, 2024)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d} "
        f"{rng.integers(24):02d}:{rng.integers(60):02d}:{rng.integers(60):02d}"
    )
    if rng.random() < 0.3:
        text = str(rng.choice(["CAM 1", "HD Webcam", "USB2.0 PC CAMERA", "preview", "REC"]))
    scale = rng.uniform(0.0008, 0.0016) * width
    y = int(height * rng.choice([0.08, 0.95]))
    x = int(width * rng.choice([0.03, 0.5]))
    ink = rng.choice([255, 255, 200]) * np.float32(rng.choice([[1, 1, 1], [1, 1, 0], [1, 0.5, 0]]))
    thickness = max(1, round(width / 600))
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(image, text, (x, y), font, scale, tuple(map(float, ink)), thickness, cv2.LINE_AA)


def _draw_line(rng: np.random.Generator, image: np.ndarray) -> None:
    """Draw the line along which a program reads the spectrum, mostly white, straight across."""
    height, width = image.shape[:2]
    ink = (
        (255.0, 255.0, 255.0) if rng.random() < 0.7 else tuple(map(float, rng.integers(0, 256, 3)))
    )
    thickness = max(1, round(min(height, width) / 400))
    at = rng.uniform(0.3, 0.7)
    if rng.random() < 0.8:
        cv2.line(image, (0, int(at * height)), (width, int(at * height)), ink, thickness)
    else:
        cv2.line(image, (int(at * width), 0), (int(at * width), height), ink, thickness)


def _draw_logo(rng: np.random.Generator, image: np.ndarray) -> None:
    """Paste a small coloured badge near a corner."""
    height, width = image.shape[:2]
    size = max(3, int(min(height, width) * rng.uniform(0.04, 0.1)))
    x = int(rng.choice([1.5 * size, width - 1.5 * size]))
    y = int(rng.choice([1.5 * size, height - 1.5 * size]))
    ink = tuple(map(float, rng.integers(30, 256, 3)))
    if rng.random() < 0.5:
        cv2.circle(image, (x, y), size, ink, -1, cv2.LINE_AA)
    else:
        cv2.rectangle(image, (x - size, y - size // 2), (x + size, y + size // 2), ink, -1)
    cv2.circle(image, (x, y), size // 2, (255, 255, 255), max(1, size // 6), cv2.LINE_AA)


def _draw_ticks(rng: np.random.Generator, image: np.ndarray) -> None:
    """Draw a white ruler with ticks along the upper or lower rim."""
    height, width = image.shape[:2]
    thick = max(1, height // 60)
    y = 0 if rng.random() < 0.5 else height - thick
    ink = (255, 255, 255) if rng.random() < 0.6 else (128, 128, 128)
    image[y : y + thick] = ink
    reach = slice(y, y + 3 * thick) if y == 0 else slice(max(0, y - 2 * thick), height)
    image[reach, :: max(4, width // int(rng.integers(8, 30)))] = ink
