"""Fit a wavelength axis to matched lines: robust, with what is known of gratings as prior.

The axis is `nm = c0 + c1 t + c2 t**2 + c3 t**3`, t from -1 to 1 over the band. Through a
transmission grating of period P the light of wavelength nm leaves at the angle asin(nm / P); how
far a camera bends that into c2 depends on where it points, and c3 is then small and negative.
"""

from dataclasses import dataclass

import numpy as np

# c2/c1 and c3/c1 of a band of 300 nm; c2/c1 grows with the span, c3/c1 with its square. Gratings
# of 500 to 1400 lines/mm, camera pointed anywhere from the zero order to the first, give c2/c1
# from -0.15 to 0.03 and c3/c1 from -0.012 to 0; prism-grating pocket spectroscopes up to 0.03.
_REFERENCE_HALF_SPAN_NM = 150.0
_BEND = (-0.02, 0.05)
_TWIST = (-0.003, 0.004)

# Prior degrees of freedom of the line errors' scale: how firmly the stated errors are believed.
_SCALE_PRIOR_DOF = 6.0


@dataclass(frozen=True)
class AxisModel:
    """A family of axes: prior mean and standard deviation of each coefficient, nm."""

    name: str
    mean: np.ndarray
    spread: np.ndarray


@dataclass(frozen=True)
class AxisFit:
    """A fitted axis.

    Attributes
    ----------
    model : str
    coefficients : float64 of shape (4,)
    covariance : float64 of shape (4, 4)
        Of the most flexible model: its error bars hold for the simpler ones too.
    residual_nm : float64 of shape (m,)
        Line minus axis.
    """

    model: str
    coefficients: np.ndarray
    covariance: np.ndarray
    residual_nm: np.ndarray


def bend_prior(half_span_nm: np.ndarray | float) -> tuple:
    """Return mean and standard deviation of c2, nm, for half the span of the band, nm."""
    unit = half_span_nm * (half_span_nm / _REFERENCE_HALF_SPAN_NM)
    return _BEND[0] * unit, _BEND[1] * unit


def twist_prior(half_span_nm: np.ndarray | float) -> tuple:
    """Return mean and standard deviation of c3, nm."""
    unit = half_span_nm * (half_span_nm / _REFERENCE_HALF_SPAN_NM) ** 2
    return _TWIST[0] * unit, _TWIST[1] * unit


def models_for(half_span_nm: float) -> tuple[AxisModel, AxisModel, AxisModel]:
    """Return the linear, the quadratic and the grating model of a band."""
    bend, bend_spread = bend_prior(half_span_nm)
    twist, twist_spread = twist_prior(half_span_nm)
    free = 1e3
    fixed = 1e-6
    return (
        AxisModel("linear", np.zeros(4), np.array([free, free, fixed, fixed])),
        AxisModel(
            "quadratic", np.array([0, 0, bend, 0]), np.array([free, free, bend_spread, fixed])
        ),
        AxisModel(
            "grating",
            np.array([0, 0, bend, twist]),
            np.array([free, free, bend_spread, twist_spread]),
        ),
    )


def powers_of(t: np.ndarray) -> np.ndarray:
    """Return 1, t, t**2, t**3 in columns, shape (m, 4)."""
    return np.stack([np.ones_like(t), t, t * t, t**3], axis=1)


def fit_model(
    t: np.ndarray, nm: np.ndarray, sigma_nm: np.ndarray, model: AxisModel
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit one model, robustly.

    Returns
    -------
    coefficients : float64 of shape (4,)
    covariance : float64 of shape (4, 4)
    weight : float64 of shape (m,)
        1 for a line that fits, towards 0 for an outlier.
    """
    design = powers_of(t)
    precision = 1 / model.spread**2
    weight = np.ones_like(t)
    for _ in range(5):
        scaled = (weight / sigma_nm**2)[:, None] * design
        normal = design.T @ scaled + np.diag(precision)
        coefficients = np.linalg.solve(normal, scaled.T @ nm + precision * model.mean)
        residual = (nm - design @ coefficients) / sigma_nm
        # Student's t with four degrees of freedom: an outlier fades, it does not vanish.
        weight = 5 / (4 + residual**2)
    return coefficients, np.linalg.inv(normal), np.minimum(weight, 1.0)


def fit_axis_model(t: np.ndarray, nm: np.ndarray, sigma_nm: np.ndarray) -> AxisFit:
    """Fit matched lines by the model that the evidence favours.

    Parameters
    ----------
    t, nm, sigma_nm : arrays of shape (m,)
        Place, wavelength and standard error of each matched line.
    """
    half_span = abs(np.polyfit(t, nm, 1)[0])
    linear, quadratic, grating = models_for(half_span)
    flexible, covariance, weight = fit_model(t, nm, sigma_nm, grating)
    # One set of error bars for the comparison: those the most flexible fit leaves.
    sigma = sigma_nm / np.sqrt(weight)
    scored = [(_log_evidence(t, nm, sigma, model), model) for model in (linear, quadratic, grating)]
    best = max(scored, key=lambda pair: pair[0])[1]
    coefficients = fit_model(t, nm, sigma_nm, best)[0]
    residual = nm - powers_of(t) @ coefficients
    scatter = float(np.sum(((nm - powers_of(t) @ flexible) / sigma) ** 2))
    freedom = max(len(t) - 3, 0)
    scale = (_SCALE_PRIOR_DOF + scatter) / (_SCALE_PRIOR_DOF + freedom)
    return AxisFit(best.name, coefficients, covariance * max(scale, 0.5), residual)


def _log_evidence(t: np.ndarray, nm: np.ndarray, sigma_nm: np.ndarray, model: AxisModel) -> float:
    """Return the log marginal likelihood of the lines under a model with Gaussian errors."""
    design = powers_of(t)
    covariance = np.diag(sigma_nm**2) + (design * model.spread**2) @ design.T
    difference = nm - design @ model.mean
    _, log_determinant = np.linalg.slogdet(covariance)
    return float(-0.5 * (difference @ np.linalg.solve(covariance, difference) + log_determinant))
