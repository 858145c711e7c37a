"""How one camera makes a picture of the light on its sensor: noise, colours and tone curve.

The one place of these ranges: a photo draws a camera once, a batch of crops one for each crop.
"""

from dataclasses import dataclass, replace

import numpy as np

from lib.simulation.draws import log_uniform
from lib.simulation.instrument import camera
from lib.simulation.instrument.camera import Effects


@dataclass(frozen=True)
class Processing:
    """What one camera does between its sensor and the display.

    Attributes
    ----------
    balance : float32 array of shape (3,)
        Gains of the white balance, the least of them 1.
    matrix : float32 array of shape (3, 3)
        From sensor RGB to display RGB, rows of sum 1.
    gamma, contrast, saturation : float
        Of the tone curve.
    black : float32 array of shape (3,)
        Display level of no light.
    full_well, read, grain_px : float
        Of the noise.
    bloom_share : float
        Charge that spills along the rows.
    monochrome : bool
        Whether all channels show the same.
    """

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
    monochrome: bool

    def picture(
        self, rng: np.random.Generator, light: np.ndarray, *, noise: bool = True
    ) -> np.ndarray:
        """Return the picture of linear light, uint8 (height, width, 3); 1 fills a pixel."""
        if noise:
            light = camera.add_noise(
                rng, light, full_well=self.full_well, read=self.read, grain_px=self.grain_px
            )
        shown = camera.to_bytes(self.develop(light))
        # A sensor without colours has one noise, not three.
        return shown[..., 1:2].repeat(3, axis=2) if self.monochrome else shown

    def develop(self, light: np.ndarray) -> np.ndarray:
        """Return display values in [0, 1] of linear light, float32 (height, width, 3)."""
        # White balance is a diagonal matrix before the colour matrix.
        display = camera.apply_colour_matrix(camera.clip_full(light), self.matrix * self.balance)
        return camera.tone(
            display,
            gamma=self.gamma,
            contrast=self.contrast,
            saturation=self.saturation,
            black=self.black,
        )

    def noise_at(self, light: np.ndarray) -> np.ndarray:
        """Return the standard deviation of the noise, in units of a full pixel."""
        return np.sqrt(np.maximum(light, 0) / self.full_well + self.read**2)

    def averaged(self, rows: float) -> "Processing":
        """Return the camera of a strip in which each row is the mean of `rows` rows."""
        return replace(self, full_well=self.full_well * rows, read=self.read / np.sqrt(rows))


def draw_processing(
    rng: np.random.Generator, monochrome: bool, effects: Effects | None = None
) -> Processing:
    """Draw a camera; without an effect it has that of a middle one, or none.

    Half of the monochrome ones show light as it is, stretched to eight bits, as astronomers'
    programs do.
    """
    effects = effects or Effects()
    balance = np.exp(rng.normal(0, 0.3, 3))
    matrix = camera.draw_colour_matrix(rng, 1)[0]
    black = rng.uniform(0, 0.14) * rng.uniform(0.4, 1.4, 3) * (rng.random() < 0.35)
    stretched = monochrome and rng.random() < 0.5
    gamma = rng.uniform(1, 1.6) if rng.random() < 0.15 else rng.uniform(1.6, 2.6)
    gamma = rng.uniform(0.8, 1.3) if stretched else gamma
    contrast, saturation = rng.uniform(0, 0.8), rng.uniform(0.7, 2.0)
    if monochrome or not effects.white_balance:
        balance = np.ones(3)
    if monochrome or not effects.colour_matrix:
        matrix = np.eye(3)
    if not effects.gamma:
        gamma, contrast, saturation = 2.2, 0.0, 1.0
    if monochrome:
        black = black.mean().repeat(3)
    return Processing(
        balance=np.float32(balance / balance.min()),
        matrix=np.float32(matrix),
        gamma=gamma,
        contrast=0.0 if stretched else contrast,
        saturation=1.0 if monochrome else saturation,
        black=np.float32(black * effects.haze),
        full_well=log_uniform(rng, 80, 30_000),
        read=log_uniform(rng, 0.0002, 0.012),
        grain_px=0.5 * int(rng.integers(3)),
        bloom_share=0.5 * rng.random() ** 3 * effects.blooming,
        monochrome=bool(monochrome),
    )
