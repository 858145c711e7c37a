"""A wavelength axis: which wavelength each pixel of a photo shows, and how surely."""

from dataclasses import dataclass, replace

import numpy as np

from lib.errors import DataError
from lib.polynomials import in_scaled, value_at

OWN_LINES = "own lines"


class NoAxis(DataError):
    """The spectrum gives no trustworthy wavelength axis; the message says why.

    Attributes
    ----------
    code : str
        Of `lib.recognition.advice.ADVICE`.
    probability : float
        That the lamp's lines lie where they fit best, if that is what was missing; else 1.
    """

    def __init__(self, message: str, *, code: str, probability: float = 1.0):
        super().__init__(message)
        self.code = code
        self.probability = probability


@dataclass(frozen=True)
class MatchedLine:
    """A spectral line found in the photo.

    Attributes
    ----------
    nm : float
        Its wavelength; of a blend, where the blend peaks.
    px : float
        Its place: photo x or y on the band's centre line.
    name : str
        The emitter, e.g. "Hg I".
    residual_nm : float
        What the axis says at `px`, less `nm`.
    """

    nm: float
    px: float
    name: str
    residual_nm: float


@dataclass(frozen=True)
class WavelengthAxis:
    """Wavelength as a polynomial of a photo coordinate along the band's centre line.

    Attributes
    ----------
    coefficients : tuple of float
        Ascending powers of the upright photo's x or y, giving nm in air.
    axis : str
        "x" (horizontal band) or "y" (vertical band).
    rms_nm : float
        Root mean square of the residuals of the matched lines.
    uncertainty_nm : float
        Largest standard error over the range that it claims.
    lines : tuple of MatchedLine
        In order of wavelength.
    model : str
        "grating" or "prism"; in calibrations before 0.5.0 also "linear" or "quadratic".
    lamp : str
        The line list that was matched, e.g. "cfl" or "mercury" for the class cfl_hg.
    origin_px, scale_px : float
        The scaled coordinate of the covariance is (px - origin_px) / scale_px.
    covariance : tuple of tuple of float
        Covariance of the polynomial's coefficients in the scaled coordinate, nm squared.
    range_px : tuple of float
        Photo coordinates between which the stated error holds; beyond, nothing is claimed.
    explained : float
        The matched lines' part of the height of all peaks that were seen.
    source : str
        "own lines", or the name of the instrument whose calibration it is.
    probability : float
        That it is right, as the verdict has it.
    shift_px : float or None
        Of an instrument: by how much it was moved along the band to fit the photo's own lines; None
        where these do not tell.
    """

    coefficients: tuple[float, ...]
    axis: str
    rms_nm: float
    uncertainty_nm: float
    lines: tuple[MatchedLine, ...]
    model: str
    lamp: str
    origin_px: float
    scale_px: float
    covariance: tuple[tuple[float, ...], ...]
    range_px: tuple[float, float]
    explained: float = 1.0
    source: str = OWN_LINES
    probability: float = 1.0
    shift_px: float | None = None

    def nm_at(self, px: np.ndarray | float) -> np.ndarray | float:
        """Return the wavelength at photo coordinates, nm, same shape."""
        return value_at(self.coefficients, px)

    def standard_error_nm(self, px: np.ndarray | float) -> np.ndarray:
        """Return the standard error of the wavelength at photo coordinates, nm, same shape."""
        scaled = (np.asarray(px, np.float64) - self.origin_px) / self.scale_px
        covariance = np.asarray(self.covariance)
        powers = scaled[..., None] ** np.arange(len(covariance))
        variance = np.einsum("...i,ij,...j->...", powers, covariance, powers)
        return np.sqrt(np.maximum(variance, 0.0))

    def moved(self, px: float) -> "WavelengthAxis":
        """Return the axis of light that lies `px` further along."""
        return self._carried(1.0, px)

    def scaled(self, factor: float) -> "WavelengthAxis":
        """Return the axis in a photo enlarged by `factor` along the band.

        Coordinates are those of pixel centres: the photo's edge is at -0.5 in both.
        """
        return self._carried(factor, (factor - 1) / 2)

    def _carried(self, factor: float, offset: float) -> "WavelengthAxis":
        """Return the axis over factor * px + offset."""

        def carry(px: float) -> float:
            return factor * px + offset

        return replace(
            self,
            coefficients=in_scaled(self.coefficients, offset, factor),
            lines=tuple(replace(line, px=carry(line.px)) for line in self.lines),
            origin_px=carry(self.origin_px),
            scale_px=factor * self.scale_px,
            range_px=(carry(self.range_px[0]), carry(self.range_px[1])),
        )

    @property
    def range_nm(self) -> tuple[float, float]:
        """Wavelengths at the ends of `range_px`, the shorter first."""
        low, high = sorted(float(nm) for nm in self.nm_at(np.array(self.range_px)))
        return low, high

    def claims(self, px: np.ndarray | float) -> np.ndarray:
        """Return whether photo coordinates lie where the stated error holds, bool, same shape."""
        return (np.asarray(px) >= self.range_px[0]) & (np.asarray(px) <= self.range_px[1])
