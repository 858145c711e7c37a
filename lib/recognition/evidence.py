"""What speaks for and against a way to lay lines on peaks, as natural logarithms of odds."""

import numpy as np

from lib.recognition.scene import Scene

# Peaks that have nothing to do with the lamp's lines, per nm: reflections, ripples, other gases.
_STRAY_PER_NM = 0.03
# Spread of ln(height) between what a line list promises and a photo shows.
_LEVEL_SPREAD = 0.9
_MISSED_WORST = 4.0
_STRAY_WORST = 3.0


def level_cost(mismatch: np.ndarray, worst: float = 5.0) -> np.ndarray:
    """Return what a peak's ln(height) costs that is off what is expected, nats."""
    return 0.5 * np.minimum((mismatch / _LEVEL_SPREAD) ** 2, worst)


def position_gain(off_nm: np.ndarray, sigma_nm: np.ndarray | float) -> np.ndarray:
    """Return the log ratio of standing `off_nm` from a line to standing there by chance."""
    density = np.exp(-0.5 * (off_nm / sigma_nm) ** 2) / (np.sqrt(2 * np.pi) * sigma_nm)
    return np.log(density / _STRAY_PER_NM + 1e-6)


def missed_cost(expected_level: np.ndarray, limit: float) -> np.ndarray:
    """Return what a line that is not seen costs: nothing where it would be too faint, nats."""
    z = (expected_level - limit) / _LEVEL_SPREAD
    # Logistic stand-in for the normal tail: ln(1 - P(seen)).
    return np.minimum(np.logaddexp(0.0, 1.7 * (z - 0.5)), _MISSED_WORST)


def stray_cost(scene: Scene) -> np.ndarray:
    """Return what a peak that no line explains costs, by its height, shape (k,), nats."""
    # A peak several times as wide as the instrument's is a phosphor or a reflection, not a line.
    narrow = np.exp(-2.0 * np.maximum(scene.width - 0.7, 0.0))
    return _STRAY_WORST * np.exp(0.8 * scene.level) * narrow


def width_cost(mismatch: np.ndarray) -> np.ndarray:
    """Return what a peak's ln(width) costs that is off the line's, nats; clipping widens peaks."""
    wide = np.maximum(mismatch - 0.3, 0.0) / 0.5
    return 0.5 * np.minimum(wide**2, 6.0)
