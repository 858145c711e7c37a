"""From light in the frame to a picture: brightness, scattered light, one camera, JPEG."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from lib.simulation.draws import log_uniform
from lib.simulation.instrument.camera import bloom, jpeg
from lib.simulation.instrument.processing import Processing, draw_processing
from lib.simulation.photos.difficulty import Setting
from lib.simulation.scenes.brushes import blur_coarsely

_BLOCK_VALUES = 50_000


@dataclass(frozen=True)
class Exposure:
    """One camera at one exposure.

    Attributes
    ----------
    peak : float
        Brightest first-order light, after white balance, in units of a full pixel.
    veil_share : float
        Light scattered widely by the lens.
    camera : Processing
    """

    peak: float
    veil_share: float
    camera: Processing


def draw_exposure(rng: np.random.Generator, setting: Setting) -> Exposure:
    """Draw a camera and the brightness of the spectrum in it."""
    on = setting.on
    if "saturated" in on:
        peak = log_uniform(rng, 1.3, 20)
    elif "dark" in on:
        peak = log_uniform(rng, 0.006, 0.06)
    else:
        peak = log_uniform(rng, 0.15, 1.05)
    camera = draw_processing(rng, "monochrome" in on)
    camera = replace(
        camera,
        # In near-darkness a hard tone curve would leave nothing at all.
        contrast=0.0 if "dark" in on else camera.contrast,
        # The noise stays well below the brightest light, or there would be nothing to find.
        full_well=max(camera.full_well, 25 / peak),
        read=min(camera.read, 0.2 * peak),
    )
    return Exposure(peak, veil_share=0.06 * rng.random() ** 2, camera=camera)


def expose(
    rng: np.random.Generator, light: np.ndarray, exposure: Exposure, scale: int
) -> np.ndarray:
    """Return the picture that the camera makes, uint8 (scale * h, scale * w, 3).

    Parameters
    ----------
    light : float32 array of shape (h, w, 3)
        Linear, 1 where a pixel is full.
    scale : int
        By how much the picture is enlarged.
    """
    camera = exposure.camera
    full = np.flatnonzero(light.max(axis=(1, 2)) > 1)
    if len(full):
        spilled = slice(full[0], full[-1] + 1)
        light = light.copy()
        light[spilled] = bloom(light[spilled], share=camera.bloom_share)
    # Light far beyond full scatters in the lens like any other, but only so much is left of it.
    glow = blur_coarsely(np.minimum(light, 8), 0.04 * max(light.shape))
    glow *= np.float32(exposure.veil_share)
    image = np.empty(light.shape, np.uint8)
    # In blocks of rows that fit the processor's cache.
    rows = max(1, _BLOCK_VALUES // (light.shape[1] * 3))
    for top in range(0, len(light), rows):
        block = slice(top, top + rows)
        image[block] = camera.picture(rng, light[block] + glow[block])
    if scale == 1:
        return image
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)


def compress(rng: np.random.Generator, image: np.ndarray, quality: int | None) -> np.ndarray:
    """Return the picture after JPEG of a `quality`, 0 for none, drawn if None."""
    if quality is None:
        quality = int(rng.integers(45, 98)) if rng.random() < 0.85 else 0
    subsampled = bool(rng.random() < 0.8)
    if quality:
        image = jpeg(image, quality, subsampled=subsampled)
    return np.ascontiguousarray(image)
