"""The answer for one measurement: what measure prints, the service sends and `lib.api` returns."""

from dataclasses import dataclass
from typing import Literal

from lib.recognition.identified import Remark
from lib.shapes import Answer, digits


@dataclass(frozen=True)
class LikelyEmitter(Answer):
    """What a peak may be a line of."""

    name: str
    lamp: str
    """the line list that it stands in"""
    nm: float = digits(3)
    """of several lines that are not told apart the brightest's, or where their blend peaks"""
    probability: float = digits(3)
    resolved: bool
    """whether one line alone lies there: within the resolution, and within the peak's error"""


@dataclass(frozen=True)
class Peak(Answer):
    """A line, a broad band or a dip of a measured spectrum."""

    nm: float = digits(3)
    error_nm: float = digits(3)
    fwhm_nm: float = digits(2)
    """full width at half maximum, the instrument's own included"""
    height: float
    """above its feet; for a dip its depth, as part of the light beside it; for transmission and
    absorbance the value there"""
    centroid_nm: float = digits(3)
    broad: bool
    """whether it is much wider than the instrument's lines"""
    dip: bool
    """whether light is missing there: absorption lines of a continuum, minima of transmission"""
    clipped: bool
    emitters: tuple[LikelyEmitter, ...]
    """what may emit it, the most probable first; for a dip what may absorb there"""


@dataclass(frozen=True)
class MeasuredWavelengths(Answer):
    """Where a measurement's wavelengths are from."""

    source: str
    """`own lines`, or whose instrument it is"""
    by_instrument: bool
    """false if the instrument did not fit"""
    shift_px: float | None = digits(2)
    """by how much the instrument was moved to fit; null if no line shows it"""
    range_nm: tuple[float, float] = digits(2)
    """where the stated error holds"""
    uncertainty_nm: float = digits(3)
    """largest standard error over that range"""


@dataclass(frozen=True)
class LightColour(Answer):
    """What a light looks like."""

    x: float = digits(4)
    y: float = digits(4)
    """CIE 1931 chromaticity"""
    cct_k: float | None = digits(0)
    """correlated colour temperature"""
    duv: float | None = digits(4)
    """distance from the Planckian locus"""
    cri_ra: float | None = digits(1)
    """general colour rendering index (CIE 13.3)"""
    cfi_rf: float | None = digits(1)
    """colour fidelity index (CIE 224)"""


@dataclass(frozen=True)
class Curve(Answer):
    """A measured spectrum by rising wavelength; null where nothing is known."""

    nm: list[float] = digits(3)
    error_nm: list[float | None] = digits(3)
    intensity: list[float | None] = digits(6)
    noise: list[float | None] = digits(6)
    clipped: list[bool]
    rgb: list[list[float | None]] = digits(5)
    """linear light of red, green and blue"""
    px: list[float]
    """photo coordinate along the band"""


@dataclass(frozen=True)
class Measured(Answer):
    """The answer for one measurement."""

    photo: str
    """the path as given"""
    status: str
    """`ok`; `error`, then with `reason` and `reason_code` alone, as identify has them"""
    reason: str | None
    """why there is no source, or why the instrument does not fit, in words"""
    remarks: tuple[Remark, ...]
    """doubts about this answer"""
    source: str | None
    """the named class; null without a name"""
    certainty: float | None = digits(6)
    """probability that the best guess is right"""
    threshold: float | None = digits(6)
    """`certainty` needed for a name"""
    probability: float | None = digits(4)
    """of the named source, or of the best guess"""
    wavelengths: MeasuredWavelengths
    """where they are from"""
    quantity: str
    """`camera response`, `relative power`, `transmission` or `absorbance`"""
    tone: str
    """which tone curve was undone; `linear` for none"""
    tone_from: Literal["file", "told", "assumed"]
    """who named the tone curve: the `file`, you (`told`), or nobody (`assumed`)"""
    exposure: str | None
    """time, sensitivity and aperture that the file states; null if it states none"""
    background: str
    """what was subtracted"""
    frames: int
    """how many frames count"""
    left_out: tuple[str, ...]
    """frames that do not count, and why"""
    saturated_nm: tuple[tuple[float, float], ...] = digits(1)
    """ranges in which light is clipped"""
    peaks: tuple[Peak, ...]
    """peaks in the claimed range, by wavelength; noise adds one in at most one of twenty spectra"""
    peaks_beyond: tuple[Peak, ...]
    """peaks outside the claimed range, to be shown apart"""
    emitters: dict[str, float] = digits(3)
    """the share of the lines of `peaks` that each emitter explains"""
    colour: LightColour | None
    """null unless `quantity` is relative power"""


@dataclass(frozen=True)
class MeasuredLight(Measured):
    """The answer for one measurement, with its spectrum."""

    curve: Curve
