"""Where wavelength axes of simulated photos are judged, and what is true there."""

import numpy as np

from lib.recognition.band import Band
from lib.simulation.lamps import catalogue
from lib.simulation.photos.truth import BandTruth
from lib.taxonomy import LINE_CLASSES
from lib.training.examples.trace_lines import ends_of

# Lamps with lines, and the class under which they are recognised.
LAMPS = {
    lamp.name: lamp.class_name
    for lamp in catalogue.LAMPS.values()
    if lamp.class_name in LINE_CLASSES
}
# The wavelengths that people measure.
ASKED_NM = (430.0, 680.0)
_PLACES = 24
_FEWEST_PLACES = 3
_ROWS = 9


def asked_places(
    band: Band, truth: BandTruth | None, *, everywhere: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return places along a found band at `ASKED_NM`, and the wavelengths that it shows there.

    What a column of the straightened band shows is told by the middle one of the rows that are
    read: where lines lean, or the slit is divided, the true band's centre line shows others.

    Parameters
    ----------
    band : Band
        Of it only geometry and rows count.
    truth : BandTruth or None
        None where the band is no true one.
    everywhere : bool
        Along all of the true band, not only where it shows `ASKED_NM`.

    Returns
    -------
    px, nm : float64 arrays of shape (n,)
        Photo x (or y) on the found centre line, inside the true band; empty without truth. All of
        the band where it shows next to nothing of `ASKED_NM`.
    """
    if truth is None:
        return np.zeros(0), np.zeros(0)
    low, high = ends_of(truth)
    px = np.linspace(low, high - 1, 10 * _PLACES)
    x, y = band.geometry.place(px, np.linspace(*band.rows, _ROWS))
    nm = np.median(truth.nm_in_photo(x, y), axis=0)
    asked = np.flatnonzero((nm > ASKED_NM[0]) & (nm < ASKED_NM[1]))
    if everywhere or len(asked) < _FEWEST_PLACES:
        asked = np.arange(len(px))
    asked = asked[np.unique(np.linspace(0, len(asked) - 1, _PLACES).round().astype(int))]
    return px[asked], nm[asked]
