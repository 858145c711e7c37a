"""Dispersion: the wavelength that lands on each column, and the light of each order there."""

from dataclasses import dataclass

import numpy as np

from lib.simulation.lamps.spectra import N_WAVELENGTHS, STEP_NM, WAVELENGTHS_NM

# Lines per mm of gratings people use: slides, holographic film, and the tracks of CDs and DVDs.
GROOVES_PER_MM = (300, 500, 600, 625, 1000, 1200, 1351)

# |sin| of the diffraction angle stays below this: no photo is taken at grazing exit.
_LARGEST_SINE = 0.92
# Largest span of a photo in grating periods.
_WIDEST_SPAN = 1.5
# Share of spectrometers with a prism, and where their Hartmann formula has its pole: crown glass
# to dense flint (from the refractive indices of BK7, F2 and SF10 at the F, d and C lines).
_PRISM_SHARE = 0.05
HARTMANN_POLE_NM = (120.0, 240.0)
# A prism's spectrum begins at least so far from the pole.
_PRISM_FROM_NM = 340.0
# Inverse distance from the pole, 1/nm, that no light comes beyond: far infrared.
_PRISM_FARTHEST = 1e-4


@dataclass(frozen=True)
class Geometry:
    """Grating (or prism), incidence and camera axis of a batch of spectrometers; shape (n,) each.

    Attributes
    ----------
    period_nm : float array
        Distance of the grooves.
    sin_centre : float array
        Sine of the diffraction angle of the wavelength in the middle.
    camera_tilt : float array
        Angle in radians between the camera's axis and that direction.
    pole_nm : float array
        Of a prism's Hartmann formula; nan for a grating.
    """

    period_nm: np.ndarray
    sin_centre: np.ndarray
    camera_tilt: np.ndarray
    pole_nm: np.ndarray


def draw_geometry(rng: np.random.Generator, n: int, *, curved: bool = True) -> Geometry:
    """Draw `n` spectrometers; with `curved` False the dispersion is as good as linear."""
    if not curved:
        return Geometry(np.full(n, 1e6), np.zeros(n), np.zeros(n), np.full(n, np.nan))
    period_nm = 1e6 / rng.choice(GROOVES_PER_MM, n)
    pole_nm = np.where(rng.random(n) < _PRISM_SHARE, rng.uniform(*HARTMANN_POLE_NM, n), np.nan)
    return Geometry(period_nm, rng.uniform(-0.2, 0.85, n), rng.uniform(-0.15, 0.15, n), pole_nm)


def has_prism(geometry: Geometry, limits_nm: np.ndarray) -> np.ndarray:
    """Return which crops a prism made, bool (n,): one shows no wavelength near its pole."""
    return np.isfinite(geometry.pole_nm) & (limits_nm[:, 0] > _PRISM_FROM_NM)


def wavelength_at(
    geometry: Geometry, limits_nm: np.ndarray, position: np.ndarray, *, order: int = 1
) -> np.ndarray:
    """Return the wavelength (nm, in `order`) at positions along the dispersion.

    The grating equation, ``period (sin a + sin b) = order wavelength``, seen through a camera
    without distortion: the position is the tangent of the angle to the camera's axis, scaled so
    that ``limits_nm[:, 0]`` is at position 0 and ``limits_nm[:, 1]`` at position 1. A prism throws
    the wavelength nm to a place linear in ``1 / (nm - pole)`` (Hartmann's formula).

    Parameters
    ----------
    limits_nm : float array of shape (n, 2)
        First-order wavelength at either end; a negative one lies beyond the zero order.
    position : float array of shape (n_positions,) or (n, n_positions)
    """
    span_nm = np.abs(np.diff(limits_nm, axis=1))
    # A span that wide takes a coarser grating: a fine one would send its ends past 90 degrees.
    period = np.maximum(geometry.period_nm[:, None], span_nm / _WIDEST_SPAN)
    middle_nm = limits_nm.mean(axis=1, keepdims=True)
    half_span = span_nm / 2 / period
    room = np.maximum(_LARGEST_SINE - half_span, 0)
    sin_centre = np.clip(geometry.sin_centre[:, None], -room, room)

    sines = sin_centre + (limits_nm - middle_nm) / period
    axis = np.arcsin(sin_centre) + geometry.camera_tilt[:, None]
    ends = np.tan(np.arcsin(np.clip(sines, -0.999, 0.999)) - axis)
    tangent = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * np.atleast_2d(position)
    nm = (middle_nm + period * (np.sin(axis + np.arctan(tangent)) - sin_centre)) / order
    prism = has_prism(geometry, limits_nm)
    if prism.any():
        pole = geometry.pole_nm[prism, None]
        inverse = 1 / (limits_nm[prism] - pole)
        place = np.broadcast_to(np.atleast_2d(position), nm.shape)[prism]
        inverse = inverse[:, :1] + (inverse[:, 1:] - inverse[:, :1]) * place
        nm[prism] = pole + 1 / np.maximum(inverse, _PRISM_FARTHEST)
    return nm


def column_flux(spd: np.ndarray, edges_nm: np.ndarray) -> np.ndarray:
    """Return the light between neighbouring wavelength edges, so that no flux is lost or doubled.

    Parameters
    ----------
    spd : float array of shape (n, n_wavelengths)
    edges_nm : float array of shape (n, n_columns + 1)

    Returns
    -------
    float32 array of shape (n, n_columns)
    """
    # Flux of a grid step is spread evenly over the step around its wavelength.
    total = np.zeros((len(spd), N_WAVELENGTHS + 1))
    np.cumsum(spd, axis=1, out=total[:, 1:])
    position = (edges_nm - (WAVELENGTHS_NM[0] - STEP_NM / 2)) / STEP_NM
    position = np.clip(position, 0, N_WAVELENGTHS)
    left = np.minimum(position.astype(np.int32), N_WAVELENGTHS - 1)
    share = position - left
    below = np.take_along_axis(total, left, axis=1)
    above = np.take_along_axis(total, left + 1, axis=1)
    return np.abs(np.diff(below + share * (above - below), axis=1)).astype(np.float32)
