"""How strongly a camera answers to each wavelength, from a light whose spectrum is known.

Red, green and blue are kept apart: where one of them has clipped, the others still measure.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from lib.errors import DataError
from lib.measurement.frames import Frames, Light, light_along, without_dark, without_surroundings
from lib.measurement.points import read_points
from lib.recognition.find.choice import Choice
from lib.recognition.identified import Remark, of_file
from lib.recognition.instrument import Instrument, Response
from lib.recognition.recognise import placed

STEP_NM = 1.0
# Second radiation constant, nm K (CODATA 2018).
_C2_NM_K = 1.438776877e7
_KELVIN = (1000.0, 20000.0)
# CIE D illuminants are defined in this range (CIE 015:2018).
_DAYLIGHT_KELVIN = (4000.0, 25000.0)
# A channel's response is not known where it answers by less than this part of its greatest, or by
# less than so many errors.
_MIN_PART, _MIN_SIGMAS = 0.02, 5.0
# Nor where its light is fainter than this part of its brightest.
MIN_LIGHT = 0.01
# A response is smooth; noise and fine structure of the reference are not. Standard deviation, nm.
_SMOOTH_NM = 3.0


# Units of tables, in nm, and what cameras see, by which they are told apart.
_UNITS_NM = {"nm": 1.0, "Angstrom": 0.1, "um": 1000.0}
_SEEN_NM = (300.0, 1100.0)
# Where a light may be known at all.
_KNOWN_NM = (100.0, 5000.0)


class KnownLight:
    """A light of known relative spectral power.

    Attributes
    ----------
    name : str
        For people.
    """

    name: str

    def power_at(self, nm: np.ndarray) -> np.ndarray:
        """Return the power per nm at wavelengths, relative; nan where it is not known."""
        raise NotImplementedError


@dataclass(frozen=True)
class Planck(KnownLight):
    """An incandescent lamp: a black body of its colour temperature.

    Tungsten's emissivity makes its colour temperature, which data sheets give, higher than its
    filament's; with it the shape is a black body's within 1 % (CIE 015, illuminant A).
    """

    kelvin: float

    def __post_init__(self):
        """Check the temperature."""
        if not _KELVIN[0] <= self.kelvin <= _KELVIN[1]:
            raise DataError(f"{self.kelvin:g} K: expected {_KELVIN[0]:g} to {_KELVIN[1]:g}")

    @property
    def name(self) -> str:
        """Return what it is."""
        return f"Planck, {self.kelvin:.0f} K"

    def power_at(self, nm: np.ndarray) -> np.ndarray:
        """Return Planck's law, relative."""
        return (nm / 560.0) ** -5 / np.expm1(_C2_NM_K / (nm * self.kelvin))


@dataclass(frozen=True)
class Daylight(KnownLight):
    """Daylight of a correlated colour temperature: the CIE D series (CIE 015:2018)."""

    kelvin: float

    def __post_init__(self):
        """Check the temperature."""
        low, high = _DAYLIGHT_KELVIN
        if not low <= self.kelvin <= high:
            raise DataError(f"daylight of {self.kelvin:g} K: expected {low:g} to {high:g}")

    @property
    def name(self) -> str:
        """Return what it is."""
        return f"CIE D series, {self.kelvin:.0f} K"

    def power_at(self, nm: np.ndarray) -> np.ndarray:
        """Return the series' power, nan outside its 300 to 830 nm."""
        import colour

        xy = colour.temperature.CCT_to_xy_CIE_D(self.kelvin)
        daylight = colour.sd_CIE_illuminant_D_series(xy)
        return np.interp(nm, daylight.wavelengths, daylight.values, np.nan, np.nan)


@dataclass(frozen=True)
class Tabulated(KnownLight):
    """A light whose spectrum somebody has measured.

    Attributes
    ----------
    name : str
    nm, power : float64 arrays of shape (n,)
    unit : str
        In which the table has its wavelengths, told by their range.
    """

    name: str
    nm: np.ndarray
    power: np.ndarray
    unit: str

    def power_at(self, nm: np.ndarray) -> np.ndarray:
        """Return the tabulated power, nan outside the table."""
        return np.interp(nm, self.nm, self.power, np.nan, np.nan)


def read_reference(path: Path) -> Tabulated:
    """Read a spectrum of two columns, wavelength and relative power.

    Wavelengths are in the unit in which the table shows most of what cameras see; of two that do
    alike, in the one that comes first in `_UNITS_NM`.

    Raises
    ------
    DataError
        If it is not one, or shows nothing of that in any unit.
    """
    wavelength, power = np.array(sorted(read_points(str(path)))).T
    if len(wavelength) < 5 or (np.diff(wavelength) <= 0).any():
        raise DataError(f"{path}: expected at least 5 rising wavelengths")
    if power.min() < 0 or power.max() <= 0:
        raise DataError(f"{path}: expected powers that are not negative")
    low, high = wavelength[[0, -1]]
    seen = {
        unit: min(high * nm, _SEEN_NM[1]) - max(low * nm, _SEEN_NM[0])
        for unit, nm in _UNITS_NM.items()
    }
    unit = max(seen, key=seen.get)
    if seen[unit] <= 0:
        raise DataError(
            f"{path}: a table from {low:g} to {high:g}, which no camera sees, be it "
            f"{', '.join(_UNITS_NM)}; expected wavelengths between {_SEEN_NM[0]:g} and "
            f"{_SEEN_NM[1]:g} nm"
        )
    return Tabulated(path.name, wavelength * _UNITS_NM[unit], power, unit)


def measure_response(
    frames: Frames,
    instrument: Instrument,
    light: KnownLight,
    *,
    dark: Frames | None = None,
    band: Choice | None = None,
) -> tuple[Response, tuple[Remark, ...]]:
    """Return an instrument's response from photos of a known light, and what is doubtful in it.

    `band` says which of several spectra is that light's, as `recognise` takes it.

    Raises
    ------
    DataError
        If no channel shows enough of it.
    """
    instrument, _ = placed(frames.shown, instrument.in_frame(*frames.size), band)
    seen = light_on(frames, instrument, dark=dark)
    nm = instrument.axis.nm_at(seen.position)
    order = np.argsort(nm)
    low = np.ceil(nm.min() / STEP_NM) * STEP_NM
    grid = np.arange(low, nm.max(), STEP_NM)
    claimed = instrument.axis.claims(seen.position)[order]
    known = np.interp(grid, nm[order], claimed) >= 1.0
    px_per_nm = 1 / np.abs(np.interp(grid, nm[order], np.gradient(nm)[order]))
    power = light.power_at(grid)
    if not np.isfinite(power[known]).any() and known.any():
        raise DataError(_beyond(light, grid[known]))
    rgb = np.full((len(grid), 3), np.nan)
    for channel in range(3):
        answer = np.interp(grid, nm[order], seen.rgb[order, channel]) * px_per_nm
        error = np.interp(grid, nm[order], seen.noise[order, channel]) * px_per_nm
        clipped = np.interp(grid, nm[order], seen.clipped[order, channel]) > 0
        good = known & ~clipped & (np.nan_to_num(power) > 0)
        good &= answer > np.maximum(_MIN_SIGMAS * error, MIN_LIGHT * answer[known].max(initial=0))
        ratio = np.where(good, answer / np.where(good, power, 1.0), 0.0)
        weight = gaussian_filter1d(good.astype(float), _SMOOTH_NM / STEP_NM)
        smooth = gaussian_filter1d(ratio, _SMOOTH_NM / STEP_NM) / np.maximum(weight, 1e-9)
        rgb[:, channel] = np.where(good, smooth, np.nan)
    if not np.isfinite(rgb).any():
        raise DataError(
            "the photo of the known light shows nothing that is neither clipped nor dark; "
            "expected one well exposed"
        )
    with np.errstate(invalid="ignore"):
        rgb[rgb < _MIN_PART * np.nanmax(rgb, axis=0, initial=0.0)] = np.nan
    rgb /= np.nanmax(rgb)
    some = np.flatnonzero(np.isfinite(rgb).any(axis=1))
    kept = slice(some[0], some[-1] + 1)
    return Response(grid[kept], rgb[kept], light.name), of_file(seen.name, seen.remarks)


def _beyond(light: KnownLight, grid: np.ndarray) -> str:
    """Return in words that a light is not known where an instrument measures."""
    known = np.arange(*_KNOWN_NM)
    known = known[np.isfinite(light.power_at(known))]
    return (
        f"{light.name}: known from {known[0]:.0f} to {known[-1]:.0f} nm; "
        f"expected light known from {grid[0]:.0f} to {grid[-1]:.0f} nm, which the instrument shows"
    )


def light_on(frames: Frames, instrument: Instrument, *, dark: Frames | None = None) -> Light:
    """Return the light of frames along all of an instrument's band, less what is not the slit's.

    Raises
    ------
    DataError
        If the dark frames do not fit.
    """
    geometry, rows = instrument.whole_band(*frames.size), instrument.place.rows
    light = light_along(frames, geometry, rows)
    if dark is None:
        return without_surroundings(frames, light, geometry)
    if dark.size != frames.size:
        raise DataError(
            f"{dark.names[0]}: a dark frame of {dark.size[0]} x {dark.size[1]} px; "
            f"expected {frames.size[0]} x {frames.size[1]}"
        )
    return without_dark(light, light_along(dark, geometry, rows, dark_for=light.exposures))


def corrected(
    nm: np.ndarray, rgb: np.ndarray, noise: np.ndarray, clipped: np.ndarray, response: Response
) -> tuple[np.ndarray, np.ndarray]:
    """Return relative spectral power from what three channels answered, and its standard error.

    Parameters
    ----------
    nm : array of shape (n,)
    rgb, noise : arrays of shape (n, 3)
        Linear light per nm.
    clipped : bool array of shape (n, 3)
    response : Response

    Returns
    -------
    power, error : float64 arrays of shape (n,)
        By least squares over the channels that are known and not clipped; nan where there is none.
    """
    known = np.stack(
        [_interpolated(nm, response.nm, response.rgb[:, channel]) for channel in range(3)], axis=1
    )
    good = np.isfinite(known) & ~clipped
    answer = np.where(good, known, 0.0)
    total = (answer**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = (answer * np.where(good, rgb, 0.0)).sum(axis=1) / total
        error = np.sqrt(((answer * np.where(good, noise, 0.0)) ** 2).sum(axis=1)) / total
    return np.where(total > 0, power, np.nan), np.where(total > 0, error, np.nan)


def _interpolated(at: np.ndarray, nm: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Interpolate without bridging what is not known."""
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(at), np.nan)
    near = np.interp(at, nm, known.astype(float), 0.0, 0.0)
    return np.where(near >= 1.0, np.interp(at, nm[known], values[known]), np.nan)
