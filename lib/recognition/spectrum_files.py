"""A measured spectrum as plain text files that people and other programs read.

Without a wavelength axis it is written over the pixels of the photo.
"""

from pathlib import Path

import numpy as np

from lib.files import write_bytes
from lib.recognition.axis.axis import WavelengthAxis
from lib.recognition.band import BandProfile

# Of every table of a spectrum, also those of lib.measurement.exports. What is not known is empty:
# nm without an axis, error_nm also where the axis claims nothing, noise of what is not measured.
SPECTRUM_COLUMNS = ("nm", "intensity", "error_nm", "noise", "R", "G", "B", "clipped", "pixel")


def intensity_of(rgb: np.ndarray) -> np.ndarray:
    """Return the mean of red, green and blue, counts, shape (n,)."""
    return np.asarray(rgb, np.float64).mean(axis=1)


def spectrum_table(profile: BandProfile, axis: WavelengthAxis | None) -> np.ndarray:
    """Return `SPECTRUM_COLUMNS` by rising wavelength, or pixel, float64 of shape (n, 9).

    Light is 0 to 255. Noise is nan, errors are where the axis claims nothing, wavelengths without
    an axis.
    """
    position = profile.position
    nothing = np.full(len(position), np.nan)
    nm = error = nothing
    if axis is not None:
        nm = np.asarray(axis.nm_at(position), np.float64)
        error = np.where(axis.claims(position), axis.standard_error_nm(position), np.nan)
    rising = position if axis is None else nm
    light = (intensity_of(profile.rgb), error, nothing, profile.rgb)
    table = np.column_stack([nm, *light, profile.clipped, position])
    return table if rising[-1] >= rising[0] else table[::-1]


def write_spectrum_csv(path: Path, profile: BandProfile, axis: WavelengthAxis | None) -> None:
    """Write `SPECTRUM_COLUMNS`, one row per pixel, by rising wavelength, or pixel."""
    digits = (3, 2, 3, 2, 2, 2, 2, 0, 2)
    lines = [
        ",".join(
            "" if np.isnan(value) else f"{value:.{places}f}"
            for value, places in zip(row, digits, strict=True)
        )
        for row in spectrum_table(profile, axis)
    ]
    _write_lines(path, [",".join(SPECTRUM_COLUMNS), *lines])


def write_spectrum_text(path: Path, profile: BandProfile, axis: WavelengthAxis | None) -> None:
    """Write nm and intensity in two columns parted by a space, after a `#` heading.

    Without an axis the heading says that the first column is pixels.

    The plain form that numpy.loadtxt, gnuplot, Veusz and specutils read; only where the axis
    claims to know the wavelength.
    """
    rows = spectrum_table(profile, axis)
    if axis is None:
        lines = [f"{row[-1]:.2f} {row[1]:.2f}" for row in rows]
        _write_lines(path, ["# position_in_the_photo_px intensity_0_to_255", *lines])
        return
    lines = [f"{row[0]:.3f} {row[1]:.2f}" for row in _claimed(rows)]
    _write_lines(path, ["# wavelength_nm_air intensity_0_to_255", *lines])


def write_spectrum_pysa(path: Path, profile: BandProfile, axis: WavelengthAxis) -> None:
    """Write PySA's CSV: wavelength in nm and counts, no heading, one row a claimed pixel."""
    rows = _claimed(spectrum_table(profile, axis))
    _write_lines(path, [f"{row[0]:.4f},{row[1]:.4f}" for row in rows])


def _claimed(table: np.ndarray) -> np.ndarray:
    return table[np.isfinite(table[:, 2])]


def _write_lines(path: Path, lines: list[str]) -> None:
    write_bytes(path, ("\n".join(lines) + "\n").encode("utf-8"))
