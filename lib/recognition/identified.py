"""The answer for one photo: what identify prints, the service sends and `lib.api` returns."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from lib.recognition.advice import ADVICE, REMARKS
from lib.recognition.axis.axis import OWN_LINES, WavelengthAxis
from lib.shapes import Answer, digits

if TYPE_CHECKING:
    from lib.recognition.band import Band

# What helps against clipping.
SHORTER = "a shorter exposure shows more"
# Places along the claimed range at which an axis states its error.
_STATED_PLACES = 9


@dataclass(frozen=True)
class Remark(Answer):
    """A doubt about an answer."""

    code: Literal[*REMARKS]
    """for programs"""
    text: str
    """for people"""


@dataclass(frozen=True)
class NamedLamp(Answer):
    """A lamp by name, also one of none of the classes."""

    name: str
    title: str
    probability: float = digits(6)


@dataclass(frozen=True)
class FoundBand(Answer):
    """Where the spectrum lies."""

    x0: int
    y0: int
    x1: int
    y1: int
    axis: Literal["horizontal", "vertical"]
    """`horizontal` or `vertical`"""
    blue_end: Literal["left", "right", "top", "bottom", "none"]
    """`left`, `right`, `top`, `bottom`, or `none` if nothing shows it"""
    angle_deg: float = digits(2)
    """clockwise turn of its centre line"""


@dataclass(frozen=True)
class BandBox(Answer):
    """Where one of several spectra lies, pixels of the upright photo, half-open."""

    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True)
class FoundLine(Answer):
    """A spectral line found in the photo."""

    nm: float = digits(3)
    px: float = digits(3)
    name: str


@dataclass(frozen=True)
class StatedError(Answer):
    """The standard error of the wavelength at one place."""

    px: float = digits(2)
    nm: float = digits(2)
    error: float = digits(3)


@dataclass(frozen=True)
class Wavelength(Answer):
    """Which wavelength, in air, each pixel along the band shows."""

    coefficients: tuple[float, ...]
    """nm as ascending powers of the photo's x or y along the band's centre line"""
    axis: Literal["x", "y"]
    """which of the two"""
    rms_nm: float = digits(4)
    """root mean square of the residuals of the lines"""
    uncertainty_nm: float = digits(4)
    """largest standard error over the claimed range"""
    range_px: tuple[float, float] = digits(2)
    range_nm: tuple[float, float] = digits(2)
    """where the stated error holds; beyond, nothing is claimed"""
    error_nm: tuple[StatedError, ...]
    """the standard error at places along that range"""
    lines: tuple[FoundLine, ...]
    """what was matched"""
    model: str
    """`grating` or `prism`"""
    lamp: str
    """the line list"""
    source: str
    """`own lines`, or whose instrument it is"""
    shift_px: float | None = digits(2)
    """by how much the instrument was moved to fit; null where the photo's lines do not tell"""


@dataclass(frozen=True)
class BandSpectrum(Answer):
    """The light along the band, blue first, 0 to 255."""

    px: list[float] = digits(2)
    nm: list[float] | None = digits(3)
    """null without a wavelength axis"""
    error_nm: list[float | None] | None = digits(3)
    """null where the axis claims nothing"""
    rgb: list[list[float]] = digits(1)
    clipped: list[bool]


@dataclass(frozen=True)
class Identified(Answer):
    """The answer for one photo."""

    photo: str
    """the path as given"""
    status: Literal["ok", "unknown", "no_band", "error"]
    """`ok`; `unknown` (a spectrum, but no source can be named); `no_band`; `error` (unreadable)"""
    reason: str | None
    """why there is no source, or no wavelength axis, in words"""
    reason_code: Literal[*ADVICE] | None
    """the same as one word, for programs"""
    advice: tuple[str, ...]
    """what to do about it, a list of sentences"""
    remarks: tuple[Remark, ...]
    """doubts about this answer"""
    source: str | None
    """the named class, or the lamp that you named; null unless `ok`"""
    class_id: int | None
    """its number; null for a lamp of no class"""
    lamp: NamedLamp | None
    """the lamp by name, also of no class; null if it is not certain"""
    between: tuple[str, ...]
    """two classes, the likelier first, if it is surely one of them and nothing tells which"""
    certainty: float | None = digits(6)
    """probability that the best guess is right; null if you named the lamp, or without a band"""
    threshold: float | None = digits(6)
    """`certainty` needed for a name; null if nothing is decided, or if the precision that you ask
    for was never reached"""
    probability: float | None = digits(6)
    """of the named source, or of the best guess"""
    probabilities: dict[str, float] = digits(6)
    """of each class"""
    band: FoundBand | None
    """where the spectrum lies, pixels of the upright photo"""
    bands: tuple[BandBox, ...]
    """where several spectra lie, in reading order, as `--band` counts; empty for one or none"""
    saturated: bool | None
    """whether clipping hides a tenth or more of the height of a peak"""
    wavelength: Wavelength | None
    """null without a wavelength axis"""
    model_version: str
    """of the frozen model"""


@dataclass(frozen=True)
class IdentifiedLight(Identified):
    """The answer for one photo, with its light."""

    spectrum: BandSpectrum | None = None
    """the light along the band; null without a band"""


def wavelength_of(axis: WavelengthAxis) -> Wavelength:
    """Return what an answer says of a wavelength axis."""
    px = np.linspace(*axis.range_px, _STATED_PLACES)
    places = zip(px, axis.nm_at(px), axis.standard_error_nm(px), strict=True)
    return Wavelength.of(
        axis,
        error_nm=tuple(StatedError.of(None, px=x, nm=nm, error=error) for x, nm, error in places),
        lines=tuple(FoundLine.of(line) for line in axis.lines),
    )


def several(band: "Band") -> tuple[Remark, ...]:
    """Return the remark on a photo that shows several spectra."""
    if not band.among:
        return ()
    places = ", ".join(
        f"number {number} at {','.join(map(str, box))}" for number, box in enumerate(band.among, 1)
    )
    where = f"number {band.number}" if band.number else "the place where the instrument has its own"
    text = f"{len(band.among)} spectra in the photo ({places}); the answer is about {where}"
    return (Remark("several_bands", text),)


def overexposed(band: "Band") -> tuple[Remark, ...]:
    """Return the remarks on light whose peaks are cut off."""
    if not band.cut:
        return ()
    count, part = len(band.cut), 100 * band.quality.clipped_fraction
    peaks = "1 peak is" if count == 1 else f"{count} peaks are"
    text = f"{peaks} clipped ({part:.2g}% of the spectrum) and stronger than shown; {SHORTER}"
    return (Remark("overexposed", text), *clipped_below(band))


def clipped_below(band: "Band") -> tuple[Remark, ...]:
    """Return the remark on clipped light that clips below the end of the scale."""
    level = band.quality.clips_at
    # Full scale leaves clipped areas at 0.98 and more.
    if level > 0.975:
        return ()
    return (Remark("clipped_below_full_scale", f"light is clipped at {level:.0%} of full scale"),)


def shifted(axis: WavelengthAxis) -> tuple[Remark, ...]:
    """Return the remark on an instrument that was moved to fit a photo, or may have moved."""
    if axis.shift_px is None and axis.source != OWN_LINES:
        return (Remark("not_checked", "no line shows whether the spectrometer has moved"),)
    if not axis.shift_px:
        return ()
    return (Remark("shifted", f"moved by {axis.shift_px:+.1f} px, put right"),)


def of_file(name: str, remarks: tuple[Remark, ...]) -> tuple[Remark, ...]:
    """Return remarks on another file than the answer's, which their words name."""
    texts = (one.text if name in one.text else f"{name}: {one.text}" for one in remarks)
    return tuple(Remark(one.code, text) for one, text in zip(remarks, texts, strict=True))


def first_of_frames(passed_over: str) -> tuple[Remark, ...]:
    """Return the remark on a file of more frames than were read (`Picture.passed_over`)."""
    return (Remark("first_of_frames", passed_over),) if passed_over else ()
