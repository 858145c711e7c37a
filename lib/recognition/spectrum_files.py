"""A measured spectrum as plain text files that people and other programs read.

Without a wavelength axis it is written over the pixels of the photo.
"""

from pathlib import Path

import numpy as np

from lib.files import write_bytes
from lib.recognition.axis.axis import WavelengthAxis
from lib.recognition.band import BandProfile

# nm is empty without an axis, error_nm also where the axis claims nothing.
SPECTRUM_COLUMNS = ("pixel", "nm", "error_nm", "R", "G", "B", "intensity")


def intensity_of(rgb: np.ndarray) -> np.ndarray:
    """Return the mean of red, green and blue, counts, shape (n,)."""
    return np.asarray(rgb, np.float64).mean(axis=1)


def spectrum_table(profile: BandProfile, axis: WavelengthAxis | None) -> np.ndarray:
    """Return `SPECTRUM_COLUMNS` by rising wavelength, or pixel, float64 of shape (n, 7).

    Errors are nan where the axis claims nothing; without an axis wavelengths are, too.
    """
    position = profile.position
    if axis is None:
        nm = error = np.full(len(position), np.nan)
    else:
        nm = np.asarray(axis.nm_at(position), np.float64)
        error = np.where(axis.claims(position), axis.standard_error_nm(position), np.nan)
    rising = position if axis is None else nm
    table = np.column_stack([position, nm, error, profile.rgb, intensity_of(profile.rgb)])
    return table if rising[-1] >= rising[0] else table[::-1]


def write_spectrum_csv(path: Path, profile: BandProfile, axis: WavelengthAxis | None) -> None:
    """Write `SPECTRUM_COLUMNS`, one row a pixel, by rising wavelength, or pixel."""
    lines = []
    for px, nm, error, *light in spectrum_table(profile, axis):
        known = ("" if np.isnan(value) else f"{value:.3f}" for value in (nm, error))
        lines.append(",".join([f"{px:.2f}", *known, *(f"{v:.2f}" for v in light)]))
    _write_lines(path, [",".join(SPECTRUM_COLUMNS), *lines])


def write_spectrum_text(path: Path, profile: BandProfile, axis: WavelengthAxis | None) -> None:
    """Write nm and intensity in two columns parted by a space, after a `#` heading.

    Without an axis the heading says that the first column is pixels.

    The plain form that numpy.loadtxt, gnuplot, Veusz and specutils read; only where the axis
    claims to know the wavelength.
    """
    rows = spectrum_table(profile, axis)
    if axis is None:
        lines = [f"{row[0]:.2f} {row[6]:.2f}" for row in rows]
        _write_lines(path, ["# position_in_the_photo_px intensity_0_to_255", *lines])
        return
    lines = [f"{row[1]:.3f} {row[6]:.2f}" for row in _claimed(rows)]
    _write_lines(path, ["# wavelength_nm_air intensity_0_to_255", *lines])


def write_spectrum_pysa(path: Path, profile: BandProfile, axis: WavelengthAxis) -> None:
    """Write PySA's CSV: wavelength in nm and counts, no heading, one row a claimed pixel."""
    rows = _claimed(spectrum_table(profile, axis))
    _write_lines(path, [f"{row[1]:.4f},{row[6]:.4f}" for row in rows])


def _claimed(table: np.ndarray) -> np.ndarray:
    return table[np.isfinite(table[:, 2])]


def _write_lines(path: Path, lines: list[str]) -> None:
    write_bytes(path, ("\n".join(lines) + "\n").encode("utf-8"))
