"""How the light along the dispersion lies in a photo: camera and slit geometry.

Two coordinates describe the light in the plane of the sensor, both in pixels of the photo: `u`
along the dispersion, 0 at the zero order and growing with wavelength in the positive orders, and
`v` along the slit, 0 at its middle.
"""

from dataclasses import dataclass

import numpy as np


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
