"""The light of every order along the dispersion, and its spread over the frame."""

from dataclasses import dataclass

import cv2
import numpy as np

from lib.simulation.draws import log_uniform
from lib.simulation.instrument import camera
from lib.simulation.instrument.grating import Grating, Prism, column_flux
from lib.simulation.instrument.projection import Projection
from lib.simulation.photos.layout import Layout, Slit

# Samples along u for each pixel of the photo; two keep the narrowest lines in place.
_SAMPLES_PER_PX = 2
# The frame's far corners may lie outside what any order reaches; no need to sample further.
_LONGEST_STRIP_PX = 12_000
# Grid on which the lit part of a picture is looked for.
_LIT_AREA_STEP_PX = 8


def frame_reach(projection: Projection, width: int, height: int) -> tuple[float, float]:
    """Return the least and the greatest u on the rim of the frame."""
    x = np.linspace(0, width - 1, 9)
    y = np.linspace(0, height - 1, 9)
    rim_x = np.concatenate([x, x, np.zeros(9), np.full(9, width - 1)])
    rim_y = np.concatenate([np.zeros(9), np.full(9, height - 1), y, y])
    u, _ = projection.to_slit(rim_x, rim_y)
    return float(u.min()), float(u.max())


def sample_positions(low: float, high: float) -> np.ndarray:
    """Return the centres of the samples along u, float64 (n,), a margin beyond both ends."""
    low, high = low - 8, min(high, low + _LONGEST_STRIP_PX) + 8
    n = int(np.ceil((high - low) * _SAMPLES_PER_PX))
    return low + (np.arange(n) + 0.5) / _SAMPLES_PER_PX


def order_light(
    response: np.ndarray, grating: Grating | Prism, order: int, u: np.ndarray
) -> np.ndarray:
    """Return the light of one order per pixel of length along u.

    Parameters
    ----------
    response : float array of shape (n_wavelengths, 3)
        Spectral power distribution times the sensor's curves, per step of `WAVELENGTHS_NM`.
    u : float array of shape (n,)
        Centres of equal samples.

    Returns
    -------
    float32 array of shape (n, 3)
        Flux is kept: the sum over a line is its flux wherever it falls among the samples.
    """
    step = u[1] - u[0]
    edges = np.append(u - step / 2, u[-1] + step / 2)
    if order == 0:
        light = np.zeros((len(u), 3), np.float32)
        if edges[0] < 0 < edges[-1]:
            light[np.searchsorted(edges, 0.0) - 1] = response.sum(axis=0) / step
        return light
    nm = np.broadcast_to(grating.nm_at(edges, order), (3, len(edges)))
    return np.ascontiguousarray(column_flux(response.T, nm).T) / np.float32(step)


def blur(
    rng: np.random.Generator, light: np.ndarray, span_px: float
) -> tuple[np.ndarray, np.ndarray]:
    """Blur light along u, samples as from `sample_positions`, by a slit and a lens.

    Widths are parts of the spectrum's length `span_px`.

    Returns
    -------
    image, halo : float32 arrays of the shape of `light`
        The slit's image, and what the lens scatters about it, as in crops.
    """
    width = _SAMPLES_PER_PX * max(0.9, span_px * float(camera.draw_line_width(rng, 1)[0]))
    slit_share = rng.random() ** 1.5
    core = {
        "sigma_px": max(0.35 * _SAMPLES_PER_PX, width * (1 - slit_share) / 2.3548),
        "slit_px": width * slit_share,
    }
    halo_share = np.float32(0.35 * rng.random() ** 3)
    halo_px = _SAMPLES_PER_PX * span_px * log_uniform(rng, 0.01, 0.12)
    image = camera.spread(light[None], **core)[0]
    halo = camera.spread(light[None], **core, halo_share=1.0, halo_px=halo_px)[0]
    return (1 - halo_share) * image, halo_share * halo


def scatter(rng: np.random.Generator, light: np.ndarray) -> np.ndarray:
    """Return what a grating scatters of the light along u, float32 (n, 3): faint, broad, tinted."""
    knots = np.float32(np.exp(rng.normal(0, 1, (rng.integers(2, 7), 1))))
    tint = rng.uniform(0.1, 1, 3)
    broad = cv2.resize(knots, (1, len(light)), interpolation=cv2.INTER_LINEAR) * tint
    return np.float32(broad * (log_uniform(rng, 0.002, 0.06) * light.max() / broad.max()))


def slit_profile(rng: np.random.Generator, slit: Slit) -> tuple[np.ndarray, np.ndarray]:
    """Draw how much light each height of the slit lets through.

    Returns
    -------
    v : float64 array of shape (n,)
        Equally spaced positions along the slit, pixels.
    transmission : float32 array of shape (n,), peak about 1
    """
    n = int(np.clip(4 * slit.reach_px, 64, 2048))
    v = np.linspace(-slit.reach_px, slit.reach_px, n)
    if slit.edge_px == 0:
        # A star's seeing disc: Moffat's profile.
        beta = rng.uniform(2.5, 5)
        alpha = slit.half_height_px / np.sqrt(2 ** (1 / beta) - 1)
        return v, ((1 + (v / alpha) ** 2) ** -beta).astype(np.float32)
    inside = np.clip((slit.half_height_px - np.abs(v)) / slit.edge_px, -30, 30)
    if slit.gap_px > 0:
        rim = np.clip((np.abs(v) - slit.gap_px / 2) / min(slit.edge_px, 1.0), -30, 30)
        inside = np.minimum(inside, rim)
    transmission = 1 / (1 + np.exp(-inside))
    transmission *= 1 + rng.uniform(-0.35, 0.35) * v / slit.reach_px
    if rng.random() < 0.5:
        # Dust and nicks in the slit's jaws: dark streaks along the dispersion.
        for _ in range(rng.integers(1, 12)):
            width = rng.uniform(0.005, 0.04) * slit.half_height_px + 0.4
            dip = np.exp(-0.5 * ((v - rng.uniform(v[0], v[-1])) / width) ** 2)
            transmission *= 1 - rng.uniform(0.05, 0.7) * dip
    if rng.random() < 0.3:
        # Light concentrated on the middle of the slit.
        transmission *= np.exp(-0.5 * (v / (slit.half_height_px * rng.uniform(0.5, 1.5))) ** 2)
    return v, (transmission / transmission.max()).astype(np.float32)


@dataclass(frozen=True)
class SlitImage:
    """Where in a picture the light of a slit falls, whatever light that is.

    Attributes
    ----------
    area : tuple of two slices
        Rows and columns of the picture outside of which none falls.
    sample : float32 array of shape (h, w)
        Place along u that each pixel of the area sees, in samples from the first.
    transmission : float32 array of shape (h, w, 3)
        What the slit lets through to it, the same in each channel.
    """

    area: tuple[slice, slice]
    sample: np.ndarray
    transmission: np.ndarray

    def cast(self, picture: np.ndarray, light: np.ndarray) -> None:
        """Add light along u, shape (n, 3), to a picture, float32 (height, width, 3), in place."""
        if self.sample.size:
            lit = _read_along(light, self.sample)
            lit *= self.transmission
            picture[self.area] += lit


def slit_image(
    shape: tuple[int, ...],
    scale: int,
    layout: Layout,
    u: np.ndarray,
    v: np.ndarray,
    transmission: np.ndarray,
) -> SlitImage:
    """Return where the light of a slit falls.

    Parameters
    ----------
    shape : tuple of int
        Of the picture; its pixel i lies at photo pixel (i + 0.5) * scale - 0.5.
    u : float array of shape (n,)
        Samples along the dispersion, as from `sample_positions`.
    v, transmission : arrays of shape (m,)
        Of `slit_profile`.
    """
    rows, columns = _lit_area(shape, scale, layout, u)
    x = ((np.arange(columns.start, columns.stop, dtype=np.float32) + 0.5) * scale - 0.5)[None]
    y = ((np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) * scale - 0.5)[:, None]
    along, across = layout.projection.to_slit(x, y)
    sample = np.float32((along - u[0]) / (u[1] - u[0]))
    if not sample.size:
        return SlitImage((rows, columns), sample, np.zeros((0, 0, 3), np.float32))
    mask = _read_along(transmission, np.float32((across - v[0]) / (v[1] - v[0])))
    return SlitImage((rows, columns), sample, cv2.cvtColor(mask, cv2.COLOR_GRAY2RGB))


def _read_along(values: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return values along one dimension at places, float32 (h, w), counted in samples; 0 beyond."""
    zero = np.zeros_like(place)
    return cv2.remap(values[None], place, zero, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def _lit_area(
    shape: tuple[int, ...], scale: int, layout: Layout, u: np.ndarray
) -> tuple[slice, slice]:
    """Return the rows and columns of a picture outside of which no light of the slit falls."""
    step = _LIT_AREA_STEP_PX
    x = np.arange(0, shape[1] + step, step)[None] * scale
    y = np.arange(0, shape[0] + step, step)[:, None] * scale
    along, v = layout.projection.to_slit(x, y)
    # Between two places of the coarse grid v changes by little more than their distance.
    near = np.abs(v) < layout.slit.reach_px + 2 * step * scale
    near &= (along > u[0] - 2 * step * scale) & (along < u[-1] + 2 * step * scale)
    if not near.any():
        return slice(0, 0), slice(0, 0)
    return _stretch(near.any(axis=1), step, shape[0]), _stretch(near.any(axis=0), step, shape[1])


def _stretch(near: np.ndarray, step: int, size: int) -> slice:
    """Return the pixels from the first to the last true place of a grid, a place to spare."""
    first, last = np.flatnonzero(near)[[0, -1]]
    return slice(max(0, (first - 1) * step), min((last + 1) * step, size))
