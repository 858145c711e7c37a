"""How surely the best guess of a network is right, from its logits; a threshold is set on it.

The softmax always shares 1 among the classes, so a lamp of none of them may well get 0.9 for one. A
network that was trained to predict all classes alike for unknown lamps gives them low logits
instead, also for kinds that it never met.
"""

import numpy as np

# The name of the score in model.json.
LARGEST_LOGIT = "largest_logit"


def certainty(logits: np.ndarray, unknown: dict) -> np.ndarray:
    """Return how surely the best guess of each crop is right, float64 (n_crops,) in [0, 1].

    Parameters
    ----------
    logits : float array of shape (n_crops, n_classes)
    unknown : dict
        ``unknown`` of model.json: ``slope`` and ``offset`` of the sigmoid that makes a probability
        of the largest logit.
    """
    # In float64, where large logits do not all become 1.
    largest = logits.max(axis=1).astype(np.float64)
    # The logistic function, written so that it cannot overflow.
    return np.exp(-np.logaddexp(0.0, -(unknown["slope"] * largest + unknown["offset"])))
