"""A second opinion on the lamp: its light laid over the wavelengths that were read.

The classifier looks at the crop, where a lamp of any instrument may lie anywhere. Here every lamp
lies where its wavelengths are, as surely as the axis network read them, so that a lamp out of place
or with lines of its own looks like none of the classes. Trained by train_shipped.py names.
"""

from functools import cache

import numpy as np

from lib.errors import DataError
from lib.litert import LiteNetwork, shipped_network
from lib.paths import MODELS
from lib.recognition.axis.reading import COLUMNS, Reading, resampled
from lib.taxonomy import CLASSES

# Bins of this width from the first wavelength on, each the mean of so many samples.
BIN_NM, FIRST_NM, BINS = 2.0, 350.0, 300
_SAMPLES_A_BIN = 4
# Red, green, blue; whether the band covers the bin; how surely it was read.
CHANNELS = 5
# A peak darker than this display level is not evened out further.
_DARKEST_PEAK = 16.0


def opinion(rgb: np.ndarray, reading: Reading) -> np.ndarray:
    """Return the probability of each class and, last, of none of them, float64 (n_classes + 1,).

    Parameters
    ----------
    rgb : float array of shape (n, 3)
        Light along a band, 0 to 255.
    reading : Reading
        Of this light.
    """
    logits = shipped_opinion().run(light_over_wavelengths(rgb, reading)).astype(np.float64)
    odds = np.exp(logits - logits.max())
    return odds / odds.sum()


def light_over_wavelengths(rgb: np.ndarray, reading: Reading) -> np.ndarray:
    """Return the light of a band over wavelengths, as the network sees it.

    Parameters
    ----------
    rgb : float array of shape (n, 3)
    reading : Reading

    Returns
    -------
    float32 array of shape (BINS, CHANNELS)
    """
    columns = resampled(np.asarray(rgb, np.float32))
    shown = np.sqrt(np.maximum(columns, 0) / max(float(columns.max()), _DARKEST_PEAK))
    t = (np.arange(COLUMNS) + 0.5) * 2 / COLUMNS - 1
    nm = np.interp(t, reading.t, reading.nm)
    error = np.log(np.interp(t, reading.t, reading.scale_nm))
    order = np.argsort(nm)
    step = BIN_NM / _SAMPLES_A_BIN
    wanted = FIRST_NM + (np.arange(BINS * _SAMPLES_A_BIN) + 0.5) * step
    covered = ((wanted >= nm.min()) & (wanted <= nm.max())).astype(np.float32)
    parts = [np.interp(wanted, nm[order], shown[order, k]) * covered for k in range(3)]
    parts += [covered, np.interp(wanted, nm[order], error[order]) * covered]
    return np.stack(parts, axis=1).reshape(BINS, _SAMPLES_A_BIN, -1).mean(axis=1, dtype=np.float32)


@cache
def shipped_opinion() -> LiteNetwork:
    """Return the network in models/names, loaded once a process.

    Raises
    ------
    DataError
        If it is missing, not whole, or trained for other classes.
    """
    network = shipped_network("names")
    classes = network.card.get("classes")
    if classes != [*CLASSES, None]:
        raise DataError(
            f"{MODELS / 'names'}: trained for the classes {classes}; expected {list(CLASSES)} and "
            "none: train it with train_shipped.py names --overwrite"
        )
    return network
