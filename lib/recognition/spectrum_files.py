"""A measured spectrum as plain text files that people and other programs read."""

from pathlib import Path

import numpy as np

from lib.files import write_bytes
from lib.recognition.axis.axis import WavelengthAxis
from lib.recognition.band import BandProfile

# error_nm is empty where the axis claims nothing.
SPECTRUM_COLUMNS = ("pixel", "nm", "error_nm", "R", "G", "B", "intensity")


def intensity_of(rgb: np.ndarray) -> np.ndarray:
    """Return the mean of red, green and blue, counts, shape (n,)."""
    return np.asarray(rgb, np.float64).mean(axis=1)


def spectrum_table(profile: BandProfile, axis: WavelengthAxis) -> np.ndarray:
    """Return `SPECTRUM_COLUMNS` by rising wavelength, float64 of shape (n, 7).

    Errors are nan where the axis claims nothing.
    """
    position = profile.position
    nm = np.asarray(axis.nm_at(position), np.float64)
    error = np.where(axis.claims(position), axis.standard_error_nm(position), np.nan)
    table = np.column_stack([position, nm, error, profile.rgb, intensity_of(profile.rgb)])
    return table if nm[-1] >= nm[0] else table[::-1]


def write_spectrum_csv(path: Path, profile: BandProfile, axis: WavelengthAxis) -> None:
    """Write `SPECTRUM_COLUMNS`, one row a pixel, by rising wavelength."""
    rows = spectrum_table(profile, axis)
    lines = []
    for px, nm, error, *light in rows:
        stated = "" if np.isnan(error) else f"{error:.3f}"
        lines.append(",".join([f"{px:.2f}", f"{nm:.3f}", stated, *(f"{v:.2f}" for v in light)]))
    _write_lines(path, [",".join(SPECTRUM_COLUMNS), *lines])


def write_spectrum_text(path: Path, profile: BandProfile, axis: WavelengthAxis) -> None:
    """Write nm and intensity in two columns parted by a space, after a `#` heading.

    The plain form that numpy.loadtxt, gnuplot, Veusz and specutils read; only where the axis
    claims to know the wavelength.
    """
    rows = _claimed(spectrum_table(profile, axis))
    lines = [f"{row[1]:.3f} {row[6]:.2f}" for row in rows]
    _write_lines(path, ["# wavelength_nm_air intensity_0_to_255", *lines])


def write_spectrum_pysa(path: Path, profile: BandProfile, axis: WavelengthAxis) -> None:
    """Write PySA's CSV: wavelength in nm and counts, no heading, one row a claimed pixel."""
    rows = _claimed(spectrum_table(profile, axis))
    _write_lines(path, [f"{row[1]:.4f},{row[6]:.4f}" for row in rows])


def _claimed(table: np.ndarray) -> np.ndarray:
    return table[np.isfinite(table[:, 2])]


def _write_lines(path: Path, lines: list[str]) -> None:
    write_bytes(path, ("\n".join(lines) + "\n").encode("utf-8"))
