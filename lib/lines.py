"""Line and band tables of every lamp, in air wavelengths: one table for simulating and for fitting.

The tables lie in ``lib/data/<lamp>.csv``, each row with its source. Wavelengths are from the NIST
Atomic Spectra Database and the standard atlases of molecular bands. Intensities are estimates of
what a lamp of this kind gives in a small spectrometer; they vary by a factor of two between lamps,
so the simulator spreads them and a fit should use them only to rank lines.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import read_csv

LINE_COLUMNS = ("nm", "intensity", "fwhm_nm", "name", "source")
DATA = Path(__file__).resolve().parent / "data"


@dataclass(frozen=True)
class LineList:
    """The emission lines of a lamp, or the absorption lines of sunlight, in order of wavelength.

    Attributes
    ----------
    nm : float64 array of shape (n_lines,)
        Wavelength in air. For a molecular band of nitrogen: its head, on the red side.
    intensity : float64 array of shape (n_lines,)
        Relative flux of the whole line or band; equivalent width in nm for absorption lines.
    fwhm_nm : float64 array of shape (n_lines,)
        Full width at half maximum as emitted; for a molecular band the extent of its tail.
    names : tuple of str
        Emitter of each line, e.g. "Hg I" or "N2 1+ 6-3".
    """

    nm: np.ndarray
    intensity: np.ndarray
    fwhm_nm: np.ndarray
    names: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.nm)

    def select(self, keep: np.ndarray) -> "LineList":
        """Return the lines at the indices, or where the mask, of shape (n_lines,), is true."""
        index = np.arange(len(self))[keep]
        names = tuple(self.names[i] for i in index)
        return LineList(self.nm[index], self.intensity[index], self.fwhm_nm[index], names)


@functools.cache
def available_line_lists() -> tuple[str, ...]:
    """Return the names of all line lists, sorted."""
    return tuple(sorted(path.stem for path in DATA.glob("*.csv")))


@functools.cache
def line_list(lamp: str) -> LineList:
    """Return the line list of a lamp, e.g. ``line_list("mercury")``.

    Raises
    ------
    DataError
        If there is no list of that name.
    """
    if lamp not in available_line_lists():
        raise DataError(
            f"no line list {lamp!r}; expected one of {', '.join(available_line_lists())}"
        )
    rows = read_csv(DATA / f"{lamp}.csv", LINE_COLUMNS)
    columns = [np.array([float(row[name]) for row in rows]) for name in LINE_COLUMNS[:3]]
    for column in columns:
        column.flags.writeable = False  # the list is cached and shared
    return LineList(*columns, names=tuple(row["name"] for row in rows))
