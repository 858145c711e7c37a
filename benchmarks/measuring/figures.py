"""Rows to figures: shares, medians, and what is within a stated error."""

import numpy as np

CLEAR_SIGMAS = 1.96


def share(true) -> str:
    """Return how many of a list are true, and which part."""
    values = np.array(list(true), bool)
    return f"{values.sum()} ({100 * values.mean():.1f} %)" if len(values) else "0"


def spread(values: np.ndarray, digits: int = 2) -> str:
    """Return median and 90 % quantile."""
    if not len(values):
        return ""
    return f"{np.median(values):.{digits}f}, {np.quantile(values, 0.9):.{digits}f}"
