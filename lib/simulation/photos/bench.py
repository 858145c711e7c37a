"""One simulated instrument before many lights: what `simulate_photo` draws anew for each photo.

Grating, camera and slit stay, the light changes; on demand the camera moves a little.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lib.simulation.instrument.sensors import Sensor, draw_sensor
from lib.simulation.lamps.spectra import WAVELENGTHS_NM
from lib.simulation.photos import light
from lib.simulation.photos.difficulty import Difficulty, Setting, draw_setting
from lib.simulation.photos.exposure import Exposure, compress, draw_exposure, expose
from lib.simulation.photos.layout import Layout, Slit, draw_layout
from lib.simulation.photos.photos import rendered_size
from lib.simulation.scenes.surroundings import dark_box

# What a bench is not: its light is chosen by whoever photographs, the frame shows the first order.
_NEVER = (
    *("saturated", "dark", "zero_order", "mirrored", "oversized", "small", "half_slit", "thin"),
    *("oblique", "strip", "cluttered", "thumbnail", "large", "overlay", "light_leak"),
)


# Softness of the ends of a row of light, pixels.
_ROW_EDGE_PX = 1.0


@dataclass(frozen=True)
class Row:
    """Light on a part of the slit: a lamp above or below a star, say.

    Attributes
    ----------
    spd : float array of shape (n_wavelengths,)
        Spectral power distribution on `WAVELENGTHS_NM`.
    low_px, high_px : float
        From where to where on the slit, pixels from its middle.
    peak : float
        Its brightest place, in units of a full pixel.
    """

    spd: np.ndarray
    low_px: float
    high_px: float
    peak: float = 0.7


@dataclass(frozen=True)
class Bench:
    """A grating, a slit and a camera that stay where they are.

    Attributes
    ----------
    setting : Setting
    layout : Layout
    sensor : Sensor
    exposure : Exposure
        `peak` is replaced for each photo.
    optics_seed : int
        Of slit and lens.
    """

    setting: Setting
    layout: Layout
    sensor: Sensor
    exposure: Exposure
    optics_seed: int

    def photograph(
        self,
        rng: np.random.Generator,
        spd: np.ndarray,
        *,
        peak: float = 0.7,
        moved_px: float = 0.0,
        turned_deg: float = 0.0,
        quality: int | None = 92,
    ) -> np.ndarray:
        """Return a photo of a light, uint8 (height, width, 3).

        Parameters
        ----------
        spd : float array of shape (n_wavelengths,)
            Spectral power distribution on `WAVELENGTHS_NM`.
        peak : float
            Its brightest place, in units of a full pixel.
        moved_px, turned_deg : float
            By how much the camera has moved along the spectrum, and turned, since it was set up.
        quality : int, optional
            Of the JPEG; 0 for none, None for any.
        """
        layout = self.moved(moved_px, turned_deg)
        optics = np.random.default_rng(self.optics_seed)
        u, strip = self._strip(optics, layout, spd, peak)
        v, transmission = light.slit_profile(optics, layout.slit)
        height, width, scale = rendered_size(self.setting)
        picture = dark_box(optics, height, width)
        light.slit_image(picture.shape, scale, layout, u, v, transmission).cast(picture, strip)
        return self._exposed(rng, picture, scale, quality)

    def photograph_rows(
        self, rng: np.random.Generator, rows: Sequence[Row], *, quality: int | None = 92
    ) -> np.ndarray:
        """Return a photo of several lights, each on its part of a slit as tall as all of them.

        Parameters
        ----------
        rows : sequence of Row
        quality : int, optional
            Of the JPEG; 0 for none, None for any.
        """
        reach = max(max(abs(row.low_px), abs(row.high_px)) for row in rows)
        layout = replace(self.layout, slit=Slit(reach, _ROW_EDGE_PX))
        v = np.arange(-layout.slit.reach_px, layout.slit.reach_px + 0.25, 0.25)
        height, width, scale = rendered_size(self.setting)
        picture = dark_box(np.random.default_rng(self.optics_seed), height, width)
        for row in rows:
            optics = np.random.default_rng(self.optics_seed)
            u, strip = self._strip(optics, layout, row.spd, row.peak)
            inside = np.minimum(v - row.low_px, row.high_px - v) / _ROW_EDGE_PX
            transmission = np.float32(1 / (1 + np.exp(-np.clip(inside, -30, 30))))
            light.slit_image(picture.shape, scale, layout, u, v, transmission).cast(picture, strip)
        return self._exposed(rng, picture, scale, quality)

    def _strip(
        self, optics: np.random.Generator, layout: Layout, spd: np.ndarray, peak: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return places along the dispersion (n,), and the light there (n, 3)."""
        low, high = light.frame_reach(layout.projection, self.setting.width, self.setting.height)
        u = light.sample_positions(low, high)
        response = self.sensor.response(WAVELENGTHS_NM[None])[0] * spd[:, None]
        strip = light.order_light(response, layout.grating, 1, u)
        strip = sum(light.blur(optics, strip, layout.span_px))
        strip *= np.float32(peak / max(float((strip * self.exposure.camera.balance).max()), 1e-12))
        return u, strip

    def _exposed(
        self, rng: np.random.Generator, picture: np.ndarray, scale: int, quality: int | None
    ) -> np.ndarray:
        image = expose(rng, picture, self.exposure, scale)
        image = np.ascontiguousarray(image[: self.setting.height, : self.setting.width])
        return compress(rng, image, quality)

    def nm_at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the wavelength at places of the photo, nm, where nothing has moved."""
        u, _ = self.layout.projection.to_slit(x, y)
        return self.layout.grating.nm_at(u, 1)

    def with_camera(self, **changes: object) -> "Bench":
        """Return the bench with a camera of which some attributes are changed."""
        camera = replace(self.exposure.camera, **changes)
        return replace(self, exposure=replace(self.exposure, camera=camera))

    def moved(self, along_px: float, turned_deg: float) -> Layout:
        """Return the layout after the camera has moved along the spectrum and turned."""
        projection = self.layout.projection
        angle = projection.angle_rad
        return replace(
            self.layout,
            projection=replace(
                projection,
                anchor_x=projection.anchor_x + along_px * np.cos(angle),
                anchor_y=projection.anchor_y + along_px * np.sin(angle),
                angle_rad=angle + np.radians(turned_deg),
            ),
        )


def draw_bench(rng: np.random.Generator, **difficulty: bool | None) -> Bench:
    """Draw an instrument.

    Parameters
    ----------
    **difficulty : bool or None
        Attributes of `lib.simulation.photos.difficulty.Difficulty`.
    """
    never = dict.fromkeys(_NEVER, False)
    setting = draw_setting(rng, Difficulty(**{"monochrome": False, **never, **difficulty}))
    layout = draw_layout(rng, setting)
    sensor = replace(draw_sensor(rng, 1), monochrome=np.array(["monochrome" in setting.on]))
    exposure = draw_exposure(rng, setting)
    bench = Bench(setting, layout, sensor, exposure, int(rng.integers(2**32)))
    # Whoever has set up an instrument has chosen an exposure that is not all noise.
    return bench.with_camera(full_well=max(exposure.camera.full_well, 400.0))
