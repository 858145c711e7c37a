"""Crops that come without their photo, named as photos are: their light, and what it is read as."""

from collections.abc import Sequence

import numpy as np

from lib.litert import LiteNetwork
from lib.recognition.name.classifier import Prediction
from lib.recognition.name.naming import NameEvidence, name_evidence
from lib.recognition.reading import Reading, read_light

# Rows dropped at either end of each column's sorted values, as in band profiles.
_TRIM_ROWS = 3


def profiles_of(crops: np.ndarray) -> np.ndarray:
    """Return the profiles of crops (n, rows, columns, 3), float32 (n, columns, 3), 0 to 255."""
    rows = np.sort(crops, axis=1)[:, _TRIM_ROWS:-_TRIM_ROWS]
    return rows.mean(axis=1, dtype=np.float32)


def read_crop(rgb: np.ndarray, reader: LiteNetwork | None = None) -> Reading:
    """Return what is read in a crop's profile, shape (columns, 3), 0 to 255."""
    # Without colours nobody knows which end is blue.
    return read_light(rgb, blue_known=bool((np.ptp(rgb, axis=1) > 1).any()), reader=reader)


def evidence_of_crops(
    prediction: Prediction, crops: np.ndarray, reader: LiteNetwork | None = None
) -> Sequence[NameEvidence]:
    """Return the best guess of each crop, and what it rests on.

    Parameters
    ----------
    prediction : Prediction
        What the classifier says of them.
    crops : uint8 array of shape (n, 15, 480, 3)
        RGB, blue left.
    reader : LiteNetwork, optional
        Default: the one that ships.
    """
    return [
        name_evidence(prediction.of(number), read_crop(rgb, reader))
        for number, rgb in enumerate(profiles_of(crops))
    ]
