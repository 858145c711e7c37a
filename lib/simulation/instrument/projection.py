"""Where light of a given wavelength falls in a photo: grating, camera and slit geometry.

Two coordinates describe the light in the plane of the sensor, both in pixels of the photo: `u`
along the dispersion, 0 at the zero order and growing with wavelength in the positive orders, and
`v` along the slit, 0 at its middle.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Grating:
    """A transmission grating lit at normal incidence, before a pinhole camera.

    Attributes
    ----------
    period_nm : float
        Groove spacing; 1600 for a compact disc, 740 for a DVD.
    focal_px : float
        Focal length of the camera in pixels of the photo.
    turn_rad : float
        Angle between the grating's normal and the camera's axis.
    """

    period_nm: float
    focal_px: float
    turn_rad: float

    def offset_px(self, nm: np.ndarray, order: int = 1) -> np.ndarray:
        """Return u of wavelengths in one order, from sin(angle) = order * nm / period.

        Light beyond grazing exit does not leave the grating: it is put at infinity.
        """
        sine = order * np.asarray(nm, float) / self.period_nm
        angle = np.arcsin(np.clip(sine, -1, 1)) - self.turn_rad
        inside = (np.abs(sine) < 1) & (np.abs(angle) < np.pi / 2)
        u = self.focal_px * (np.tan(np.where(inside, angle, 0)) + np.tan(self.turn_rad))
        return np.where(inside, u, np.sign(order) * np.inf)

    def nm_at(self, u: np.ndarray, order: int = 1) -> np.ndarray:
        """Return the wavelength of one order at u: the inverse of `offset_px`.

        Beyond grazing exit no more light comes: the wavelength stays at its last value.
        """
        angle = np.arctan(np.asarray(u, float) / self.focal_px - np.tan(self.turn_rad))
        angle = np.clip(angle + self.turn_rad, -np.pi / 2, np.pi / 2)
        return self.period_nm / order * np.sin(angle)


def grating_for_span(
    period_nm: float, turn_rad: float, span_px: float, nm: tuple[float, float]
) -> Grating:
    """Return the grating and camera that spread the wavelength range `nm` over `span_px`."""
    unit = Grating(period_nm, 1.0, turn_rad)
    low, high = unit.offset_px(np.array(nm))
    return Grating(period_nm, span_px / (high - low), turn_rad)


@dataclass(frozen=True)
class Prism:
    """A prism before a camera, by Hartmann's formula; `Grating`'s interface, first order alone.

    Attributes
    ----------
    pole_nm : float
        Wavelength of the formula's pole.
    scale_px_nm : float
        u is `reach_px` less this over the distance from the pole.
    reach_px : float
        The u that infinite wavelengths tend to.
    """

    pole_nm: float
    scale_px_nm: float
    reach_px: float

    def offset_px(self, nm: np.ndarray, order: int = 1) -> np.ndarray:
        """Return u of wavelengths; infinity at and below the pole."""
        above = np.asarray(nm, float) - self.pole_nm
        with np.errstate(divide="ignore"):
            u = self.reach_px - self.scale_px_nm / np.maximum(above, 0)
        return np.where(above > 0, u, -np.inf)

    def nm_at(self, u: np.ndarray, order: int = 1) -> np.ndarray:
        """Return the wavelength at u; where none is thrown, one far beyond sight."""
        left = np.maximum(self.reach_px - np.asarray(u, float), 1e-4 * self.scale_px_nm)
        return self.pole_nm + self.scale_px_nm / left


def prism_for_span(pole_nm: float, span_px: float, nm: tuple[float, float]) -> Prism:
    """Return the prism and camera that spread the wavelength range `nm` over `span_px`.

    Its u is positive at every wavelength that a camera sees, and 0 at 300 nm.
    """
    low, high = (1 / (end - pole_nm) for end in nm)
    scale = span_px / (low - high)
    return Prism(pole_nm, scale, scale / (300.0 - pole_nm))


@dataclass(frozen=True)
class Projection:
    """How (u, v) lies in the photo.

    Attributes
    ----------
    anchor_x, anchor_y : float
        Photo pixel where u = anchor_u and v = 0.
    anchor_u : float
        The u at the anchor, not 0; bends and shears are measured from there.
    angle_rad : float
        Direction of growing u in the photo, clockwise on the screen from +x.
    slant : float
        Shear of the slit image: pixels along u per pixel along v.
    smile : float
        Curvature of the lines: pixels along u per squared pixel along v, of opposite sense in the
        negative orders.
    keystone : float
        Relative growth of the slit image per pixel along u.
    bend : float
        Curvature of the whole trace: pixels along v per squared pixel along u.
    half_slits : tuple of two (slant, shift_px) or empty
        Where the slit has an upper and a lower half: their own shear and shift along u.
    """

    anchor_x: float
    anchor_y: float
    anchor_u: float
    angle_rad: float
    slant: float = 0.0
    smile: float = 0.0
    keystone: float = 0.0
    bend: float = 0.0
    half_slits: tuple[tuple[float, float], ...] = ()

    def to_slit(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (u, v) of photo pixels; u has slant and smile taken out, so it fixes nm.

        Parameters
        ----------
        x, y : float arrays of one shape, or shapes that broadcast
            Photo pixel coordinates; pixel centres are whole numbers.
        """
        # Python floats, so that float32 pixel grids stay float32.
        cos, sin = float(np.cos(self.angle_rad)), float(np.sin(self.angle_rad))
        dx, dy = x - self.anchor_x, y - self.anchor_y
        along = dx * cos + dy * sin
        v = dy * cos - dx * sin
        if self.bend:
            v = v - self.bend * along**2
        if self.keystone:
            v = v / np.clip(1 + self.keystone * along, 0.2, 5)
        u = along + self.anchor_u
        if self.smile:
            u = u - (self.smile / self.anchor_u) * v**2 * u
        if self.half_slits:
            (upper, upper_shift), (lower, lower_shift) = self.half_slits
            return np.where(v < 0, u - upper * v - upper_shift, u - lower * v - lower_shift), v
        return u - self.slant * v, v

    def from_slit(self, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the photo pixels (x, y) of (u, v), slant and smile left aside."""
        cos, sin = float(np.cos(self.angle_rad)), float(np.sin(self.angle_rad))
        along = u - self.anchor_u
        across = v * np.clip(1 + self.keystone * along, 0.2, 5) + self.bend * along**2
        return (
            self.anchor_x + along * cos - across * sin,
            self.anchor_y + along * sin + across * cos,
        )

    @property
    def horizontal(self) -> bool:
        """Whether the dispersion lies nearer to the rows than to the columns."""
        return abs(np.cos(self.angle_rad)) >= abs(np.sin(self.angle_rad))

    @property
    def blue_end(self) -> str:
        """Where blue lies in the positive orders: left, right, top or bottom."""
        if self.horizontal:
            return "left" if np.cos(self.angle_rad) > 0 else "right"
        return "top" if np.sin(self.angle_rad) > 0 else "bottom"
