"""Photos of spectra, and of other things, with everything about them known.

A photo is made of the same parts as a crop (lamps, sensors, camera effects): the light of all
orders along the dispersion, spread along the slit, bent and turned into the frame, added to what
else shines there, then exposed, encoded and compressed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from lib.simulation.draws import log_uniform
from lib.simulation.instrument.camera import without_colour
from lib.simulation.instrument.sensors import draw_sensor
from lib.simulation.lamps.catalogue import LAMPS, Lamp, class_lamps, unknown_lamps
from lib.simulation.lamps.spectra import WAVELENGTHS_NM
from lib.simulation.photos import light
from lib.simulation.photos.difficulty import PLAIN, Difficulty, Setting, draw_setting
from lib.simulation.photos.exposure import compress, draw_exposure, expose
from lib.simulation.photos.layout import SPAN_NM, Layout, draw_layout
from lib.simulation.photos.truth import BandTruth, PhotoTruth
from lib.simulation.photos.visibility import Frame, dim_backdrop, find_boxes
from lib.simulation.scenes import surroundings
from lib.simulation.scenes.scenes import PAINTERS
from lib.taxonomy import CLASSES

# Larger photos are rendered at a half or a third of their size and enlarged: what a phone's 12
# megapixels show of a spectrum is not sharper than that.
_RENDERED_PX = 2e6
# Share of lamps without a class among the photos, as in a crawl.
UNKNOWN_SHARE = 0.12
# A pixel counts as clipped from here on (JPEG spreads 255 a little), a box as saturated with more
# than this part of its pixels clipped.
CLIPPED_LEVEL = 250
_SATURATED_FRACTION = 0.02
# Difficulties that mean something without a spectrum.
_SCENE_DIFFICULTIES = ("monochrome", "overlay", "large", "thumbnail")
# About one draw in forty has no usable spectrum.
_ATTEMPTS = 50


@dataclass(frozen=True)
class SimulatedPhoto:
    """A photo, uint8 (height, width, 3) RGB, and what is known about it."""

    image: np.ndarray
    truth: PhotoTruth


def simulate_photo(
    rng: np.random.Generator,
    lamp: str | None = None,
    *,
    held_out: bool = False,
    quality: int | None = None,
    **difficulty: bool | None,
) -> SimulatedPhoto:
    """Return a photo of a spectrum with at least one usable first order.

    Parameters
    ----------
    lamp : str, optional
        Name in `lib.simulation.lamps.catalogue.LAMPS` or one of the classes; drawn if left out.
    held_out : bool
        Whether drawn lamps without a class are of the kinds held out for evaluation.
    quality : int, optional
        JPEG quality that the picture went through, 0 for none; drawn if left out.
    **difficulty : bool or None
        Attributes of `lib.simulation.photos.difficulty.Difficulty`: True on, False off, None (or
        left out) drawn at its natural rate.
    """
    switches = Difficulty(**difficulty)
    for _ in range(_ATTEMPTS):
        setting = draw_setting(rng, switches)
        photo = _attempt(rng, draw_lamp(rng, lamp, held_out=held_out), setting, quality)
        if photo is not None:
            return photo
    raise RuntimeError(f"no usable spectrum in {_ATTEMPTS} attempts with {lamp=}, {difficulty=}")


def draw_lamp(rng: np.random.Generator, name: str | None, *, held_out: bool = False) -> Lamp:
    """Return the lamp of that name, one of that class, or any."""
    if name in LAMPS:
        return LAMPS[name]
    if name is None and rng.random() < UNKNOWN_SHARE:
        return weighted(rng, unknown_lamps(held_out=held_out))
    return weighted(rng, class_lamps(name or str(rng.choice(CLASSES))))


def weighted(rng: np.random.Generator, lamps: Sequence[Lamp]) -> Lamp:
    """Draw one lamp by the lamps' weights; ValueError if there is none."""
    if not lamps:
        raise ValueError(f"no such lamp; expected one of {', '.join((*LAMPS, *CLASSES))}")
    weights = np.array([lamp.weight for lamp in lamps])
    return lamps[rng.choice(len(lamps), p=weights / weights.sum())]


def _attempt(
    rng: np.random.Generator, lamp: Lamp, setting: Setting, quality: int | None
) -> SimulatedPhoto | None:
    """Return one photo, or None where no first order of it is usable."""
    layout = draw_layout(rng, setting)
    low, high = light.frame_reach(layout.projection, setting.width, setting.height)
    u = light.sample_positions(low, high)
    orders, haze = _draw_orders(rng, lamp, setting, layout, u)
    exposure = draw_exposure(rng, setting)
    peak = (orders[1] * exposure.camera.balance).max()
    if peak <= 0:
        return None
    gain = np.float32(exposure.peak / peak)
    orders = {order: gain * strip for order, strip in orders.items()}
    backdrop, scale = _draw_backdrop(rng, setting, layout, orders)
    v, transmission = light.slit_profile(rng, layout.slit)
    # A box is drawn about a line, not about the haze around it.
    haze = gain * haze
    if "scattered" in setting.on:
        stray = light.scatter(rng, orders[1])
        haze += stray.mean(axis=1, keepdims=True) if "monochrome" in setting.on else stray
    image_of_slit = light.slit_image(backdrop.shape, scale, layout, u, v, transmission)
    image_of_slit.cast(backdrop, haze)
    frame = Frame((setting.height, setting.width), layout, exposure, u, backdrop, scale)
    dim_backdrop(frame, orders[1])
    boxes = find_boxes(frame, orders)
    if not boxes:
        return None
    image_of_slit.cast(backdrop, sum(orders.values()))
    image = expose(rng, backdrop, exposure, scale)
    image = np.ascontiguousarray(image[: setting.height, : setting.width])
    if "overlay" in setting.on:
        surroundings.draw_overlays(rng, image)
    image = compress(rng, image, quality)
    truth = PhotoTruth(
        lamp=lamp.name,
        class_name=lamp.class_name,
        kind=lamp.kind,
        family=setting.family,
        difficulties=setting.on,
        boxes=boxes,
        saturated=clipped_fraction(image, boxes[0]) > _SATURATED_FRACTION,
        zero_order="zero_order" in setting.on,
    )
    return SimulatedPhoto(image, truth)


def _draw_orders(
    rng: np.random.Generator, lamp: Lamp, setting: Setting, layout: Layout, u: np.ndarray
) -> tuple[dict[int, np.ndarray], np.ndarray]:
    """Return the light of each order along u, and the halo of all, float32 (n, 3) each."""
    sensor = replace(draw_sensor(rng, 1), monochrome=np.array(["monochrome" in setting.on]))
    response = sensor.response(WAVELENGTHS_NM[None])[0] * lamp.draw(rng)[:, None]
    efficiency = {1: 1.0}
    if "zero_order" in setting.on:
        efficiency[0] = log_uniform(rng, 0.5, 20)
    if "mirrored" in setting.on:
        efficiency[-1] = log_uniform(rng, 0.5, 1.5)
    if "second_order" in setting.on:
        efficiency[2] = log_uniform(rng, 0.03, 0.25)
    if {"second_order", "mirrored"} <= setting.on:
        efficiency[-2] = log_uniform(rng, 0.03, 0.25)
    strips = {
        order: share * light.order_light(response, layout.grating, order, u)
        for order, share in efficiency.items()
    }
    # One blur for all, as it is one slit and one lens.
    image, halo = light.blur(rng, np.concatenate(list(strips.values()), axis=1), layout.span_px)
    orders = dict(zip(strips, np.split(image, len(strips), axis=1), strict=True))
    return orders, sum(np.split(halo, len(strips), axis=1))


def _draw_backdrop(
    rng: np.random.Generator, setting: Setting, layout: Layout, orders: dict[int, np.ndarray]
) -> tuple[np.ndarray, int]:
    """Draw what else shines in the frame.

    Returns
    -------
    picture : float32 array of shape (h, w, 3)
        Linear light at the size that the photo is rendered at.
    scale : int
        Photo pixels per pixel of it.
    """
    height, width, scale = rendered_size(setting)
    picture = surroundings.dark_box(rng, height, width)
    if "cluttered" in setting.on:
        picture += surroundings.lit_place(rng, height, width, _spectrum_corners(layout) / scale)
    if "light_leak" in setting.on:
        picture += surroundings.light_leak(rng, height, width)
    if "pedestal" in setting.on:
        picture += surroundings.pedestal(rng, height, width)
    if "zero_order" in setting.on:
        x, y = layout.projection.from_slit(0.0, 0.0)
        size = max(4.0, layout.span_px * rng.uniform(0.04, 0.2)) / scale
        glow = surroundings.flare(rng, height, width, (x / scale, y / scale), size)
        white = orders[0].max(axis=0)
        tint = white / max(white.max(), 1e-9) * log_uniform(rng, 0.03, 3)
        picture += cv2.transform(glow, tint.astype(np.float32)[:, None])
    return without_colour(picture) if "monochrome" in setting.on else picture, scale


def rendered_size(setting: Setting) -> tuple[int, int, int]:
    """Return the height and width that a photo is rendered at, and by how much it is enlarged."""
    scale = int(np.ceil(np.sqrt(setting.width * setting.height / _RENDERED_PX)))
    return -(-setting.height // scale), -(-setting.width // scale), scale


def _spectrum_corners(layout: Layout) -> np.ndarray:
    """Return the corners x, y of the first order's light in the photo, float64 (4, 2)."""
    low, high = layout.grating.offset_px(np.array(SPAN_NM))
    half = layout.slit.half_height_px
    x, y = layout.projection.from_slit(
        np.array([low, high, high, low]), np.array([-half, -half, half, half])
    )
    return np.column_stack([x, y])


def clipped_fraction(image: np.ndarray, box: BandTruth) -> float:
    """Return the part of a box's pixels that have a clipped channel."""
    return float((image[box.y0 : box.y1, box.x0 : box.x1].max(axis=2) >= CLIPPED_LEVEL).mean())


def simulate_scene(
    rng: np.random.Generator,
    kind: str | None = None,
    *,
    quality: int | None = None,
    **difficulty: bool | None,
) -> SimulatedPhoto:
    """Return a photo without a spectrum: a room, a lamp, text, rainbow-coloured things.

    Parameters
    ----------
    kind : str, optional
        Name in `lib.simulation.scenes.scenes.PAINTERS`; drawn if left out.
    quality : int, optional
        JPEG quality, 0 for none; drawn if left out.
    **difficulty : bool or None
        Of `_SCENE_DIFFICULTIES`, as in `simulate_photo`.
    """
    kind = kind or str(rng.choice(list(PAINTERS)))
    switches = dict.fromkeys(_SCENE_DIFFICULTIES) | difficulty
    setting = draw_setting(rng, replace(PLAIN, **switches))
    height, width, scale = rendered_size(setting)
    painted = PAINTERS[kind](rng, height, width)
    if "monochrome" in setting.on:
        painted = without_colour(painted)
    exposure = draw_exposure(rng, setting)
    gain = log_uniform(rng, 0.5, 2) / exposure.camera.balance
    picture = painted ** np.float32(surroundings.SCREEN_GAMMA) * np.float32(gain)
    image = expose(rng, picture, exposure, scale)
    image = np.ascontiguousarray(image[: setting.height, : setting.width])
    if "overlay" in setting.on:
        surroundings.draw_overlays(rng, image)
    image = compress(rng, image, quality)
    truth = PhotoTruth(
        lamp=None,
        class_name=None,
        kind=kind,
        family="scene",
        difficulties=setting.on,
        boxes=(),
        saturated=False,
        zero_order=False,
    )
    return SimulatedPhoto(image, truth)
