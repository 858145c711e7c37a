"""Crops with no spectrum in them: strips of scenes, textures, gradients, noise, flat fields.

What a band finder that was fooled, or a person who cropped by hand, gives to the classifier.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from lib.lines import line_list
from lib.simulation.scenes import scenes

# Pictures are painted this large and a strip is cut from them: large enough for detail in the
# strip's 480 columns, small enough to paint in a few milliseconds.
_HEIGHT_PX, _WIDTH_PX = 180, 320

# Rainbow-coloured things of which a strip may hold a true spectrum (a disc's glints, a rainbow in
# the sky) are in neither list.
_TRAINING_SCENES = (
    "plain_wall",
    "room",
    "gradient",
    "lamp",
    "text_page",
    "screenshot",
    "texture",
    "colour_chart",
)
_HELD_OUT_SCENES = ("landscape", "coloured_things", "rainbow_flag")
# Monitors and cameras turn displayed values into light by about this power.
_DISPLAY_GAMMA = 2.2


@dataclass(frozen=True)
class Strip:
    """One kind of crop without a spectrum; attributes as of `lib.simulation.lamps.catalogue.Lamp`.

    Attributes
    ----------
    paint : callable
        ``paint(rng, shape)`` returns an image as a screen would show it, float32
        (height, width, 3), RGB in [0, 1].
    """

    name: str
    paint: Callable[[np.random.Generator, tuple[int, int]], np.ndarray]
    kind: str
    weight: float = 1.0
    held_out: bool = False
    class_name: None = None

    def draw(self, rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        """Return one strip as linear light, float32 (height, width, 3) in [0, 1]."""
        image = np.clip(self.paint(rng, shape), 0, 1, dtype=np.float32)
        return image**_DISPLAY_GAMMA


def _paint_scene(
    painter: scenes.Painter, rng: np.random.Generator, shape: tuple[int, int]
) -> np.ndarray:
    """Return a strip of a painted scene, along or across it, float32 (height, width, 3) in [0, 1].

    Parameters
    ----------
    shape : (height, width) of the strip in pixels.
    """
    picture = painter(rng, _HEIGHT_PX, _WIDTH_PX)
    if rng.random() < 0.3:
        picture = picture.transpose(1, 0, 2)
    height, width = picture.shape[:2]
    rows = int(height * rng.uniform(0.03, 0.4)) + 1
    columns = int(width * rng.uniform(0.3, 1.0))
    y, x = rng.integers(0, height - rows + 1), rng.integers(0, width - columns + 1)
    strip = np.ascontiguousarray(picture[y : y + rows, x : x + columns], np.float32)
    strip = cv2.resize(strip, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return _with_noise(rng, strip, 0.02 * rng.random() ** 2)


def _paint_chart(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return lines as textbooks draw them: even, sharp, in colours of the rainbow."""
    height, width = shape
    gases = ("helium", "hydrogen", "neon", "mercury", "argon", "sodium", "nitrogen", "krypton")
    lines = line_list(str(rng.choice(gases)))
    first, last = rng.uniform(370, 420), rng.uniform(660, 760)
    drawn = np.flatnonzero((lines.nm > first) & (lines.nm < last))
    drawn = drawn[np.argsort(-lines.intensity[drawn])][: rng.integers(3, 40)]
    place = (lines.nm[drawn] - first) / (last - first) * width
    thick, dark = rng.uniform(0.7, 5.0), rng.random() < 0.25
    faded = not dark and rng.random() < 0.3
    chart = np.full((height, width, 3), float(rng.random() < 0.3), np.float32)
    if dark:
        # Dark lines in a drawn rainbow.
        chart[:] = scenes.rainbow(np.linspace(1, 0, width, dtype=np.float32))
    for x, level in zip(place, lines.intensity[drawn] / lines.intensity[drawn].max(), strict=True):
        covered = np.clip(thick / 2 + 0.5 - np.abs(np.arange(width) + 0.5 - x), 0, 1)[:, None]
        ink = 0.0 if dark else scenes.rainbow(np.float32([1 - x / width]))
        opacity = covered * (max(level**0.4, 0.15) if faded else 1.0)
        chart = chart * (1 - opacity) + ink * opacity
    return _with_noise(rng, chart.astype(np.float32), 0.01 * rng.random() ** 2)


def _paint_flat(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return an even field of any colour from black to white, with a little noise."""
    field = rng.random() * rng.uniform(0.3, 1, 3) * np.ones((*shape, 3))
    return _with_noise(rng, field.astype(np.float32), rng.uniform(0, 0.03))


def _paint_noise(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return what a sensor shows without light: noise, in colour or grey, of any grain."""
    noise = rng.standard_normal((*shape, 3)).astype(np.float32)
    if rng.random() < 0.3:
        noise[:] = noise.mean(axis=2, keepdims=True)
    grain_px = rng.uniform(0, 6)
    if grain_px > 0.5:
        noise = cv2.GaussianBlur(noise, (0, 0), grain_px)
    noise *= rng.uniform(0.01, 0.35) / noise.std()
    return rng.uniform(0, 0.6) + noise


def _with_noise(rng: np.random.Generator, image: np.ndarray, strength: float) -> np.ndarray:
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    return image + np.float32(strength) * noise


STRIPS: dict[str, Strip] = {
    strip.name: strip
    for strip in (
        *(
            Strip(f"strip_{scene}", partial(_paint_scene, scenes.PAINTERS[scene]), "scene", 0.15)
            for scene in _TRAINING_SCENES
        ),
        Strip("strip_chart", _paint_chart, "chart"),
        Strip("strip_noise", _paint_noise, "noise", 0.3),
        *(
            Strip(
                f"strip_{scene}",
                partial(_paint_scene, scenes.PAINTERS[scene]),
                f"scene_{scene}",
                held_out=True,
            )
            for scene in _HELD_OUT_SCENES
        ),
        Strip("strip_flat", _paint_flat, "flat", held_out=True),
    )
}


def unknown_strips(*, held_out: bool | None = None) -> tuple[Strip, ...]:
    """Return the strips; only those held out for benchmarks, or only the others."""
    return tuple(strip for strip in STRIPS.values() if held_out in (None, strip.held_out))
