"""A measured spectrum as plain text files that people and other programs read."""

from pathlib import Path

import numpy as np

from lib.files import write_bytes
from lib.recognition.axis import WavelengthAxis
from lib.recognition.band import BandProfile

SPECTRUM_COLUMNS = ("pixel", "nm", "R", "G", "B", "intensity")


def intensity_of(rgb: np.ndarray) -> np.ndarray:
    """Return the mean of red, green and blue, counts, shape (n,)."""
    return np.asarray(rgb, np.float64).mean(axis=1)


def spectrum_table(profile: BandProfile, axis: WavelengthAxis) -> np.ndarray:
    """Return pixel, nm, R, G, B and intensity by rising wavelength, float64 of shape (n, 6)."""
    nm = np.asarray(axis.nm_at(profile.position), np.float64)
    table = np.column_stack([profile.position, nm, profile.rgb, intensity_of(profile.rgb)])
    return table if nm[-1] >= nm[0] else table[::-1]


def write_spectrum_csv(path: Path, profile: BandProfile, axis: WavelengthAxis) -> None:
    """Write `SPECTRUM_COLUMNS`, one row a pixel, by rising wavelength."""
    rows = spectrum_table(profile, axis)
    lines = [f"{px:.2f},{nm:.3f},{r:.2f},{g:.2f},{b:.2f},{i:.2f}" for px, nm, r, g, b, i in rows]
    _write_lines(path, [",".join(SPECTRUM_COLUMNS), *lines])


def write_spectrum_text(path: Path, profile: BandProfile, axis: WavelengthAxis) -> None:
    """Write nm and intensity in two columns parted by a space, after a `#` heading.

    The plain form that numpy.loadtxt, gnuplot, Veusz and specutils read.
    """
    rows = spectrum_table(profile, axis)
    lines = [f"{row[1]:.3f} {row[5]:.2f}" for row in rows]
    _write_lines(path, ["# wavelength_nm_air intensity_0_to_255", *lines])


def write_spectrum_pysa(path: Path, profile: BandProfile, axis: WavelengthAxis) -> None:
    """Write PySA's CSV: wavelength in nm and counts, no heading, one row a pixel."""
    rows = spectrum_table(profile, axis)
    _write_lines(path, [f"{row[1]:.4f},{row[5]:.4f}" for row in rows])


def _write_lines(path: Path, lines: list[str]) -> None:
    write_bytes(path, ("\n".join(lines) + "\n").encode("utf-8"))
