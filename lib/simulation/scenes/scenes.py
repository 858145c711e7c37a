"""What people photograph besides spectra: rooms, lamps, text, textures, rainbow-coloured things.

Each painter takes `(rng, height, width)` and returns a picture as a screen would show it, float32
(height, width, 3), RGB in [0, 1]. Painters stand in for photos that must be refused; `room` and
`plain_wall` are also what is seen around a spectrum in a lit place.
"""

from collections.abc import Callable

import cv2
import numpy as np

from lib.simulation.scenes.brushes import (
    blur_coarsely,
    canvas,
    colour,
    grain,
    muted,
    points,
    shade,
    smooth_field,
    unit,
)

Painter = Callable[[np.random.Generator, int, int], np.ndarray]

# Hues of a rainbow in order, as an object or a picture shows them, RGB in [0, 1].
RAINBOW = np.float32(
    [
        [0.89, 0.01, 0.01],
        [1.00, 0.55, 0.00],
        [1.00, 0.93, 0.00],
        [0.00, 0.50, 0.15],
        [0.00, 0.30, 1.00],
        [0.46, 0.03, 0.53],
    ]
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz      0123456789.,:-"


def plain_wall(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paint an empty wall, a sheet of paper or cardboard."""
    picture = canvas(height, width, muted(rng))
    picture += grain(rng, height, width, rng.uniform(0, 0.04))
    return shade(rng, picture, rng.uniform(0.1, 0.8))


def room(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paint a table before a wall with boxes, cables and small things on it."""
    picture = canvas(height, width, muted(rng))
    horizon = int(height * rng.uniform(0.2, 0.6))
    table = canvas(height - horizon, width, muted(rng))
    picture[horizon:] = table + grain(rng, height - horizon, width, rng.uniform(0.01, 0.07))
    for _ in range(rng.integers(2, 7)):
        _paint_box(rng, picture)
    for _ in range(rng.integers(0, 5)):
        _paint_cable(rng, picture)
    picture = cv2.GaussianBlur(picture, (0, 0), max(0.5, width * rng.uniform(0.0005, 0.008)))
    return shade(rng, picture, rng.uniform(0.2, 0.9))


def _paint_box(rng: np.random.Generator, picture: np.ndarray) -> None:
    """Add a box with a lit top and a darker side."""
    height, width = picture.shape[:2]
    x, y = rng.uniform(-0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height
    w, h = rng.uniform(0.08, 0.5) * width, rng.uniform(0.06, 0.4) * height
    lean, depth = rng.uniform(-0.15, 0.15) * w, rng.uniform(0.1, 0.6) * h
    body = colour(rng, 0.05, 0.9) if rng.random() < 0.4 else muted(rng, 0.03, 0.8)
    front = points((x, y), (x + w, y + lean), (x + w, y + h + lean), (x, y + h))
    top = points((x, y), (x + w, y + lean), (x + w + lean, y - depth + lean), (x + lean, y - depth))
    cv2.fillPoly(picture, [top], tuple(map(float, np.minimum(1.25 * body, 1))), cv2.LINE_AA)
    cv2.fillPoly(picture, [front], tuple(map(float, 0.75 * body)), cv2.LINE_AA)


def _paint_cable(rng: np.random.Generator, picture: np.ndarray) -> None:
    """Add a curved dark or coloured cable."""
    height, width = picture.shape[:2]
    t = np.linspace(0, 1, 24)[:, None]
    ends = rng.uniform(-0.1, 1.1, (4, 2)) * (width, height)
    curve = (
        (1 - t) ** 3 * ends[0]
        + 3 * t * (1 - t) ** 2 * ends[1]
        + 3 * t**2 * (1 - t) * ends[2]
        + t**3 * ends[3]
    )
    thickness = max(1, int(width * rng.uniform(0.003, 0.015)))
    shades = tuple(map(float, colour(rng, 0, 0.5)))
    cv2.polylines(picture, [points(*curve)], False, shades, thickness, cv2.LINE_AA)


def gradient(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paint a smooth run between two or three colours, straight or round."""
    stops = rng.random((rng.integers(2, 4), 3)).astype(np.float32)
    x, y = np.meshgrid(
        np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)
    )
    if rng.random() < 0.4:
        cx, cy = rng.uniform(-0.5, 0.5, 2)
        t = np.sqrt((x - cx) ** 2 + (y - cy) ** 2) / 1.8
    else:
        angle = rng.uniform(0, 2 * np.pi)
        t = 0.5 + 0.35 * (x * np.cos(angle) + y * np.sin(angle))
    ramp = cv2.resize(stops[:, None], (1, 256), interpolation=cv2.INTER_LINEAR)[:, 0]
    return ramp[np.clip(t * 255, 0, 255).astype(np.uint8)]


def darkness(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paint a frame with nothing in it but a faint uneven cast."""
    level = rng.uniform(0, 0.12) * (1 + 0.3 * smooth_field(rng, height, width, 3))
    return np.clip(level[..., None] * colour(rng, 0.5, 1), 0, 1).astype(np.float32)


def glare(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paint an overexposed frame, nearly all white."""
    field = 0.95 + 0.25 * smooth_field(rng, height, width, 2)
    return np.clip(field[..., None] * colour(rng, 0.9, 1.1), 0, 1).astype(np.float32)


def lamp(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paint bulbs, tubes or the sun: bright things with halos in a dim place."""
    backdrop = room if rng.random() < 0.4 else darkness
    picture = rng.uniform(0.1, 0.6) * backdrop(rng, height, width)
    size = min(height, width)
    for _ in range(rng.integers(1, 4)):
        glow = np.zeros((height, width), np.float32)
        centre = rng.uniform(0.15, 0.85, 2) * (width, height)
        if rng.random() < 0.5:
            cv2.circle(glow, np.int32(centre), int(size * rng.uniform(0.03, 0.2)), 1, -1)
        else:
            half = rng.uniform(0.1, 0.5) * size * np.array(unit(rng.uniform(0, np.pi)))
            ends = points(centre - half, centre + half)[:, 0]
            cv2.line(glow, ends[0], ends[1], 1, max(2, int(size * rng.uniform(0.02, 0.08))))
        halo = blur_coarsely(glow, size * rng.uniform(0.05, 0.2))
        tint = np.float32([1, rng.uniform(0.75, 1), rng.uniform(0.5, 1)])
        near = cv2.GaussianBlur(glow, (0, 0), max(0.6, 0.004 * size))
        picture += (1.3 * near + rng.uniform(0.5, 1.5) * halo)[..., None] * tint
    return np.clip(picture, 0, 1)


def text_page(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paint a page, a poster or a slide: lines of print, perhaps a figure."""
    dark = rng.random() < 0.25
    paper, ink = (muted(rng, 0.02, 0.2), 0.9) if dark else (muted(rng, 0.75, 0.95), 0.1)
    # OpenCV 5 writes text on 8-bit pictures only.
    picture = np.uint8(255 * canvas(height, width, paper))
    scale = rng.uniform(0.0009, 0.003) * max(width, 200)
    y, step = 0.05 * height, max(8, 30 * scale)
    while y < height:
        text = "".join(rng.choice(list(_LETTERS), rng.integers(5, 60)))
        tint = np.full(3, ink) if rng.random() < 0.9 else colour(rng)
        shades = tuple(map(float, 255 * tint))
        at = (int(rng.choice([0.05, 0.05, 0.1]) * width), int(y))
        cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, shades, 1, cv2.LINE_AA)
        y += step * rng.choice([1, 1, 1, 2])
    return shade(rng, np.float32(picture) / 255, rng.uniform(0, 0.5))


def screenshot(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paint a program's window: bars, buttons, text and perhaps a plotted curve."""
    picture = canvas(
        height, width, muted(rng, 0.6, 1) if rng.random() < 0.7 else muted(rng, 0, 0.2)
    )
    bar = max(3, int(0.06 * height))
    picture[:bar] = colour(rng, 0.1, 0.9)
    for _ in range(rng.integers(2, 8)):
        x, y = int(rng.uniform(0, 0.9) * width), int(rng.uniform(0.05, 0.95) * height)
        w, h = int(rng.uniform(0.04, 0.3) * width), max(3, int(rng.uniform(0.03, 0.12) * height))
        picture[y : y + h, x : x + w] = colour(rng)
    for _ in range(rng.integers(1, 4)):
        _paint_plot(rng, picture)
    return np.clip(picture, 0, 1)


def _paint_plot(rng: np.random.Generator, picture: np.ndarray) -> None:
    """Add a plotted curve with its axes, as spectrum software draws beside the picture."""
    height, width = picture.shape[:2]
    x0, x1 = np.sort(rng.uniform(0.05, 0.95, 2)) * width
    y0, y1 = np.sort(rng.uniform(0.1, 0.95, 2)) * height
    if x1 - x0 < 20 or y1 - y0 < 12:
        return
    paper = 1.0 if rng.random() < 0.7 else 0.05
    picture[int(y0) : int(y1), int(x0) : int(x1)] = paper
    x = np.linspace(x0, x1, 120)
    bumps = rng.uniform(x0, x1, (rng.integers(1, 9), 1))
    curve = np.exp(-0.5 * ((x - bumps) / ((x1 - x0) * rng.uniform(0.01, 0.12))) ** 2).sum(0)
    y = y1 - 0.9 * (y1 - y0) * curve / curve.max()
    line = tuple(map(float, colour(rng)))
    cv2.polylines(picture, [points(*zip(x, y, strict=True))], False, line, 1, cv2.LINE_AA)
    frame = points((x0, y0), (x0, y1), (x1, y1))
    cv2.polylines(picture, [frame], False, (1 - paper,) * 3, 1)


def texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paint cloth, carpet, wood or gravel over the whole frame."""
    picture = canvas(height, width, colour(rng, 0.1, 0.8) if rng.random() < 0.4 else muted(rng))
    if rng.random() < 0.5:
        picture += grain(rng, height, width, rng.uniform(0.03, 0.15))
    else:
        cells = rng.uniform(20, 200)
        speckle = smooth_field(rng, height, width, min(cells, max(height, width)))
        picture += rng.uniform(0.03, 0.2) * speckle[..., None]
    if rng.random() < 0.3:
        wave = np.sin(np.arange(width, dtype=np.float32) * rng.uniform(0.05, 1))
        picture *= 1 + 0.2 * wave[None, :, None]
    return shade(rng, np.clip(picture, 0, 1), rng.uniform(0.1, 0.5))


def landscape(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paint a sky with clouds over hills, water or roofs."""
    horizon = int(height * rng.uniform(0.3, 0.8))
    top, low = np.float32([0.25, 0.5, 0.9]), np.float32([0.8, 0.88, 0.97])
    if rng.random() < 0.25:
        top, low = np.float32([0.2, 0.2, 0.45]), np.float32([0.95, 0.6, 0.3])
    run = np.linspace(0, 1, horizon, dtype=np.float32)[:, None, None]
    picture = canvas(height, width, colour(rng, 0.1, 0.5) * np.float32([0.8, 1.1, 0.5]))
    picture[:horizon] = top * (1 - run) + low * run
    clouds = np.clip(smooth_field(rng, horizon, width, rng.uniform(4, 12)), 0, 1)
    picture[:horizon] += 0.4 * clouds[..., None]
    picture[horizon:] += 0.08 * smooth_field(rng, height - horizon, width, 60)[..., None]
    ridge = smooth_field(rng, 2, width, 8)[0] * 0.08 * height
    outline = np.column_stack([np.arange(width), horizon - np.abs(ridge)])
    hill = points((0, height), *outline, (width, height))
    if rng.random() < 0.6:
        cv2.fillPoly(picture, [hill], tuple(map(float, colour(rng, 0.05, 0.4))), cv2.LINE_AA)
    return np.clip(picture, 0, 1)


def rainbow_disc(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paint a compact disc on a table, with rainbow-coloured glints towards its centre."""
    picture = plain_wall(rng, height, width)
    size = min(height, width)
    radius = size * rng.uniform(0.3, 0.7)
    cx, cy = rng.uniform(0.2, 0.8, 2) * (width, height)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    r = np.sqrt((x - cx) ** 2 + (y - cy) ** 2) / radius
    angle = np.arctan2(y - cy, x - cx)
    disc = ((r < 1) & (r > 0.32)).astype(np.float32)[..., None]
    picture += disc * (rng.uniform(0.55, 0.8) - picture) * 0.8
    for _ in range(rng.integers(1, 4)):
        turn = np.angle(np.exp(1j * (angle - rng.uniform(-np.pi, np.pi))))
        sector = np.exp(-((turn / rng.uniform(0.04, 0.3)) ** 2))[..., None] * disc
        glint = rainbow(np.mod(r * rng.uniform(0.8, 2.5) + rng.random(), 1))
        picture += sector * (glint - picture) * rng.uniform(0.4, 0.9)
    picture[r < 0.1] = muted(rng)
    return np.clip(picture, 0, 1)


def rainbow(t: np.ndarray) -> np.ndarray:
    """Return the painter's rainbow at `t` in [0, 1], red first, float32 (..., 3)."""
    ramp = cv2.resize(RAINBOW[:, None], (1, 256), interpolation=cv2.INTER_LINEAR)[:, 0]
    return ramp[(np.clip(t, 0, 1) * 255).astype(np.uint8)]


def rainbow_sky(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paint a rainbow over a landscape: a faint arc of colours, red outside."""
    picture = landscape(rng, height, width) * rng.uniform(0.5, 0.9)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    cx, cy = rng.uniform(0.2, 0.8) * width, height * rng.uniform(0.9, 1.4)
    radius, thick = height * rng.uniform(0.7, 1.1), height * rng.uniform(0.05, 0.12)
    t = (radius - np.sqrt((x - cx) ** 2 + (y - cy) ** 2)) / thick
    bow = ((t > 0) & (t < 1)).astype(np.float32)[..., None] * rng.uniform(0.15, 0.5)
    return np.clip(picture + bow * (rainbow(t) - 0.4 * picture), 0, 1)


def rainbow_flag(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paint striped cloth, beads or pencils in rainbow order, in a lit place."""
    picture = landscape(rng, height, width) if rng.random() < 0.5 else room(rng, height, width)
    h, w = int(height * rng.uniform(0.25, 0.7)), int(width * rng.uniform(0.25, 0.7))
    folds = 0.04 * h * np.sin(np.arange(w) / w * rng.uniform(3, 15) + rng.uniform(0, 6))
    stripe = (np.arange(h)[:, None] + folds[None, :]) / h * len(RAINBOW)
    cloth = RAINBOW[np.clip(stripe, 0, len(RAINBOW) - 1e-3).astype(int)] * rng.uniform(0.5, 0.95)
    cloth *= 1 + 0.25 * np.sin(np.arange(w) / w * rng.uniform(5, 20))[None, :, None]
    if rng.random() < 0.3:
        cloth = cv2.resize(np.ascontiguousarray(cloth.transpose(1, 0, 2)), (w, h))
    y, x = int(rng.uniform(0, height - h)), int(rng.uniform(0, width - w))
    picture[y : y + h, x : x + w] = cloth
    blurred = cv2.GaussianBlur(np.clip(picture, 0, 1), (0, 0), max(0.5, 0.002 * width))
    return shade(rng, blurred, 0.2)


def coloured_things(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paint balloons, sweets or toys: patches of every colour without order."""
    picture = room(rng, height, width) if rng.random() < 0.5 else plain_wall(rng, height, width)
    size = min(height, width)
    for _ in range(rng.integers(6, 40)):
        centre = np.int32(rng.uniform(0, 1, 2) * (width, height))
        radius = max(2, int(size * rng.uniform(0.03, 0.12)))
        paint = RAINBOW[rng.integers(len(RAINBOW))] * rng.uniform(0.6, 1)
        cv2.circle(picture, centre, radius, tuple(map(float, paint)), -1, cv2.LINE_AA)
        spark = tuple(map(int, centre - radius // 3))
        cv2.circle(picture, spark, max(1, radius // 4), (1, 1, 1), -1, cv2.LINE_AA)
    return shade(rng, picture, 0.3)


def colour_chart(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Paint a chart of colour patches, a test card or a paint shop's leaflet."""
    rows, columns = int(rng.integers(2, 6)), int(rng.integers(3, 9))
    patches = rng.random((rows, columns, 3)).astype(np.float32)
    picture = canvas(height, width, muted(rng, 0.02, 0.9))
    h, w = int(height * rng.uniform(0.5, 0.9)), int(width * rng.uniform(0.5, 0.9))
    y, x = (height - h) // 2, (width - w) // 2
    chart = cv2.resize(patches, (w, h), interpolation=cv2.INTER_NEAREST)
    gap = rng.uniform(0.0, 0.15)
    grid_y = (np.arange(h) * rows / h) % 1 < gap
    grid_x = (np.arange(w) * columns / w) % 1 < gap
    chart[grid_y] = picture[0, 0]
    chart[:, grid_x] = picture[0, 0]
    picture[y : y + h, x : x + w] = chart
    return shade(rng, picture, 0.2)


PAINTERS: dict[str, Painter] = {
    "plain_wall": plain_wall,
    "room": room,
    "gradient": gradient,
    "darkness": darkness,
    "glare": glare,
    "lamp": lamp,
    "text_page": text_page,
    "screenshot": screenshot,
    "texture": texture,
    "landscape": landscape,
    "rainbow_disc": rainbow_disc,
    "rainbow_sky": rainbow_sky,
    "rainbow_flag": rainbow_flag,
    "coloured_things": coloured_things,
    "colour_chart": colour_chart,
}
