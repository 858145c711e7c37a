"""From light in the frame to a picture: gain, charge, noise, colour and tone of one camera.

The effects and their ranges are those of `lib.simulation.instrument.camera` and of crops, drawn
once per photo.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from lib.simulation.instrument import camera
from lib.simulation.photos.difficulty import Setting
from lib.simulation.photos.layout import log_uniform
from lib.simulation.scenes.brushes import blur_coarsely

BLOCK_VALUES = 50_000


@dataclass(frozen=True)
class Exposure:
    """One camera at one exposure.

    Attributes
    ----------
    peak : float
        Brightest first-order light, after white balance, in units of a full pixel.
    balance : float32 array of shape (3,)
    matrix : float32 array of shape (3, 3)
    gamma, contrast, saturation : float
        Of the tone curve.
    black : float32 array of shape (3,)
        Display level of no light.
    full_well, read, grain_px : float
        Of the noise.
    bloom_share, veil_share : float
        Charge that spills along the rows; light scattered widely by the lens.
    monochrome : bool
        Whether all channels show the same.
    """

    peak: float
    balance: np.ndarray
    matrix: np.ndarray
    gamma: float
    contrast: float
    saturation: float
    black: np.ndarray
    full_well: float
    read: float
    grain_px: float
    bloom_share: float
    veil_share: float
    monochrome: bool

    def develop(self, light: np.ndarray) -> np.ndarray:
        """Return display values in [0, 1] of linear light, float32 (height, width, 3)."""
        # White balance is a diagonal matrix before the colour matrix.
        display = camera.apply_colour_matrix(camera.clip_full(light), self.matrix * self.balance)
        display = camera.tone(
            display, gamma=self.gamma, contrast=self.contrast, saturation=self.saturation
        )
        return self.black + (1 - self.black) * display if self.black.any() else display

    def noise_at(self, light: np.ndarray) -> np.ndarray:
        """Return the standard deviation of the noise, in units of a full pixel."""
        return np.sqrt(np.maximum(light, 0) / self.full_well + self.read**2)


def draw_exposure(rng: np.random.Generator, setting: Setting) -> Exposure:
    """Draw a camera and the brightness of the spectrum in it."""
    on = setting.on
    if "saturated" in on:
        peak = log_uniform(rng, 1.3, 20)
    elif "dark" in on:
        peak = log_uniform(rng, 0.006, 0.06)
    else:
        peak = log_uniform(rng, 0.15, 1.05)
    mono = "monochrome" in on
    balance = np.exp(rng.normal(0, 0.3, 3)) if not mono else np.ones(3)
    black = rng.uniform(0, 0.14) * rng.uniform(0.4, 1.4, 3) if rng.random() < 0.3 else np.zeros(3)
    matrix = np.eye(3) if mono else camera.draw_colour_matrix(rng, 1)[0]
    gentle = rng.random() < 0.15
    # Astronomers' programs stretch light as it is to eight bits.
    stretched = mono and rng.random() < 0.5
    return Exposure(
        peak=peak,
        balance=np.float32(balance / balance.min()),
        matrix=np.float32(matrix),
        gamma=draw_gamma(rng, gentle, stretched),
        # In near-darkness a hard tone curve would leave nothing at all.
        contrast=0.0 if "dark" in on or stretched else rng.uniform(0, 0.8),
        saturation=1.0 if mono else rng.uniform(0.7, 1.5),
        black=np.float32(black.mean().repeat(3) if mono else black),
        # The noise stays well below the brightest light, or there would be nothing to find.
        full_well=max(log_uniform(rng, 80, 30_000), 25 / peak),
        read=min(log_uniform(rng, 0.0002, 0.012), 0.2 * peak),
        grain_px=float(rng.choice([0, 0.5, 1.0])),
        bloom_share=0.5 * rng.random() ** 3,
        veil_share=0.06 * rng.random() ** 2,
        monochrome=mono,
    )


def draw_gamma(rng: np.random.Generator, gentle: bool, stretched: bool) -> float:
    """Draw the exponent of the tone curve."""
    if stretched:
        return rng.uniform(0.8, 1.3)
    return rng.uniform(1, 1.6) if gentle else rng.uniform(1.6, 2.6)


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
    full = light.max() > 1
    if full:
        light = camera.bloom(light, share=exposure.bloom_share)
    # Light far beyond full scatters in the lens like any other, but only so much is left of it.
    glow = blur_coarsely(np.minimum(light, 8), 0.04 * max(light.shape))
    light = light + exposure.veil_share * glow
    image = np.empty(light.shape, np.uint8)
    # In blocks of rows that fit the processor's cache, a fifth faster than all at once.
    rows = max(1, BLOCK_VALUES // (light.shape[1] * 3))
    for top in range(0, len(light), rows):
        block = slice(top, top + rows)
        noisy = camera.add_noise(
            rng,
            light[block],
            full_well=exposure.full_well,
            read=exposure.read,
            grain_px=exposure.grain_px,
        )
        shown = camera.to_bytes(exposure.develop(noisy))
        image[block] = shown[..., 1:2] if exposure.monochrome else shown
    if scale == 1:
        return image
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)


def compress(rng: np.random.Generator, image: np.ndarray, quality: int | None) -> np.ndarray:
    """Return the picture after JPEG of a `quality`, 0 for none, drawn if None."""
    if quality is None:
        quality = int(rng.integers(45, 98)) if rng.random() < 0.85 else 0
    subsampled = bool(rng.random() < 0.8)
    if quality:
        image = camera.jpeg(image, quality, subsampled=subsampled)
    return np.ascontiguousarray(image)
