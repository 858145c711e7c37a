"""What is known about a simulated photo: boxes of usable first orders and their wavelengths."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from lib.simulation.instrument.grating import Grating, Prism
from lib.simulation.instrument.projection import Projection
from lib.simulation.photos.layout import Layout

# The polynomial that maps pixels to nm follows the grating equation this closely over the box.
_POLYNOMIAL_TOLERANCE_NM = 0.01
_HIGHEST_DEGREE = 8
# Shorter than this there is no spectrum to speak of, not even a single line.
_SHORTEST_BOX_PX = 3


@dataclass(frozen=True)
class BandTruth:
    """One usable first order, or half of a divided slit in one.

    Attributes
    ----------
    x0, y0, x1, y1 : int
        Box in pixels of the photo, half-open: where light of the order stands out of its
        surroundings along the centre line, and the height of the slit's image.
    axis : str
        "horizontal" or "vertical", whichever is nearer to the dispersion.
    blue_end : str
        left, right, top or bottom; none where the colours do not tell.
    blue_side : str
        Where blue truly lies, told by the colours or not.
    angle_deg : float
        Clockwise turn of the centre line from its axis.
    order : int
        1 or -1.
    part : str
        "whole", or "half" of a divided slit.
    coefficients : tuple of float
        Wavelength in nm at the centre line, ascending powers of photo x (or y if vertical).
    centre_line : tuple of float
        The other photo coordinate of the centre line, ascending powers of the same.
    seen_fraction : float
        Part of the order's visible length that is inside the frame.
    projection : Projection
    grating : Grating
    """

    x0: int
    y0: int
    x1: int
    y1: int
    axis: str
    blue_end: str
    blue_side: str
    angle_deg: float
    order: int
    part: str
    coefficients: tuple[float, ...]
    centre_line: tuple[float, ...]
    seen_fraction: float
    projection: Projection
    grating: Grating | Prism

    def nm_at(self, pixel: np.ndarray) -> np.ndarray:
        """Return the wavelength in nm at photo x (or y, if vertical) on the centre line."""
        return np.polynomial.polynomial.polyval(pixel, self.coefficients)

    def nm_in_photo(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the wavelength in nm at places of the photo, on the centre line or off it."""
        u, _ = self.projection.to_slit(x, y)
        return self.grating.nm_at(u, self.order)


@dataclass(frozen=True)
class PhotoTruth:
    """What is known about a photo.

    Attributes
    ----------
    lamp : str or None
        Name in `lib.simulation.lamps.catalogue.LAMPS`; None where there is no spectrum.
    class_name : str or None
        One of the seven classes; None for other lamps and for non-spectra.
    kind : str
        The lamp's kind, or what a picture without a spectrum shows.
    family : str
        Kind of picture, as in `lib.simulation.photos.difficulty.FAMILIES`; "scene" without a
        spectrum.
    difficulties : frozenset of str
        Which of `lib.simulation.photos.difficulty.DIFFICULTIES` the photo shows.
    boxes : tuple of BandTruth
        The best first; empty where there is no spectrum.
    saturated : bool
        Whether over 2 % of the pixels of the best box have a clipped channel.
    zero_order : bool
        Whether the zero order is in the frame.
    """

    lamp: str | None
    class_name: str | None
    kind: str
    family: str
    difficulties: frozenset[str]
    boxes: tuple[BandTruth, ...]
    saturated: bool
    zero_order: bool

    @property
    def axis(self) -> str:
        """Axis of the best box, or "none"."""
        return self.boxes[0].axis if self.boxes else "none"

    @property
    def blue_end(self) -> str:
        """Blue end of the best box, or "none"."""
        return self.boxes[0].blue_end if self.boxes else "none"

    @property
    def angle_deg(self) -> float | None:
        """Tilt of the best box, or None."""
        return self.boxes[0].angle_deg if self.boxes else None


class Box(Protocol):
    """A found band, as far as it can be held against a true one."""

    x0: int
    y0: int
    x1: int
    y1: int
    axis: str


def overlap_along(found: Box, true: Box) -> float:
    """Return the intersection over union of two boxes along the dispersion.

    0 where their axes differ or they lie beside one another.
    """
    if found.axis != true.axis:
        return 0.0
    ends = (("x0", "x1"), ("y0", "y1"))
    along, across = ends if true.axis == "horizontal" else ends[::-1]
    (a0, a1), (b0, b1) = ([getattr(box, end) for end in along] for box in (found, true))
    (c0, c1), (d0, d1) = ([getattr(box, end) for end in across] for box in (found, true))
    if min(c1, d1) <= max(c0, d0):
        return 0.0
    return max(0, min(a1, b1) - max(a0, b0)) / (max(a1, b1) - min(a0, b0))


def best_box(found: Box, boxes: Sequence[BandTruth]) -> BandTruth | None:
    """Return the true band that a found one overlaps best, None if it overlaps none."""
    best = max(boxes, key=lambda box: overlap_along(found, box), default=None)
    return best if best is not None and overlap_along(found, best) > 0 else None


def band_truths(
    layout: Layout, order: int, seen_u: tuple[float, float], shape: tuple[int, int], known: bool
) -> list[BandTruth]:
    """Return the box of one first order, and of each half where the slit is divided.

    Parameters
    ----------
    seen_u : tuple of float
        Where along u the order's light stands out of its surroundings, frame or no frame.
    shape : tuple of int
        Height and width of the photo.
    known : bool
        Whether the colours tell the direction.
    """
    half, projection = layout.slit.half_height_px, layout.projection
    if layout.slit.edge_px == 0:
        half = max(1.0, 1.5 * half)
    if not projection.half_slits:
        bands = [("whole", projection, (-half, half))]
    else:
        upper, lower = projection.half_slits
        mean = tuple((a + b) / 2 for a, b in zip(upper, lower, strict=True))
        gap = layout.slit.gap_px / 2
        bands = [
            ("whole", replace(projection, half_slits=(mean, mean)), (-half, half)),
            ("half", projection, (-half, -gap)),
            ("half", projection, (gap, half)),
        ]
    truths = (
        _band_truth(layout, where, order, part, seen_u, reach, shape, known)
        for part, where, reach in bands
    )
    return [truth for truth in truths if truth is not None]


def _band_truth(
    layout: Layout,
    projection: Projection,
    order: int,
    part: str,
    seen_u: tuple[float, float],
    reach_v: tuple[float, float],
    shape: tuple[int, int],
    known: bool,
) -> BandTruth | None:
    """Return the truth of the band between two heights of the slit; None if outside the frame."""
    length, breadth = (shape[1], shape[0]) if projection.horizontal else (shape[0], shape[1])
    position = np.arange(length, dtype=float)
    edges = np.sort([cross(projection, position, v, breadth) for v in reach_v], axis=0)
    low, high = np.clip(edges, -0.5, breadth - 0.5)
    line = _centre_polynomial(projection, position, edges, breadth, seen_u)
    if line is None:
        return None
    centre = np.polynomial.polynomial.polyval(position, line)
    u, _ = _to_slit_along(projection, position, centre)
    inside = (centre > -0.5) & (centre < breadth - 0.5) & (high - low > 0.5)
    inside = _longest_run(inside & (u >= seen_u[0]) & (u <= seen_u[1]))
    if inside.sum() < _SHORTEST_BOX_PX:
        return None
    first, last = np.flatnonzero(inside)[[0, -1]]
    pick = slice(first, last + 1)
    nm = layout.grating.nm_at(u[pick], order)
    axis = "horizontal" if projection.horizontal else "vertical"
    sides = ("left", "right") if projection.horizontal else ("top", "bottom")
    side = sides[0] if nm[0] < nm[-1] else sides[1]
    slope = (centre[last] - centre[first]) / max(last - first, 1)
    along = (first, last + 1)
    across = (int(np.floor(low[pick].min() + 0.5)), int(np.ceil(high[pick].max() + 0.5)))
    (x0, x1), (y0, y1) = (along, across) if projection.horizontal else (across, along)
    return BandTruth(
        x0=int(x0),
        y0=int(y0),
        x1=int(x1),
        y1=int(y1),
        axis=axis,
        blue_end=side if known else "none",
        blue_side=side,
        angle_deg=float(np.degrees(np.arctan(slope)) * (1 if projection.horizontal else -1)),
        order=order,
        part=part,
        coefficients=_fit_polynomial(position[pick], nm, _POLYNOMIAL_TOLERANCE_NM, _HIGHEST_DEGREE),
        centre_line=line,
        seen_fraction=float(np.ptp(u[pick]) / max(seen_u[1] - seen_u[0], 1e-6)),
        projection=layout.projection,
        grating=layout.grating,
    )


def _centre_polynomial(
    projection: Projection,
    position: np.ndarray,
    edges: np.ndarray,
    breadth: int,
    seen_u: tuple[float, float],
) -> tuple[float, ...] | None:
    """Return the centre line of the visible part of a band, ascending powers; None without one.

    Where the frame cuts one side off, the line goes on as it runs through the whole part; a strip
    cut out inside the band has no whole part, and its middle is the picture's.
    """
    low, high = np.clip(edges, -0.5, breadth - 0.5)
    centre = (low + high) / 2
    u, _ = _to_slit_along(projection, position, centre)
    seen = _longest_run((high - low > 0.5) & (u >= seen_u[0]) & (u <= seen_u[1]))
    whole = seen & (edges[0] >= -0.5) & (edges[1] <= breadth - 0.5)
    used = whole if whole.sum() > 0.3 * seen.sum() else seen
    if used.sum() < _SHORTEST_BOX_PX:
        return None
    return _fit_polynomial(position[used], centre[used], 0.05, 2)


def _longest_run(true: np.ndarray) -> np.ndarray:
    """Return the longest unbroken run of a bool array alone, of its shape.

    Far from a bent band the bends, carried on, can come to its wavelengths again.
    """
    edges = np.flatnonzero(np.diff(true, prepend=False, append=False)).reshape(-1, 2)
    alone = np.zeros_like(true)
    if len(edges):
        first, stop = edges[np.diff(edges, axis=1).argmax()]
        alone[first:stop] = True
    return alone


def _to_slit_along(
    projection: Projection, position: np.ndarray, crossing: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return (u, v) at coordinates along and across the band's axis of the photo."""
    if projection.horizontal:
        return projection.to_slit(position, crossing)
    return projection.to_slit(crossing, position)


def cross(projection: Projection, position: np.ndarray, v: float, breadth: int) -> np.ndarray:
    """Return where the line of constant v crosses each column (or row) of the photo, pixels."""
    crossing = np.full_like(position, breadth / 2)
    # Newton's method with a numerical slope; v is nearly linear in the crossing.
    for _ in range(8):
        here = _to_slit_along(projection, position, crossing)[1]
        ahead = _to_slit_along(projection, position, crossing + 0.5)[1]
        crossing = crossing + (v - here) / ((ahead - here) / 0.5)
    return crossing


def _fit_polynomial(
    x: np.ndarray, y: np.ndarray, tolerance: float, highest_degree: int
) -> tuple[float, ...]:
    """Return ascending coefficients of the lowest degree that follows y(x) within `tolerance`."""
    for degree in range(1, min(highest_degree, len(x) - 1) + 1):
        fit = np.polynomial.Polynomial.fit(x, y, degree)
        if np.abs(fit(x) - y).max() <= tolerance:
            break
    return tuple(map(float, fit.convert().coef))
