"""Building blocks of spectral power distributions on one wavelength grid.

A spectral power distribution (SPD) is a float32 array of shape (n_wavelengths,): flux per grid
step at `WAVELENGTHS_NM`, in relative units. A sharp line is split between its two neighbours, so
that its centroid and its flux are exact however fine the camera looks.
"""

import functools

import numpy as np

from lib.lines import line_list

STEP_NM = 0.25
# Silicon sees from about 340 nm (glass optics) to 1060 nm.
WAVELENGTHS_NM = np.arange(340.0, 1060.0 + STEP_NM / 2, STEP_NM)
N_WAVELENGTHS = len(WAVELENGTHS_NM)
# Instead of a division by zero where a camera sees nothing of a lamp.
NO_LIGHT = 1e-12

# Wider lines than this are drawn as Gaussians, narrower ones are below any camera's resolution.
_RESOLVED_FWHM_NM = 0.5
_FWHM_PER_SIGMA = 2.3548


def deposit(nm: np.ndarray, flux: np.ndarray) -> np.ndarray:
    """Return the SPD of infinitely sharp lines at `nm` with `flux`, both of shape (n_lines,).

    Lines outside the grid are left out.
    """
    nm, flux = np.atleast_1d(nm), np.atleast_1d(flux)
    position = (nm - WAVELENGTHS_NM[0]) / STEP_NM
    inside = (position >= 0) & (position < N_WAVELENGTHS - 1)
    position, flux = position[inside], flux[inside]
    left = position.astype(int)
    right_share = position - left
    spd = np.bincount(left, flux * (1 - right_share), N_WAVELENGTHS)
    spd += np.bincount(left + 1, flux * right_share, N_WAVELENGTHS)
    return spd.astype(np.float32)


def gaussian(
    centre_nm: float, fwhm_nm: float, red_fwhm_nm: float | None = None, flux: float = 1.0
) -> np.ndarray:
    """Return the SPD of one Gaussian of total `flux`; `red_fwhm_nm` widens its red side."""
    red_fwhm_nm = fwhm_nm if red_fwhm_nm is None else red_fwhm_nm
    offset = WAVELENGTHS_NM - centre_nm
    sigma = np.where(offset < 0, fwhm_nm, red_fwhm_nm) / _FWHM_PER_SIGMA
    area = np.sqrt(2 * np.pi) * (fwhm_nm + red_fwhm_nm) / 2 / _FWHM_PER_SIGMA
    return (flux * STEP_NM / area * np.exp(-0.5 * (offset / sigma) ** 2)).astype(np.float32)


def lorentzian(centre_nm: float, fwhm_nm: float, flux: float = 1.0) -> np.ndarray:
    """Return the SPD of one pressure-broadened (Lorentzian) line of total `flux`."""
    half = fwhm_nm / 2
    shape = half / np.pi / ((WAVELENGTHS_NM - centre_nm) ** 2 + half**2)
    return (flux * STEP_NM * shape).astype(np.float32)


def violet_shaded_band(head_nm: float, tail_nm: float) -> np.ndarray:
    """Return the SPD, of total flux 1, of a molecular band degraded to the violet.

    A sharp head at the red end and a tail of rotational lines, unresolved here, that falls off
    exponentially towards the violet with the extent `tail_nm`.
    """
    offset = head_nm - WAVELENGTHS_NM
    shape = np.where(offset >= 0, np.exp(-np.maximum(offset, 0) / tail_nm), 0)
    # The head itself is a fraction of a nanometre wide.
    shape += np.exp(-0.5 * (offset / 0.25) ** 2) * 0.5
    return (shape / max(shape.sum(), 1e-9)).astype(np.float32)


def planck(temperature_k: float) -> np.ndarray:
    """Return the SPD of a black body, peak 1, from Planck's law."""
    second_radiation_constant_nm_k = 1.438777e7
    exponent = second_radiation_constant_nm_k / (WAVELENGTHS_NM * temperature_k)
    spd = (WAVELENGTHS_NM / 560.0) ** -5 / np.expm1(exponent)
    return (spd / spd.max()).astype(np.float32)


@functools.cache
def _line_shapes(lamp: str) -> tuple[np.ndarray, np.ndarray]:
    """Return which lines of a list are resolved, and their unit shapes (n_resolved, n_grid)."""
    lines = line_list(lamp)
    resolved = lines.fwhm_nm > _RESOLVED_FWHM_NM
    shaded = lamp in ("nitrogen", "carbon_dioxide")
    shapes = [
        violet_shaded_band(nm, fwhm) if shaded else gaussian(nm, fwhm)
        for nm, fwhm in zip(lines.nm[resolved], lines.fwhm_nm[resolved], strict=True)
    ]
    return resolved, np.array(shapes, np.float32).reshape(-1, N_WAVELENGTHS)


def emission(lamp: str, intensity: np.ndarray | None = None) -> np.ndarray:
    """Return the SPD of a line list, with `intensity` (n_lines,) in place of the tabulated one."""
    lines = line_list(lamp)
    intensity = lines.intensity if intensity is None else intensity
    resolved, shapes = _line_shapes(lamp)
    spd = deposit(lines.nm[~resolved], intensity[~resolved])
    if len(shapes):
        spd += intensity[resolved].astype(np.float32) @ shapes
    return spd


def vary(
    rng: np.random.Generator, nm: np.ndarray, intensity: np.ndarray, spread: float, tilt: float
) -> np.ndarray:
    """Return line intensities of another lamp of the same kind.

    Each line is scaled by its own log-normal factor (`spread` its standard deviation), and all
    together by an exponential tilt along the spectrum (standard deviation `tilt` per 100 nm),
    as pressure, current and the colour of the glass do.
    """
    factor = spread * rng.standard_normal(len(nm)) + tilt * rng.standard_normal() * (nm - 550) / 100
    return intensity * np.exp(factor)


def varied_emission(
    rng: np.random.Generator, lamp: str, spread: float = 0.35, tilt: float = 0.25
) -> np.ndarray:
    """Return the SPD of a line list with intensities varied as in `vary`."""
    lines = line_list(lamp)
    return emission(lamp, vary(rng, lines.nm, lines.intensity, spread, tilt))


def smooth_curve(rng: np.random.Generator, knots: int, spread: float) -> np.ndarray:
    """Return a smooth positive curve around 1 on the grid: the exponential of a random spline.

    Used for the colour of glass, coatings and scattering walls. `spread` is the standard
    deviation of its logarithm at each of the `knots`.
    """
    heights = spread * rng.standard_normal(knots)
    position = np.linspace(0, knots - 1, N_WAVELENGTHS)
    left = np.minimum(position.astype(int), knots - 2)
    share = position - left
    share = share * share * (3 - 2 * share)
    return np.exp(heights[left] * (1 - share) + heights[left + 1] * share).astype(np.float32)


def sigmoid_edge(edge_nm: float, width_nm: float) -> np.ndarray:
    """Return a transmission that rises from 0 to 1 around `edge_nm`, over about 4 `width_nm`."""
    argument = np.clip((WAVELENGTHS_NM - edge_nm) / width_nm, -40, 40)
    return (1 / (1 + np.exp(-argument))).astype(np.float32)
