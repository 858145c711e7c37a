"""Physical dispersion curves, fitted to wavelengths read and lines found along a band.

A band's wavelengths follow the grating equation seen through a pinhole camera, or, rarely,
Hartmann's formula for a prism. Both have few parameters, most of them about known, so that a curve
also holds where no line pins it down (Liu and Hennelly 2022, "Improved wavelength calibration by
modeling the spectrometer", Applied Spectroscopy). Places are t, from -1 at the band's first sample
to 1 at its last; wavelengths grow with t.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

# The first two parameters of each family are the wavelength at t = 0 and its slope there; these
# are free. Means and standard deviations of the others:
# ln of the groove distance in nm (300 to 1350 lines/mm), the angle of diffraction and the angle
# between it and the camera's axis, radians;
_GRATING_PRIOR = ((7.15, 0.35, 0.0), (0.45, 0.40, 0.15))
# the pole of Hartmann's formula, nm (crown glass to dense flint).
_PRISM_PRIOR = ((180.0,), (35.0,))
# One spectrometer in twenty has a prism: ln of the odds against it.
_AGAINST_PRISM = 3.0
# Precision of the free parameters: none to speak of, 1/nm**2.
_FREE = 1e-8
# From afar, and from a curve fitted to nearly the same points.
_ITERATIONS, _MORE_ITERATIONS = 8, 3
# A curve that a step moves by less is found, nm.
_SETTLED_NM = 1e-2
# Degrees of freedom of Student's t: outliers count less, but still count.
_TAIL = 4.0
# Errors of readings at neighbouring places are correlated: the correlation falls to 1/e over
# this part of t (simulated photos).
_CORRELATION_T = 0.35
# Angles are followed to here, radians: no light leaves a grating beyond a right one.
_GRAZING = 1.5

# A curve is written as the polynomial of least degree that follows it so closely, nm.
_POLYNOMIAL_NM, _MAX_DEGREE = 0.02, 7
# Where it is compared with its polynomial, between two places that are -1 and 1.
UNIT_PLACES = np.linspace(-1.0, 1.0, 201)

# A family's wavelengths at places, shape (n,), and their derivatives by each parameter, (n, p).
Curve = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def grating_curve(parameters: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return wavelengths by the grating equation, nm, and derivatives; see `_GRATING_PRIOR`."""
    centre, slope, log_period, angle, tilt = parameters.tolist()
    period, cosine, bent_axis = math.exp(log_period), math.cos(angle), math.tan(tilt)
    steeper = 1 + bent_axis**2
    # Tangent of the angle to the camera's axis per unit of t.
    unit = slope * steeper / (period * cosine)
    tangent = bent_axis + unit * t
    bent = np.arctan(tangent) + (angle - tilt)
    bent = np.minimum(np.maximum(bent, -_GRAZING), _GRAZING)
    rise = period * (np.sin(bent) - math.sin(angle))
    across = period * np.cos(bent)
    along = across / (1 + tangent**2)
    by_unit = along * (unit * t)
    slopes = np.empty((len(t), 5))
    slopes[:, 0] = 1.0
    slopes[:, 1] = by_unit / slope
    slopes[:, 2] = rise - by_unit
    slopes[:, 3] = across - period * cosine + by_unit * math.tan(angle)
    slopes[:, 4] = along * steeper - across + 2 * bent_axis * by_unit
    return centre + rise, slopes


def prism_curve(parameters: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return wavelengths by Hartmann's formula, nm, and derivatives; see `_PRISM_PRIOR`."""
    centre, slope, pole = parameters
    above = max(centre - pole, 1.0)
    left = np.maximum(1 - slope / above * t, 0.05)
    by_above = 1 / left - slope * t / (above * left**2)
    return pole + above / left, np.stack([by_above, t / left**2, 1 - by_above], axis=1)


@dataclass(frozen=True)
class Family:
    """Curves of one kind, what is known of their parameters, and ln of the odds against it."""

    name: str
    curve: Curve
    mean: np.ndarray
    precision: np.ndarray
    cost: float


def _family(name: str, curve: Curve, prior: tuple, cost: float) -> Family:
    mean, spread = (np.array(values) for values in prior)
    precision = np.concatenate([[_FREE, _FREE], 1 / spread**2])
    return Family(name, curve, np.concatenate([[0.0, 0.0], mean]), precision, cost)


FAMILIES = (
    _family("grating", grating_curve, _GRATING_PRIOR, 0.0),
    _family("prism", prism_curve, _PRISM_PRIOR, _AGAINST_PRISM),
)


@dataclass(frozen=True)
class Points:
    """Wavelengths known at places, with standard errors, nm; arrays of shape (n,)."""

    t: np.ndarray
    nm: np.ndarray
    sigma_nm: np.ndarray

    @cached_property
    def decorrelation(self) -> np.ndarray:
        """Return the matrix that makes errors at places in order independent, (n, n).

        Of errors whose correlation falls exponentially, each is told by the one before and a part
        of its own (Ornstein and Uhlenbeck's process).
        """
        if len(self.t) == 0:
            return np.zeros((0, 0))
        shared = np.exp(-np.abs(np.diff(self.t)) / _CORRELATION_T)
        own = np.concatenate([[1.0], 1 / np.sqrt(1 - shared**2)])
        return np.diag(own) - np.diag(own[1:] * shared, -1)


NO_POINTS = Points(np.zeros(0), np.zeros(0), np.zeros(0))


@dataclass(frozen=True)
class Dispersion:
    """A fitted curve.

    Attributes
    ----------
    family : Family
    parameters : float64 of shape (p,)
    covariance : float64 of shape (p, p)
    cost : float
        Negative logarithm of the likelihood, outliers faded, and of the prior.
    """

    family: Family
    parameters: np.ndarray
    covariance: np.ndarray
    cost: float

    def nm_at(self, t: np.ndarray) -> np.ndarray:
        """Return wavelengths at `t`, nm."""
        return self.family.curve(self.parameters, t)[0]

    def steepness_at(self, t: np.ndarray) -> np.ndarray:
        """Return wavelengths per unit of t at `t`, nm."""
        return (self.nm_at(t + 1e-3) - self.nm_at(t - 1e-3)) / 2e-3

    def error_at(self, t: np.ndarray) -> np.ndarray:
        """Return the standard error of wavelengths at `t`, nm."""
        slopes = self.slopes(t)
        return np.sqrt(np.einsum("ni,ij,nj->n", slopes, self.covariance, slopes))

    def slopes(self, t: np.ndarray) -> np.ndarray:
        """Return the derivatives of wavelengths at `t` by each parameter, shape (n, p)."""
        return self.family.curve(self.parameters, t)[1]

    def as_polynomial(self, first_t: float, last_t: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the curve between two places as a polynomial, and its covariance.

        Returns
        -------
        coefficients : float64 array of shape (k,)
            Ascending powers of u, which runs from -1 at the first place to 1 at the last.
        covariance : float64 array of shape (k, k)
            nm squared.
        """
        t = (first_t + last_t) / 2 + (last_t - first_t) / 2 * UNIT_PLACES
        nm = self.nm_at(t)
        for degree in range(2, _MAX_DEGREE + 1):
            powers, inverse = powers_of(degree)
            if np.abs(powers @ (inverse @ nm) - nm).max() <= _POLYNOMIAL_NM:
                break
        spread = inverse @ self.slopes(t)
        return inverse @ nm, spread @ self.covariance @ spread.T


@cache
def powers_of(degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Return powers of `UNIT_PLACES`, ascending, (n, degree + 1), and their inverse."""
    powers = np.vander(UNIT_PLACES, degree + 1, increasing=True)
    return powers, np.linalg.pinv(powers)


def fit_dispersion(
    reading: Points, lines: Points = NO_POINTS, start: Dispersion | None = None
) -> Dispersion:
    """Fit the likelier family of curves to what is read along a band, and to lines.

    Parameters
    ----------
    reading : Points
        At places in order; their errors go together. Possibly none, where two lines are known.
    lines : Points, optional
        Errors of their own each, and outliers among them.
    start : Dispersion, optional
        A curve nearby: its family alone is fitted, from its parameters.
    """
    if start is not None:
        return _fit(start.family, start.parameters, reading, lines, _MORE_ITERATIONS)
    known = reading if len(reading.t) else lines
    slope, centre = np.polyfit(known.t, known.nm, 1, w=1 / known.sigma_nm)
    found = []
    for family in FAMILIES:
        first = family.mean.copy()
        first[:2] = centre, max(slope, 1.0)
        found.append(_fit(family, first, reading, lines, _ITERATIONS))
    return min(found, key=lambda fit: fit.cost)


def _fit(
    family: Family, start: np.ndarray, reading: Points, lines: Points, iterations: int
) -> Dispersion:
    """Fit one family by Gauss and Newton's method with a prior."""
    parameters = start.astype(np.float64).copy()
    prior = np.diag(family.precision)
    furthest = 1 / np.sqrt(family.precision)
    t, nm, sigma = (
        np.concatenate([getattr(points, name) for points in (reading, lines)])
        for name in ("t", "nm", "sigma_nm")
    )
    read = len(reading.t)
    apart = reading.decorrelation
    steps = 0
    settled = False
    while True:
        curve, slopes = family.curve(parameters, t)
        residual, design = (nm - curve) / sigma, slopes / sigma[:, None]
        residual[:read], design[:read] = apart @ residual[:read], apart @ design[:read]
        weight = np.minimum((_TAIL + 1) / (_TAIL + residual**2), 1.0)
        weight[:read] = 1.0
        normal = design.T @ (weight[:, None] * design) + prior
        off = family.mean - parameters
        if settled or steps == iterations:
            break
        gradient = design.T @ (weight * residual) + prior @ off
        # An angle that leaps over a right one would turn the band round.
        step = np.clip(np.linalg.solve(normal, gradient), -furthest, furthest)
        parameters += step
        parameters[1] = max(parameters[1], 1.0)
        settled = bool(np.abs(slopes @ step).max() < _SETTLED_NM)
        steps += 1
    cost = 0.5 * (residual[:read] ** 2).sum() + 0.5 * off @ prior @ off
    cost += (_TAIL + 1) / 2 * np.log1p(residual[read:] ** 2 / _TAIL).sum()
    return Dispersion(family, parameters, np.linalg.inv(normal), float(cost + family.cost))
