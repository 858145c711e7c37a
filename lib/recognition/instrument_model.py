"""The parts of instrument.json: what each may hold, and what it means.

The file is checked by these models; the API's schema and the table in docs/instrument.md are made
of them.
"""

import codecs
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.polynomial.polynomial import polyval
from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from lib.checked import Part, fault_in_words
from lib.errors import DataError
from lib.recognition.instrument import MAX_LINES, MAX_PX

FORMAT, VERSION = "spectrum instrument", 2
# What 0.6.0 and earlier wrote.
EARLIER_FORMAT, EARLIER_VERSION = "spectrum wavelength calibration", 1
# Standard error of an axis whose file states none, nm.
ASSUMED_ERROR_NM = 2.0
# Rows are taken from the middle of a band that is given as a box.
_CLEAN_PART = 0.7
# How far rounding may take a covariance from symmetry, and a variance below 0, in parts of the
# greatest (4e-14 at most in calibrations of 22 simulated instruments).
_ROUNDING = 1e-9
# Bounds far beyond what instruments have: no file fills memory, and no number runs out of range.
_MAX_POWERS, _MAX_POINTS, _MAX_NM, _MAX = 10, 2_000, 1e5, 1e9
_MAX_SOURCE = 5_000
_LEAST_SCALE_PX = 1e-3
# Places along the band at which the polynomials are looked at.
_PLACES = 65


def _text(max_length: int) -> Any:
    """Return the type of texts; of a file's name, bytes that are no UTF-8 become escapes."""
    # Neither PostgreSQL nor a terminal takes a zero byte.
    bounds = Field(max_length=max_length, pattern=r"^[^\x00]*$")
    return Annotated[str, bounds, BeforeValidator(_readable)]


def _readable(value: object) -> object:
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


Number = Annotated[float, Field(ge=-_MAX, le=_MAX)]
NotNegative = Annotated[float, Field(ge=0.0, le=_MAX)]
Pixel = Annotated[float, Field(ge=-MAX_PX, le=MAX_PX)]
Nm = Annotated[float, Field(gt=0.0, le=_MAX_NM)]
Side = Annotated[int, Field(ge=1, le=MAX_PX)]
Powers = Annotated[tuple[Number, ...], Field(min_length=1, max_length=_MAX_POWERS)]
Word = _text(500)
Three = tuple[NotNegative, NotNegative, NotNegative]
Channel = Annotated[tuple[NotNegative | None, ...], Field(max_length=_MAX_POINTS)]
Direction = Literal["horizontal", "vertical"]


class _Part(Part):
    """A part of an instrument's file; the text under a field is its meaning."""

    model_config = ConfigDict(
        from_attributes=True, use_attribute_docstrings=True, protected_namespaces=()
    )


def _kind(value: object) -> str | None:
    """Return whether a band is given exactly or as a box."""
    if isinstance(value, dict):
        return "band" if "centre" in value else "box"
    return "band" if isinstance(value, BandPart) else "box"


class PhotoPart(_Part):
    """The upright photos of an instrument."""

    width: Side
    height: Side


class LinePart(_Part):
    """A spectral line of the lamp."""

    nm: Nm
    px: Pixel
    name: Word = ""
    residual_nm: Number = 0.0


class AxisPart(_Part):
    """Which wavelength each pixel shows, and how surely."""

    coefficients: Annotated[Powers, Field(min_length=2)]
    """nm in air, as ascending powers of the photo's x or y along the band's centre line; the
    centre of the first pixel is 0"""
    axis: Literal["x", "y"] | None = None
    """`x` if nothing is said, or `y`"""
    range_px: tuple[Pixel, Pixel] | None = None
    """where the stated error holds"""
    range_nm: tuple[Number, Number] | None = None
    """the same in wavelengths, for people"""
    rms_nm: NotNegative = 0.0
    """of the residuals of its lines"""
    uncertainty_nm: NotNegative = ASSUMED_ERROR_NM
    """its largest standard error over that range; 2 nm if nothing is said"""
    origin_px: Pixel | None = None
    scale_px: Pixel | None = None
    covariance: Annotated[tuple[Powers, ...], Field(min_length=1)] | None = None
    """of the coefficients of powers of (px - `origin_px`) / `scale_px`, nm squared"""
    model: Word = "polynomial"
    """`grating` or `prism`"""
    lamp: Word = ""
    lines: Annotated[tuple[LinePart, ...], Field(max_length=MAX_LINES)] = ()
    """of the lamp, that were matched"""

    @field_validator("scale_px")
    @classmethod
    def _scales(cls, scale_px: float | None) -> float | None:
        if scale_px is not None and abs(scale_px) < _LEAST_SCALE_PX:
            raise ValueError(f"expected a number other than 0, received {scale_px:g}")
        return scale_px

    @field_validator("covariance")
    @classmethod
    def _is_covariance(cls, covariance: tuple | None) -> tuple | None:
        if covariance is None:
            return None
        if any(len(row) != len(covariance) for row in covariance):
            raise ValueError("expected a square of numbers")
        square = np.array(covariance)
        least = _ROUNDING * np.abs(square).max()
        if np.abs(square - square.T).max() > least or np.linalg.eigvalsh(square)[0] < -least:
            raise ValueError("expected a covariance: symmetric, and no variance below 0")
        return covariance

    def complete(self, whole: tuple[float, float] | None) -> None:
        """Fill in what is not said, and refuse wavelengths that turn round where they are to hold.

        `whole` is where the axis holds if it does not say so itself.
        """
        self.range_px = self.range_px or whole
        if self.range_px is None or self.range_px[0] >= self.range_px[1]:
            raise ValueError("expected axis.range_px, band or photo to say where the axis holds")
        low, high = self.range_px
        self.origin_px = (low + high) / 2 if self.origin_px is None else self.origin_px
        self.scale_px = self.scale_px or (high - low) / 2
        self.covariance = self.covariance or ((self.uncertainty_nm**2,),)
        nm = polyval(np.linspace(low, high, _PLACES), self.coefficients)
        step = np.diff(nm)
        if not ((step > 0).all() or (step < 0).all()):
            raise ValueError(
                "expected wavelengths that grow or fall along the band, received "
                f"{nm[0]:.1f} to {nm[-1]:.1f} nm with axis.coefficients {self.coefficients}"
            )
        if nm.min() <= 0 or nm.max() > _MAX_NM:
            raise ValueError(f"expected wavelengths in nm, received {nm.min():g} to {nm.max():g}")


class BandPart(_Part):
    """Where the spectrum lies in the photo."""

    axis: Direction | None = None
    """`horizontal` or `vertical`, as the axis has it"""
    start: Pixel
    stop: Pixel
    """ends along the axis"""
    centre: Powers
    """the centre line's other coordinate, as ascending powers of the one along the axis"""
    half_height: Annotated[Pixel, Field(ge=0.0)]
    rows: tuple[Pixel, Pixel] | None = None
    """offsets from the centre line between which light is taken"""
    lean: Pixel = 0.0
    """shift of a spectral line along the band, per pixel off the centre line"""
    smile: Pixel = 0.0
    """the same per square pixel"""

    @model_validator(mode="after")
    def _lies_in_a_photo(self) -> Self:
        clean = _CLEAN_PART * self.half_height
        self.rows = self.rows or (-clean, clean)
        if self.stop < self.start or self.rows[1] < self.rows[0]:
            raise ValueError("expected start, stop and rows that rise")
        places = polyval(np.linspace(self.start, self.stop, _PLACES), self.centre)
        if np.abs(places).max() > MAX_PX:
            raise ValueError("expected a centre line that lies in a photo")
        return self


class BoxPart(_Part):
    """Where the spectrum lies in the photo, as a box."""

    axis: Direction | None = None
    x0: Pixel
    y0: Pixel
    x1: Pixel
    y1: Pixel
    angle_deg: Annotated[float, Field(ge=-80.0, le=80.0)] = 0.0
    """clockwise turn of its centre line"""

    def as_band(self, along: str) -> BandPart:
        """Return the band whose box this is; it runs along the photo's "x" or "y"."""
        sides, turn = ((self.x0, self.x1), (self.y0, self.y1)), np.tan(np.radians(self.angle_deg))
        (start, stop), (low, high) = sides if along == "x" else sides[::-1]
        slope = float(turn if along == "x" else -turn)
        if stop <= start or high <= low:
            raise ValueError(f"band from {start:g} to {stop:g}, {low:g} to {high:g}: empty")
        # The box holds the tilted band whole.
        half = max((high - low - abs(slope) * (stop - start)) / 2, 0.1 * (high - low))
        middle = (low + high - 1) / 2 - slope * (start + stop - 1) / 2
        return BandPart(start=start, stop=stop - 1, centre=(middle, slope), half_height=half)


class DarkPart(_Part):
    """What frames without light show, of full scale."""

    frames: Annotated[int, Field(ge=1, le=_MAX)] = 1
    level: Three
    """of red, green, blue"""
    noise: Three
    """of one pixel"""


class ResponsePart(_Part):
    """What red, green and blue answer to equal light."""

    reference: Word = ""
    """the light that it was measured with"""
    range_nm: tuple[Number, Number] | None = None
    """between which some channel answers well, for people"""
    nm: Annotated[tuple[Nm, ...], Field(min_length=2, max_length=_MAX_POINTS)]
    red: Channel
    green: Channel
    blue: Channel
    """at each `nm`, null where not known"""

    @model_validator(mode="after")
    def _is_curve(self) -> Self:
        channels = (self.red, self.green, self.blue)
        if any(len(one) != len(self.nm) for one in channels) or (np.diff(self.nm) <= 0).any():
            raise ValueError("expected rising nm with red, green and blue at each")
        if not any(value for one in channels for value in one):
            raise ValueError("expected red, green or blue above 0 somewhere")
        return self


class InstrumentFile(_Part):
    """An instrument, as files and the service hold it."""

    format: Literal["spectrum instrument", "spectrum wavelength calibration"]
    """`spectrum instrument`"""
    version: int
    """2; a file of a later version is refused"""
    source: _text(_MAX_SOURCE) = ""
    """what it was made from, for people"""
    quality: Word = ""
    """a word with its figure, for people"""
    photo: PhotoPart | None = None
    """size of its upright photos; without it photos of any size are taken"""
    axis: AxisPart
    band: (
        Annotated[
            Annotated[BandPart, Tag("band")] | Annotated[BoxPart, Tag("box")], Discriminator(_kind)
        ]
        | None
    ) = None
    """where the spectrum lies, exactly or as a box; without it, it is looked for in each photo"""
    resolution_nm: NotNegative | None = None
    """full width at half maximum of its sharpest lines"""
    left_out_nm: NotNegative | None = None
    """error of the axis of all lamps but one at the lines of that one, root mean square"""
    dark: DarkPart | None = None
    """what the camera shows without light, of full scale"""
    response: ResponsePart | None = None
    """what its channels answer to equal light"""

    @field_validator("version")
    @classmethod
    def _is_known(cls, version: int, info: ValidationInfo) -> int:
        known = EARLIER_VERSION if info.data.get("format") == EARLIER_FORMAT else VERSION
        if version != known:
            raise ValueError(
                f"expected version {known}, received {version}; a later program wrote it"
            )
        return version

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Fill in what one part says of another."""
        axis, band = self.axis, self.band
        axis.axis = axis.axis or ("y" if band and band.axis == "vertical" else "x")
        direction = "horizontal" if axis.axis == "x" else "vertical"
        if band and band.axis not in (None, direction):
            raise ValueError(f"band.axis: expected {direction!r}, received {band.axis!r}")
        if isinstance(band, BoxPart):
            self.band = band = band.as_band(axis.axis)
        whole = (band.start, band.stop) if band else None
        if whole is None and self.photo:
            whole = (0.0, (self.photo.width if axis.axis == "x" else self.photo.height) - 1.0)
        axis.complete(whole)
        return self


def read(text: bytes | str, name: str) -> InstrumentFile:
    """Return what a file holds, complete; `name` is for errors.

    Raises
    ------
    DataError
        If it is no instrument's; in one line.
    """
    text = text.encode() if isinstance(text, str) else text
    try:
        return InstrumentFile.model_validate_json(text.removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        raise DataError(f"{name}: {fault_in_words(error)}") from error


def written(parts: dict) -> dict:
    """Return the JSON object of a file with these parts.

    Raises
    ------
    DataError
        If one is larger than any instrument's may be.
    """
    parts = parts | {"format": FORMAT, "version": VERSION, "source": parts["source"][:_MAX_SOURCE]}
    try:
        return InstrumentFile(**parts).model_dump(mode="json", exclude_none=True)
    except ValidationError as error:
        raise DataError(f"no instrument to keep: {fault_in_words(error)}") from error
