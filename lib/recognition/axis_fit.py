"""Fit a wavelength axis to matched lines: robust, with what is known of gratings as prior.

The axis is `nm = c0 + c1 t + c2 t**2 + c3 t**3`, t from -1 to 1 over the band. Through a
transmission grating of period P the light of wavelength nm leaves at the angle asin(nm / P); how
far a camera bends that into c2 depends on where it points, and c3 is then small and negative.
"""

from dataclasses import dataclass

import numpy as np

# Bend is c2/c1, twist c3/c1, of a band of 300 nm; c2/c1 grows with the span, c3/c1 with its square.
# Transmission gratings of 500 to 1350 lines/mm with the camera aimed anywhere from the zero order
# to the first bend by -0.3 to -0.01; prism-grating pocket spectroscopes by up to 0.03, hand-marked
# photos by -0.08 to 0.03. The twist is near -0.004, further off the more the axis bends.
_REFERENCE_HALF_SPAN_NM = 150.0
_BEND = (-0.04, 0.07)
_TWIST = -0.004
_TWIST_SPREAD = 0.003
_TWIST_SPREAD_PER_BEND = 0.08

# Precision of coefficients that are anybody's guess, and of those a model does not have, 1/nm**2.
_FREE, _FIXED = 1e-6, 1e12

# Prior degrees of freedom of the line errors' scale: how firmly the stated errors are believed.
_SCALE_PRIOR_DOF = 4.0
# True errors over stated ones on simulated photos: slanted and curved lines, blinded channels.
_ERROR_SCALE = 1.6


@dataclass(frozen=True)
class AxisModel:
    """A family of axes: prior mean, shape (4,), and precision, shape (4, 4), of c0 to c3."""

    name: str
    mean: np.ndarray
    precision: np.ndarray


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


def bend_unit(half_span_nm: np.ndarray | float) -> np.ndarray | float:
    """Return c2, nm, of an axis of bend 1, for half the span of the band, nm."""
    return half_span_nm * (half_span_nm / _REFERENCE_HALF_SPAN_NM)


def bent_map(bend: float, half_span_nm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the c2 and c3, nm, that go with a bend."""
    return bend * bend_unit(half_span_nm), _TWIST * twist_unit(half_span_nm)


def twist_unit(half_span_nm: np.ndarray | float) -> np.ndarray | float:
    """Return c3, nm, of an axis of twist 1, for half the span of the band, nm."""
    return bend_unit(half_span_nm) * (half_span_nm / _REFERENCE_HALF_SPAN_NM)


def bend_of(coefficients: np.ndarray) -> np.ndarray:
    """Return the bend of axes of shape (..., 4)."""
    return coefficients[..., 2] / bend_unit(coefficients[..., 1])


def shape_cost(coefficients: np.ndarray) -> np.ndarray:
    """Return how unusual the shape of axes (..., 4) is: half the sum of squared deviations."""
    bend = bend_of(coefficients)
    twist = coefficients[..., 3] / twist_unit(coefficients[..., 1])
    off_twist = (twist - _TWIST) / _twist_spread(bend)
    return 0.5 * (((bend - _BEND[0]) / _BEND[1]) ** 2 + off_twist**2)


def _twist_spread(bend: np.ndarray | float) -> np.ndarray | float:
    return _TWIST_SPREAD + _TWIST_SPREAD_PER_BEND * np.abs(bend)


def grating_model(half_span_nm: float, bend: float = _BEND[0]) -> AxisModel:
    """Return the most flexible model, for a band whose bend is about known."""
    unit = bend_unit(half_span_nm)
    cubic = twist_unit(half_span_nm)
    precision = np.zeros((4, 4))
    precision[0, 0] = precision[1, 1] = _FREE
    precision[2, 2] = 1 / (_BEND[1] * unit) ** 2
    precision[3, 3] = 1 / (_twist_spread(bend) * cubic) ** 2
    return AxisModel("grating", np.array([0.0, 0.0, _BEND[0] * unit, _TWIST * cubic]), precision)


def models_for(half_span_nm: float) -> tuple[AxisModel, AxisModel, AxisModel]:
    """Return the linear, the quadratic and the grating model of a band."""
    unit = bend_unit(half_span_nm)
    bent = 1 / (_BEND[1] * unit) ** 2
    linear = AxisModel("linear", np.zeros(4), np.diag([_FREE, _FREE, _FIXED, _FIXED]))
    quadratic = AxisModel(
        "quadratic", np.array([0, 0, _BEND[0] * unit, 0]), np.diag([_FREE, _FREE, bent, _FIXED])
    )
    return linear, quadratic, grating_model(half_span_nm)


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
    weight = np.ones_like(t)
    pull = model.precision @ model.mean
    for _ in range(4):
        scaled = (weight / sigma_nm**2)[:, None] * design
        normal = design.T @ scaled + model.precision
        coefficients = np.linalg.solve(normal, scaled.T @ nm + pull)
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
    grating = grating_model(half_span, float(bend_of(fit_model(t, nm, sigma_nm, grating)[0])))
    flexible, covariance, weight = fit_model(t, nm, sigma_nm, grating)
    # One set of error bars for the comparison: those the most flexible fit leaves.
    sigma = sigma_nm / np.sqrt(weight)
    scored = [(_log_evidence(t, nm, sigma, model), model) for model in (linear, quadratic, grating)]
    best = max(scored, key=lambda pair: pair[0])[1]
    coefficients = fit_model(t, nm, sigma_nm, best)[0]
    residual = nm - powers_of(t) @ coefficients
    scatter = float(np.sum(((nm - powers_of(t) @ flexible) / sigma_nm) ** 2))
    # Outliers count here in full: a match that fades from the fit still casts doubt on the rest.
    expected = _SCALE_PRIOR_DOF * _ERROR_SCALE**2
    scale = (expected + scatter) / (_SCALE_PRIOR_DOF + max(len(t) - 3, 0))
    return AxisFit(best.name, coefficients, covariance * max(scale, 1.0), residual)


def _log_evidence(t: np.ndarray, nm: np.ndarray, sigma_nm: np.ndarray, model: AxisModel) -> float:
    """Return the log marginal likelihood of the lines under a model with Gaussian errors."""
    covariance, difference = _marginal(t, nm, sigma_nm, model)
    _, log_determinant = np.linalg.slogdet(covariance)
    return float(-0.5 * (difference @ np.linalg.solve(covariance, difference) + log_determinant))


def left_out(
    t: np.ndarray, nm: np.ndarray, sigma_nm: np.ndarray, model: AxisModel
) -> tuple[np.ndarray, np.ndarray]:
    """Return how far each line lies from where the others put it, and how surely they do.

    Returns
    -------
    off_nm, spread_nm : float64 arrays of shape (m,)
        Deviation, and its standard deviation: the line's own error and that of the axis without
        the line.
    """
    covariance, difference = _marginal(t, nm, sigma_nm, model)
    inverse = np.linalg.inv(covariance)
    own = np.diag(inverse)
    return inverse @ difference / own, 1 / np.sqrt(own)


def _marginal(
    t: np.ndarray, nm: np.ndarray, sigma_nm: np.ndarray, model: AxisModel
) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariance of lines under a model before any is seen, and the lines' deviation."""
    design = powers_of(t)
    covariance = np.diag(sigma_nm**2) + design @ np.linalg.solve(model.precision, design.T)
    return covariance, nm - design @ model.mean
