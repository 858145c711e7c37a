"""What the reader says of a band: the wavelength at each place with its error, and which lamp.

The network (train_shipped.py reader) has seen nothing but simulated lamps. It needs no line list:
colours and pattern tell roughly where each wavelength falls, how surely, and what shines.
"""

from dataclasses import dataclass, field
from functools import cache

import cv2
import numpy as np

from lib.errors import DataError
from lib.litert import LiteNetwork, shipped_network
from lib.paths import MODELS
from lib.recognition.curves import median, smoothed
from lib.taxonomy import CLASSES

# Columns that a profile is resampled to, and columns that share one answer.
COLUMNS = 480
COLUMNS_PER_PLACE = 2
PLACES = COLUMNS // COLUMNS_PER_PLACE
# Colours, their local contrast, the display level of the peak; and whether blue is known to be
# first.
CHANNELS = 8
# Units of the network's wavelengths.
NM_ORIGIN, NM_UNIT = 550.0, 100.0
# Scales of errors that the network was trained to tell, in these units: 0.05 nm to 300 nm.
_LOG_SCALE = (-7.6, 1.1)
# A rise of the reading is sure if it exceeds its error by this factor.
_SURE_RISE = 8.0
# A peak darker than this display level is not evened out further.
_DARKEST_PEAK = 16.0
# Local contrast is what rises over this many columns, against what varies over twice as many.
_DETAIL_COLUMNS = 12.0
_MIN_DETAIL = 0.02


@dataclass(frozen=True)
class Reading:
    """What is read in a band; arrays of shape (PLACES,) unless said otherwise.

    Attributes
    ----------
    t : float64 array
        Places, from -1 at the profile's first sample to 1 at its last.
    nm : float64 array
        Wavelength in air.
    scale_nm : float64 array
        Scale of its error: the median of the error's size is 0.69 of it (Laplace's law).
    kinds : dict of str to float
        Probability of each lamp that the reader tells apart, by its name in the reader's card; of
        sum 1.
    """

    t: np.ndarray
    nm: np.ndarray
    scale_nm: np.ndarray
    kinds: dict[str, float] = field(default_factory=dict)

    @property
    def rise_nm(self) -> float:
        """How much longer wavelengths are in the profile's last third than in its first."""
        third = PLACES // 3
        return float(self.nm[-third:].mean() - self.nm[:third].mean())

    @property
    def blue_first(self) -> bool:
        """Whether wavelengths grow along the profile."""
        return self.rise_nm > 0

    @property
    def is_sure_of_rise(self) -> bool:
        """Whether it tells which end is red, and nm per pixel."""
        return abs(self.rise_nm) > _SURE_RISE * self.error_nm

    @property
    def error_nm(self) -> float:
        """Scale of the error in the middle of all places."""
        return float(median(self.scale_nm))

    def reversed(self) -> "Reading":
        """Return the reading of the profile turned round."""
        return Reading(-self.t[::-1], self.nm[::-1], self.scale_nm[::-1], self.kinds)


def read_light(rgb: np.ndarray, *, blue_known: bool, reader: LiteNetwork | None = None) -> Reading:
    """Read the wavelength of each place of a band, and which lamp it shows.

    Parameters
    ----------
    rgb : float array of shape (n, 3)
        Light along the band, 0 to 255, background included; blue first where `blue_known`.
    reader : LiteNetwork, optional
        Default: the one that ships.
    """
    views = profile_views(resampled(np.asarray(rgb, np.float32))[None])
    told = np.full((1, COLUMNS, 1), blue_known, np.float32)
    network = reader or shipped_reader()
    said = network.predict(np.concatenate([views, told], axis=2))
    places, logits = said["places"][0].astype(np.float64), said["lamp"][0].astype(np.float64)
    odds = np.exp(logits - logits.max())
    kinds = dict(zip(network.card["kinds"], (odds / odds.sum()).tolist(), strict=True))
    # Centres of the places, in samples of the profile whose outer edges are those of the columns.
    samples = len(rgb)
    centre = (np.arange(PLACES) + 0.5) * samples / PLACES - 0.5
    t = 2 * centre / max(samples - 1, 1) - 1
    scale = NM_UNIT * np.exp(np.clip(places[:, 1], *_LOG_SCALE))
    return Reading(t, NM_ORIGIN + NM_UNIT * places[:, 0], scale, kinds)


@cache
def shipped_reader() -> LiteNetwork:
    """Return the network in models/reader, loaded once a process.

    Raises
    ------
    DataError
        If it is missing, not whole, or names no lamps.
    """
    network = shipped_network("reader")
    kinds = network.card.get("kinds", {})
    classes = {name for name in kinds.values() if name}
    expected = {"places": [PLACES, 2], "lamp": [len(kinds)]}
    if network.outputs != expected or classes != set(CLASSES):
        raise DataError(
            f"{MODELS / 'reader'}: trained for {sorted(classes)}; expected {sorted(CLASSES)}: "
            "train it with train_shipped.py reader --overwrite"
        )
    return network


def resampled(rgb: np.ndarray) -> np.ndarray:
    """Return a profile of shape (n, 3) at `COLUMNS` samples, float32."""
    method = cv2.INTER_AREA if len(rgb) >= COLUMNS else cv2.INTER_LINEAR
    return cv2.resize(rgb[None], (COLUMNS, 1), interpolation=method)[0]


def profile_views(rgb: np.ndarray) -> np.ndarray:
    """Return profiles as the network sees them, but for the last channel.

    Parameters
    ----------
    rgb : float32 array of shape (n, COLUMNS, 3)
        0 to 255.

    Returns
    -------
    float32 array of shape (n, COLUMNS, CHANNELS - 1)
    """
    peak = np.maximum(rgb.max(axis=(1, 2), keepdims=True), _DARKEST_PEAK)
    shown = np.sqrt(np.maximum(rgb, 0) / peak)
    slow = smoothed(shown, _DETAIL_COLUMNS)
    detail = shown - slow
    power = smoothed(detail**2, 2 * _DETAIL_COLUMNS)
    contrast = detail / np.sqrt(power.max(axis=2, keepdims=True) + _MIN_DETAIL**2)
    level = np.broadcast_to(peak / 255, (*shown.shape[:2], 1))
    return np.concatenate([shown, contrast, level], axis=2, dtype=np.float32)
