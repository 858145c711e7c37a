"""Gratings and prisms before a camera: where light of a wavelength falls along the dispersion."""

from dataclasses import dataclass, replace

import numpy as np

from lib.simulation.lamps.spectra import N_WAVELENGTHS, STEP_NM, WAVELENGTHS_NM

# Lines per mm of gratings people use: slides, holographic film, and the tracks of CDs and DVDs.
GROOVES_PER_MM = (300, 500, 600, 625, 1000, 1200, 1351)

# |sin| of the diffraction angle stays below the first: no photo is taken at grazing exit. That of
# the incidence stays below the second.
_LARGEST_SINE, _LARGEST_INCIDENCE = 0.92, 0.95
# Largest span of a photo in grating periods.
_WIDEST_SPAN = 1.5
# The largest wavelength in grating periods: both sines are at most 1.
_FURTHEST = 1.9
# Where the zero order is farther than this from the camera's axis, radians, u begins there.
_FARTHEST_ORIGIN = 1.4
# Share of spectrometers with a prism, and where their Hartmann formula has its pole: crown glass
# to dense flint (from the refractive indices of BK7, F2 and SF10 at the F, d and C lines).
_PRISM_SHARE = 0.05
_HARTMANN_POLE_NM = (120.0, 240.0)
# A prism's spectrum begins at least so far from the pole.
_PRISM_FROM_NM = 340.0
# Share of a prism's scale that its spectrum keeps from where it ends, in the far infrared.
_PRISM_END = 1e-4
# Flux of a grid step is spread evenly over the step around its wavelength.
_STEP_EDGES_NM = WAVELENGTHS_NM[0] + STEP_NM * (np.arange(N_WAVELENGTHS + 1) - 0.5)


@dataclass(frozen=True)
class Grating:
    """A grating before a camera without distortion: period (sin a + sin b) = order wavelength.

    Attributes
    ----------
    period_nm : float
        Groove spacing; 1600 for a compact disc, 740 for a DVD.
    focal_px : float
        Focal length of the camera in pixels of the photo.
    turn_rad : float
        Angle between the grating's normal and the camera's axis.
    sin_incidence : float
        Sine of the angle at which light falls in, 0 along the normal.
    """

    period_nm: float
    focal_px: float
    turn_rad: float
    sin_incidence: float = 0.0

    @property
    def _origin(self) -> float:
        """Tangent of the zero order's angle to the camera's axis, where u is 0."""
        angle = -np.arcsin(self.sin_incidence) - self.turn_rad
        return float(np.tan(np.clip(angle, -_FARTHEST_ORIGIN, _FARTHEST_ORIGIN)))

    def offset_px(self, nm: np.ndarray, order: int = 1) -> np.ndarray:
        """Return u of wavelengths in one order.

        Light beyond grazing exit does not leave the grating: it is put at infinity.
        """
        sine = order * np.asarray(nm, float) / self.period_nm - self.sin_incidence
        angle = np.arcsin(np.clip(sine, -1, 1)) - self.turn_rad
        inside = (np.abs(sine) < 1) & (np.abs(angle) < np.pi / 2)
        u = self.focal_px * (np.tan(np.where(inside, angle, 0)) - self._origin)
        return np.where(inside, u, np.sign(order) * np.inf)

    def nm_at(self, u: np.ndarray, order: int = 1) -> np.ndarray:
        """Return the wavelength of one order at u: the inverse of `offset_px`.

        Beyond grazing exit no more light comes: the wavelength stays at its last value.
        """
        angle = np.arctan(np.asarray(u, float) / self.focal_px + self._origin)
        angle = np.clip(angle + self.turn_rad, -np.pi / 2, np.pi / 2)
        return self.period_nm / order * (np.sin(angle) + self.sin_incidence)

    def spread(self, length_px: float, nm: tuple[float, float]) -> "Grating":
        """Return it before the camera that spreads the wavelength range `nm` over a length."""
        low, high = replace(self, focal_px=1.0).offset_px(np.array(nm))
        return replace(self, focal_px=float(length_px / (high - low)))


@dataclass(frozen=True)
class Prism:
    """A prism before a camera, by Hartmann's formula; `Grating`'s interface, first order alone.

    u is 0 at 300 nm and grows towards what infinite wavelengths tend to.

    Attributes
    ----------
    pole_nm : float
        Wavelength of the formula's pole.
    scale_px_nm : float
        u falls short of its limit by this over the distance from the pole.
    """

    pole_nm: float
    scale_px_nm: float = 1.0

    @property
    def _reach_px(self) -> float:
        return self.scale_px_nm / (300.0 - self.pole_nm)

    def offset_px(self, nm: np.ndarray, order: int = 1) -> np.ndarray:
        """Return u of wavelengths; infinity at and below the pole."""
        above = np.asarray(nm, float) - self.pole_nm
        with np.errstate(divide="ignore"):
            u = self._reach_px - self.scale_px_nm / np.maximum(above, 0)
        return np.where(above > 0, u, -np.inf)

    def nm_at(self, u: np.ndarray, order: int = 1) -> np.ndarray:
        """Return the wavelength at u; where none is thrown, one far beyond sight."""
        left = np.maximum(self._reach_px - np.asarray(u, float), _PRISM_END * self.scale_px_nm)
        return self.pole_nm + self.scale_px_nm / left

    def spread(self, length_px: float, nm: tuple[float, float]) -> "Prism":
        """Return it before the camera that spreads the wavelength range `nm` over a length."""
        low, high = (1 / (end - self.pole_nm) for end in nm)
        return replace(self, scale_px_nm=float(length_px / (low - high)))


def draw_dispersion(
    rng: np.random.Generator,
    length_px: float,
    nm: tuple[float, float],
    *,
    curved: bool = True,
    prism: bool = True,
) -> Grating | Prism:
    """Draw what spreads a wavelength range over a length in pixels.

    Parameters
    ----------
    nm : tuple of two floats
        A negative wavelength lies beyond the zero order.
    curved : bool
        False for a dispersion that is as good as linear.
    prism : bool
        Whether it may be a prism.
    """
    if not curved:
        return Grating(1e6, 1.0, 0.0).spread(length_px, nm)
    period, pole = 1e6 / rng.choice(GROOVES_PER_MM), rng.uniform(*_HARTMANN_POLE_NM)
    sin_centre, tilt = rng.uniform(-0.2, 0.85), rng.uniform(-0.15, 0.15)
    if rng.random() < _PRISM_SHARE and prism and nm[0] > _PRISM_FROM_NM:
        return Prism(pole).spread(length_px, nm)
    middle, span = (nm[0] + nm[1]) / 2, nm[1] - nm[0]
    # A span so wide, or so far, takes a coarser grating: a fine one sends its ends past 90 degrees.
    period = max(period, span / _WIDEST_SPAN, max(map(abs, nm)) / _FURTHEST)
    room = max(_LARGEST_SINE - span / 2 / period, 0)
    sin_centre = np.clip(sin_centre, middle / period - _LARGEST_INCIDENCE, 1)
    sin_centre = float(np.clip(sin_centre, -room, room))
    incidence = float(np.clip(middle / period - sin_centre, -0.999, 0.999))
    turn = float(np.arcsin(middle / period - incidence)) + tilt
    return Grating(period, 1.0, turn, incidence).spread(length_px, nm)


def column_flux(spd: np.ndarray, edges_nm: np.ndarray) -> np.ndarray:
    """Return the light between neighbouring wavelength edges, so that no flux is lost or doubled.

    Parameters
    ----------
    spd : float array of shape (n, n_wavelengths)
    edges_nm : float array of shape (n, n_columns + 1)

    Returns
    -------
    float32 array of shape (n, n_columns)
    """
    total = np.zeros((len(spd), N_WAVELENGTHS + 1))
    np.cumsum(spd, axis=1, out=total[:, 1:])
    below = [np.interp(nm, _STEP_EDGES_NM, flux) for nm, flux in zip(edges_nm, total, strict=True)]
    return np.abs(np.diff(below, axis=1)).astype(np.float32)
