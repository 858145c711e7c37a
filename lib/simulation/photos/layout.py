"""How a spectrum lies in the frame: its length, place, direction, slit and bends."""

from dataclasses import dataclass

import numpy as np

from lib.simulation.draws import log_uniform
from lib.simulation.instrument.grating import GROOVES_PER_MM, Grating, Prism, draw_dispersion
from lib.simulation.instrument.projection import Projection
from lib.simulation.photos.difficulty import Setting

# The range whose length is called the length of the spectrum.
SPAN_NM = (400.0, 700.0)
# Finer gratings throw the red so far from the zero order that one camera does not see both.
_MOST_GROOVES_WITH_ZERO_ORDER = 1000
_SHORTEST_SPECTRUM_PX = 24.0


@dataclass(frozen=True)
class Slit:
    """The slit's image across the dispersion.

    Attributes
    ----------
    half_height_px : float
        Half its height; for a thin trace half of its full width at half maximum.
    edge_px : float
        Softness of its ends; 0 where there is no slit and the trace is the image of a point.
    gap_px : float
        Dark gap at its middle, between the halves of a divided slit.
    """

    half_height_px: float
    edge_px: float
    gap_px: float = 0.0

    @property
    def reach_px(self) -> float:
        """Distance from the middle beyond which there is no light to speak of."""
        return (
            self.half_height_px * 4 + 2
            if self.edge_px == 0
            else (self.half_height_px + 5 * self.edge_px)
        )


@dataclass(frozen=True)
class Layout:
    """Everything that says where light falls, and the length of `SPAN_NM` in pixels."""

    grating: Grating | Prism
    projection: Projection
    slit: Slit
    span_px: float


def draw_layout(rng: np.random.Generator, setting: Setting) -> Layout:
    """Draw the geometry of one photo."""
    angle = _draw_angle(rng, setting)
    cos, sin = abs(np.cos(angle)), abs(np.sin(angle))
    width, height = setting.width, setting.height
    # The chord of the frame along the dispersion through its middle, and across.
    along = min(width / max(cos, 1e-6), height / max(sin, 1e-6))
    across = min(width / max(sin, 1e-6), height / max(cos, 1e-6))
    grating, span = _draw_grating(rng, setting, along)
    slit = _draw_slit(rng, setting, across, span)
    middle_u = _draw_middle(rng, setting, grating, along)
    anchor_u = float(grating.offset_px(550.0))
    free = 0.0 if setting.on & {"strip", "oblique"} else max(0, across / 2 - slit.half_height_px)
    shift_v = rng.uniform(-0.7, 0.7) * free
    forward = anchor_u - middle_u
    projection = Projection(
        anchor_x=(width - 1) / 2 + forward * np.cos(angle) - shift_v * np.sin(angle),
        anchor_y=(height - 1) / 2 + forward * np.sin(angle) + shift_v * np.cos(angle),
        anchor_u=anchor_u,
        angle_rad=angle,
        **_draw_bends(rng, setting, slit, span, height),
    )
    return Layout(grating, projection, slit, span)


def _draw_angle(rng: np.random.Generator, setting: Setting) -> float:
    """Draw the direction of growing wavelength, in radians clockwise from +x."""
    quarter_turns = 2 * ("reversed" in setting.on) + ("vertical" in setting.on)
    if "oblique" in setting.on:
        tilt = rng.uniform(12, 40) * rng.choice([-1, 1])
    elif "tilted" in setting.on:
        # A cropped strip much longer than high cannot hold a strongly tilted band.
        limit = np.degrees(np.arctan(0.5 * setting.height / setting.width))
        high = max(0.3, min(12, limit)) if "strip" in setting.on else 12
        tilt = rng.uniform(min(2, high / 2), high) * rng.choice([-1, 1])
    else:
        tilt = np.clip(rng.normal(0, 0.6), -1.9, 1.9) * ("strip" not in setting.on)
    return float(np.radians(90 * quarter_turns + tilt))


def _draw_grating(
    rng: np.random.Generator, setting: Setting, along: float
) -> tuple[Grating | Prism, float]:
    """Draw the grating (or prism) and camera, and the length of `SPAN_NM` in pixels."""
    if "zero_order" in setting.on:
        grooves = [n for n in GROOVES_PER_MM if n <= _MOST_GROOVES_WITH_ZERO_ORDER]
        period = 1e6 / rng.choice(grooves)
        middle = float(np.arcsin(550 / period))
        if "mirrored" in setting.on:
            reach, turn = rng.uniform(0.22, 0.46) * along, rng.normal(0, 0.05) * middle
        else:
            reach, turn = rng.uniform(0.45, 0.95) * along, rng.uniform(0.2, 1) * middle
        grating = Grating(period, 1.0, turn).spread(reach, (0.0, SPAN_NM[1]))
        low, high = grating.offset_px(np.array(SPAN_NM))
        return grating, float(high - low)
    if "oversized" in setting.on:
        # Astronomers' spectrographs show little of the spectrum at a time.
        span = rng.uniform(1.05, 3.0 if setting.family == "astro" else 1.6) * along
    elif "small" in setting.on:
        span = rng.uniform(0.05, 0.16) * along
    elif "second_order" in setting.on:
        span = rng.uniform(0.3, 0.5) * along
    else:
        span = rng.uniform(0.35, 0.98) * along
    span = max(span, _SHORTEST_SPECTRUM_PX)
    alone = "second_order" not in setting.on
    return draw_dispersion(rng, span, SPAN_NM, prism=alone), float(span)


def _draw_middle(
    rng: np.random.Generator, setting: Setting, grating: Grating | Prism, along: float
) -> float:
    """Draw the u that lies in the middle of the frame."""
    low, high = map(float, grating.offset_px(np.array(SPAN_NM)))
    if "mirrored" in setting.on:
        return rng.uniform(-0.5, 0.5) * max(0, 0.98 * along / 2 - high)
    if "zero_order" in setting.on:
        # The zero order a little inside one rim, the red end inside the other.
        spare = max(0, 0.98 * along - high)
        return along / 2 - spare * rng.uniform(0.2, 0.9)
    middle, room = (low + high) / 2, (along - (high - low)) / 2
    if "second_order" in setting.on:
        return middle + rng.uniform(0.3, 0.95) * max(0, room)
    # Now and then an end of the spectrum is cut off.
    beyond = 0.06 * along if rng.random() < 0.15 else 0.0
    return middle + rng.uniform(-1, 1) * (abs(room) * 0.95 + beyond)


def _draw_slit(rng: np.random.Generator, setting: Setting, across: float, span: float) -> Slit:
    """Draw the slit's image: a trace, a low strip, a tall band, a divided slit."""
    on = setting.on
    if "thin" in on:
        return Slit(0.5 * rng.uniform(1.0, 5.0), 0.0)
    if "strip" in on:
        # Half of the strips are cut out inside the band, half leave a margin around it.
        part = rng.uniform(0.7, 2.0) if rng.random() < 0.5 else rng.uniform(0.3, 0.46)
        half = part * across
    elif "zero_order" in on or "small" in on:
        half = 0.5 * span * log_uniform(rng, 0.06, 0.9)
    else:
        half = 0.5 * across * log_uniform(rng, 0.06, 0.9)
    if "oblique" in on:
        # A slanting band higher than long would be cut by every side of the frame.
        half = min(half, 0.3 * span)
    half = max(half, 1.5)
    if "strip" not in on:
        half = min(half, 0.47 * across)
    edge = min(log_uniform(rng, 0.4, 12), 0.35 * half)
    gap = half * rng.uniform(0.0, 0.25) if "half_slit" in on else 0.0
    return Slit(half, max(edge, 0.3), gap)


def _draw_bends(
    rng: np.random.Generator, setting: Setting, slit: Slit, span: float, height: int
) -> dict[str, object]:
    """Draw slant, smile, keystone and bend; sizes are limited to what leaves a usable spectrum."""
    # A lean displaces the ends of a tall slit; beyond a sixth of the spectrum it is no use.
    seen = min(slit.half_height_px, height / 2)
    steepest = 0.16 * span / max(seen, 1)
    low, high = np.tan(np.radians((4, 25))) if "slanted" in setting.on else (0.0, 0.02)
    slant = min(rng.uniform(low, high), steepest) * rng.choice([-1, 1])
    bends: dict[str, object] = {"slant": float(slant)}
    if "curved" in setting.on:
        # A DVD's steep grating bends lines by up to a tenth of the spectrum at the slit's ends.
        bends["smile"] = float(rng.uniform(-0.1, 0.1) * span / max(seen, 8) ** 2)
        bends["keystone"] = float(rng.uniform(-0.4, 0.4) / span)
        bends["bend"] = float(rng.normal(0, 0.25) * min(slit.half_height_px, 0.1 * span) / span**2)
    if "half_slit" in setting.on:
        # The halves lean and shift against each other by a few per cent of the spectrum.
        bends["half_slits"] = tuple(
            (float(slant + rng.normal(0, 0.2) * min(steepest, 0.3)), rng.normal(0, 0.01) * span)
            for _ in range(2)
        )
    return bends
