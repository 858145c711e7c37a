"""How much a measured curve scatters along itself, and what stands out of that.

Rows of a photo are alike after a camera's own smoothing, JPEG and a tilt, so that what differs
between them tells two to five times too little. What tells is the curve itself, where it is quiet:
stretches without structure, against the smooth course of each.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from scipy.stats import norm

# Samples of a stretch whose scatter is looked at, and the shorter ones of crowded spectra.
_STRETCH, _SHORT_STRETCH = 32, 16
# Short stretches take this much of the scatter for structure (simulated frames).
_SHORT_LOSS = 1.25
# The course of a stretch: a parabola's coefficients.
_COURSE = 3
# Quiet stretches scatter at most by so many times what this part of all stretches scatter by.
_QUIET_TIMES, _QUIET_PART = 1.7, 0.2
# A stated noise varies from sample to sample by chance; it is evened out over so many.
_EVEN_SAMPLES = 15
# Neighbours go together up to so many samples, and as long as by this correlation. Noise of cameras
# has up to 3 samples that share it; what shares more is structure.
_LAGS, _LEAST_CORRELATION, _MOST_GRAIN = 6, 0.1, 4.0
# Lines fill a crowded spectrum, and noise is taken to have this grain.
_CROWDED_GRAIN = 2.5
_ITERATIONS = 3
# No noise is a smaller part of what rows tell: rounding alone.
_LEAST_TIMES = 0.02
# False lines that a spectrum may have on average: one of twenty spectra shows one.
FALSE_LINES = 0.05
# Rise of noise over both valleys beside it, in standard errors of the smoothed curve, that a place
# passes by chance as a normal deviate passes `x`: offset and slope of a line through `x`
# (simulated noise of grain 1 to 2.2, widths of 2 to 16 samples).
_RISE_AT_0, _RISE_PER_SIGMA = 0.95, 1.06
# Peaks of any width that a line may have are looked at: so many widths are independent.
_WIDTHS = 3
_FWHM_PER_SIGMA = 2.3548
# Least standard deviation of a smoothing, samples.
_LEAST_SMOOTH = 0.6


def noise_along(curve: np.ndarray, stated: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the standard error of a curve by its own scatter, and the grain of its noise.

    Parameters
    ----------
    curve, stated : float arrays of shape (n,)
        The second is the standard error that rows and frames tell; its course along the curve is
        kept.

    Returns
    -------
    noise : float64 array of shape (n,)
        nan where the curve or what is stated of it is.
    grain : float
        Samples that share their noise; 1 where neighbours are independent.
    """
    known = np.isfinite(curve) & np.isfinite(stated)
    noise = np.full(len(curve), np.nan)
    noise[known], grain = _along(curve[known], stated[known])
    return noise, grain


def _along(curve: np.ndarray, stated: np.ndarray) -> tuple[np.ndarray, float]:
    even = np.sqrt(uniform_filter1d(np.square(stated, dtype=np.float64), _EVEN_SAMPLES))
    if len(curve) < 2 * _STRETCH or not even.all():
        return even, 1.0
    times, grain = _scatter(curve, even, _STRETCH)
    if grain > _MOST_GRAIN:
        short, _ = _scatter(curve, even, _SHORT_STRETCH)
        times, grain = min(times, _SHORT_LOSS * short), _CROWDED_GRAIN
    return max(times, _LEAST_TIMES) * even, grain


def _scatter(curve: np.ndarray, stated: np.ndarray, length: int) -> tuple[float, float]:
    """Return how many times the stated noise quiet stretches scatter, and their grain."""
    first = np.arange(0, len(curve) - length + 1, length // 2)
    samples = first[:, None] + np.arange(length)
    powers = np.vander(np.linspace(-1.0, 1.0, length), _COURSE)
    without_course = np.eye(length) - powers @ np.linalg.pinv(powers)
    left = curve[samples] @ without_course
    left /= np.sqrt(np.mean(stated[samples] ** 2, axis=1, keepdims=True))
    scatter = np.sqrt((left**2).mean(axis=1))
    left = left[scatter <= _QUIET_TIMES * np.quantile(scatter, _QUIET_PART)]
    power = float(np.mean(left**2))
    shared = [float(np.mean(left[:, lag:] * left[:, :-lag])) for lag in range(1, _LAGS + 1)]
    # The course takes the slowest part of the noise with it: of each of its coefficients the grain.
    grain, variance = 1.0, power
    for _ in range(_ITERATIONS):
        taken = min(_COURSE * grain / length, 0.5)
        variance = power / (1 - taken)
        grain = 1.0
        for covariance in shared:
            correlation = covariance / max(variance, 1e-12) + taken
            if correlation < _LEAST_CORRELATION:
                break
            grain += 2 * correlation
    return float(np.sqrt(variance)), grain


def smoothed(
    curve: np.ndarray, noise: np.ndarray, grain: float, fwhm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return a curve seen through a Gaussian of a width, samples, and its standard error."""
    sigma = max(fwhm / _FWHM_PER_SIGMA, _LEAST_SMOOTH)
    shared = min(grain / (2 * np.sqrt(np.pi) * sigma), 1.0)
    # Mirrored at its ends: repeated, the outermost sample's noise alone would make a valley there.
    smooth = gaussian_filter1d(curve, sigma, mode="reflect")
    error = np.sqrt(shared * gaussian_filter1d(noise**2, sigma, mode="reflect"))
    return smooth, np.maximum(error, 1e-12)


def rises_by_chance(samples: int, fwhm: float) -> float:
    """Return the rise, in standard errors, that noise has at `FALSE_LINES` places of a spectrum.

    Parameters
    ----------
    samples : int
        Of the spectrum.
    fwhm : float
        Full width at half maximum of a line, samples: so many places are independent.
    """
    places = max(_WIDTHS * samples / max(fwhm, 1.0), 1.0)
    return _RISE_AT_0 + _RISE_PER_SIGMA * float(norm.isf(min(FALSE_LINES / places, 0.5)))


def rise(smooth: np.ndarray, error: np.ndarray, place: float, fwhm: float) -> float:
    """Return how far a peak rises over the higher valley within three widths, in standard errors.

    Parameters
    ----------
    smooth, error : float64 arrays of shape (n,)
        As `smoothed` gives them.
    place, fwhm : float
        Of the peak, samples; it tops within half a width of its place, or does not rise at all.
    """
    half, reach = max(fwhm / 2, 1.0), int(np.ceil(3 * max(fwhm, 2.0)))
    first, last = max(int(place - half), 1), min(int(np.ceil(place + half)), len(smooth) - 2)
    near = smooth[first - 1 : last + 2]
    tops = first + np.flatnonzero((near[1:-1] >= near[:-2]) & (near[1:-1] >= near[2:]))
    if not len(tops):
        return 0.0
    top = int(tops[smooth[tops].argmax()])
    left, right = smooth[max(top - reach, 0) : top + 1], smooth[top : top + reach + 1]
    return float((smooth[top] - max(left.min(), right.min())) / error[top])
