"""Which light of a photo stands out: the extent of its usable spectra, and their direction."""

from dataclasses import dataclass

import numpy as np

from lib.simulation.photos.exposure import Exposure
from lib.simulation.photos.layout import Layout
from lib.simulation.photos.truth import BandTruth, band_truths

# Light stands out where it is this much brighter than its surroundings, haze of its own lines
# included, in display levels, and this part of the brightest. At the ends of bands that people drew
# by eye in real photos, light just inside has 12 % of the peak, just outside 1 % (medians of 146).
_VISIBLE_LEVELS = 10.0
_VISIBLE_PART = 0.08
# Nor where it is less than this many standard deviations of the noise, averaged along the slit:
# what an eye needs (A. Rose, J. Opt. Soc. Am. 38, 196, 1948).
_VISIBLE_SIGMAS = 5.0
# With its peak below this multiple of what can be seen, no one would call it a spectrum.
_FAINTEST_PEAK = 2.5
# A first order is usable with at least this part of its visible length inside the frame.
_SEEN_FRACTION = 0.6
# What silicon behind glass can see at all.
_SIGHT_NM = (360.0, 1000.0)
# Sum of the differences of the three colour shares between the halves of a spectrum, from which
# on a person can tell which half is bluer.
_COLOUR_CHANGE = 0.3


@dataclass(frozen=True)
class Frame:
    """What a photo is made of, but for the light of the spectrum.

    Attributes
    ----------
    shape : tuple of int
        Height and width of the photo.
    layout : Layout
    exposure : Exposure
    u : float64 array of shape (n,)
        Samples along the dispersion.
    backdrop : float32 array of shape (h, w, 3)
        Other light, linear, at the size that the photo is rendered at.
    scale : int
        Photo pixels per pixel of the backdrop.
    """

    shape: tuple[int, int]
    layout: Layout
    exposure: Exposure
    u: np.ndarray
    backdrop: np.ndarray
    scale: int


def find_boxes(frame: Frame, orders: dict[int, np.ndarray]) -> tuple[BandTruth, ...]:
    """Return the usable first orders, the best first: whole, and brighter without clipping.

    Parameters
    ----------
    orders : dict of float32 arrays of shape (n, 3)
        Light of each order along `frame.u`, in units of a full pixel.
    """
    found = []
    for order in (1, -1):
        if order not in orders:
            continue
        shown, threshold = contrast(frame, orders[order])
        nm = frame.layout.grating.nm_at(frame.u, order)
        seen = (shown.max(axis=1) > threshold) & (nm > _SIGHT_NM[0]) & (nm < _SIGHT_NM[1])
        if not seen.any() or shown.max() < _FAINTEST_PEAK * threshold:
            continue
        first, last = np.flatnonzero(seen)[[0, -1]]
        truths = band_truths(
            frame.layout,
            order,
            (frame.u[first], frame.u[last]),
            frame.shape,
            _direction_shows(shown[first : last + 1]),
        )
        peak = orders[order].max()
        found += [
            (truth.seen_fraction < 0.95, max(peak, 1 / peak), truth)
            for truth in truths
            if truth.seen_fraction >= _SEEN_FRACTION
        ]
    return tuple(truth for *_, truth in sorted(found, key=lambda item: item[:2]))


def contrast(frame: Frame, strip: np.ndarray) -> tuple[np.ndarray, float]:
    """Return how far light stands out of its surroundings on the centre line, display levels.

    Returns
    -------
    shown : float32 array of shape (n, 3)
    threshold : float
        Above this, the light can be seen.
    """
    layout, exposure, backdrop = frame.layout, frame.exposure, frame.backdrop
    x, y = layout.projection.from_slit(frame.u, np.zeros_like(frame.u))
    column = np.clip((x / frame.scale).astype(int), 0, backdrop.shape[1] - 1)
    row = np.clip((y / frame.scale).astype(int), 0, backdrop.shape[0] - 1)
    behind = backdrop[row, column]
    noise = exposure.camera.noise_at(behind)
    levels = 255 * exposure.camera.develop(np.stack([behind, behind + strip, behind + noise]))
    shown = np.maximum(levels[1] - levels[0], 0)
    rows = np.clip(2 * layout.slit.half_height_px, 1, 25)
    grain = float(np.median((levels[2] - levels[0]).max(axis=1))) / np.sqrt(rows)
    return shown, max(_VISIBLE_LEVELS, _VISIBLE_PART * float(shown.max()), _VISIBLE_SIGMAS * grain)


def dim_backdrop(frame: Frame, strip: np.ndarray) -> None:
    """Dim the backdrop, in place, until the spectrum can be told from it."""
    for _ in range(6):
        shown, threshold = contrast(frame, strip)
        if shown.max() > _FAINTEST_PEAK * threshold:
            return
        np.multiply(frame.backdrop, 0.4, out=frame.backdrop)


def _direction_shows(shown: np.ndarray) -> bool:
    """Return whether the colours differ between the two halves of the light, shape (n, 3)."""
    total = np.cumsum(shown.sum(axis=1))
    middle = int(np.searchsorted(total, total[-1] / 2)) + 1
    halves = [part.sum(axis=0) for part in (shown[:middle], shown[middle:])]
    shares = [half / max(half.sum(), 1e-9) for half in halves]
    return bool(np.abs(shares[0] - shares[1]).sum() > _COLOUR_CHANGE)
