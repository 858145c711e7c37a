"""An instrument: its wavelengths, where its band lies in the frame, and what else is known of it.

What a lamp photo teaches holds for every other photo of the same instrument: light is read along
the instrument's own band, whatever falls there, and its pixels have the instrument's wavelengths.
"""

from dataclasses import dataclass, replace

import numpy as np

from lib.errors import DataError
from lib.recognition.axis.axis import WavelengthAxis
from lib.recognition.axis.claim import largest_error_nm
from lib.recognition.axis.shift import apply_shift, find_shift, less_sure
from lib.recognition.band import Band, band_of
from lib.recognition.direction import with_wavelengths
from lib.recognition.straighten import Geometry
from lib.recognition.strip import sample_band

# What a spectrometer for visible light shows: the stretch on which lamps are recognised.
_NAMED_NM = (375.0, 720.0)
# What silicon behind glass can see at all.
_SEEN_NM = (330.0, 1100.0)
# Two sizes of photo are of one camera if their sides have one ratio, but for rounding.
_SAME_RATIO = 0.01
# The most lines that an instrument holds, and its furthest place, pixels: no picture is as wide.
MAX_LINES, MAX_PX = 2_000, 1e5
# Light above or below the band: standard error of the lean of lines, pixels along per pixel across;
# the part of a change of lean between two bands that counts as error, and of a lean where nothing
# tells arcs from lines that stand askew; and from which height on a band's own lean is believed
# (`benchmarks/two_spectra.py`).
_LEAN_ERROR, _BEND_PART, _ARC_PART = 0.012, 0.25, 0.5
_TELLING_HEIGHT_PX = 10.0
_LEAST_TURN = 0.5
# A channel answers well from this part of its greatest answer on.
_WELL_PART = 0.12
# Fewer lines of a lamp's own are no proof that the instrument has moved: three may fit by chance.
PROVING_LINES = 5


class OtherInstrument(DataError):
    """A photo is not of this instrument, or it has moved; the message says why.

    Attributes
    ----------
    code : str
        Of `lib.recognition.advice.ADVICE`.
    """

    def __init__(self, message: str, *, code: str = "other_instrument"):
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Place:
    """Where an instrument's band lies in its frame.

    Attributes
    ----------
    geometry : Geometry
        Its ends are those of the lamp's light.
    rows : tuple of float
        Offsets from the centre line between which to take the light, pixels.
    towards_red : int
        1 where wavelengths grow with the coordinate along the band, -1 where they fall.
    """

    geometry: Geometry
    rows: tuple[float, float]
    towards_red: int


@dataclass(frozen=True)
class Dark:
    """What frames without light show, linear, of full scale.

    Attributes
    ----------
    frames : int
    level, noise : tuple of float
        Mean of red, green and blue along the band, and standard deviation of one pixel.
    """

    frames: int
    level: tuple[float, float, float]
    noise: tuple[float, float, float]


@dataclass(frozen=True)
class Response:
    """What red, green and blue answer to equal light, relative to the greatest.

    Attributes
    ----------
    nm : float64 array of shape (n,)
        Rising.
    rgb : float64 array of shape (n, 3)
        nan where it is not known.
    reference : str
        The light that it was measured with.
    """

    nm: np.ndarray
    rgb: np.ndarray
    reference: str

    @property
    def range_nm(self) -> tuple[float, float]:
        """Return the wavelengths between which some channel answers well.

        Further out, light that slit, grating and lens scatter is as strong as what belongs there
        (simulated instruments).
        """
        top = np.nanmax(np.where(np.isfinite(self.rgb), self.rgb, 0.0), axis=0)
        well = np.nan_to_num(self.rgb) >= _WELL_PART * np.maximum(top, 1e-12)
        good = np.flatnonzero(well.any(axis=1))
        return float(self.nm[good[0]]), float(self.nm[good[-1]])


@dataclass(frozen=True)
class Instrument:
    """What is known of one instrument.

    Attributes
    ----------
    axis : WavelengthAxis
    size : tuple of int, optional
        Width and height of its upright photos, pixels; None if any will do.
    place : Place, optional
        None if the band is to be found in each photo.
    source : str
        What the axis was made from, for people.
    resolution_nm : float, optional
        Full width at half maximum of its sharpest lines.
    dark : Dark, optional
    response : Response, optional
    left_out_nm : float, optional
        Error of the axis of all lamps but one at the lines of that one, root mean square over
        lamps; None of one lamp.
    """

    axis: WavelengthAxis
    size: tuple[int, int] | None = None
    place: Place | None = None
    source: str = ""
    resolution_nm: float | None = None
    dark: Dark | None = None
    response: Response | None = None
    left_out_nm: float | None = None

    @property
    def direction(self) -> str:
        """Return "horizontal" or "vertical"."""
        return "horizontal" if self.axis.axis == "x" else "vertical"

    @property
    def towards_red(self) -> int:
        """Return 1 where wavelengths grow along the photo's axis, -1 where they fall."""
        low, high = self.axis.nm_at(np.array(self.axis.range_px))
        return 1 if high > low else -1

    def in_frame(self, width: int, height: int) -> "Instrument":
        """Return the instrument in photos of another resolution.

        Raises
        ------
        OtherInstrument
            If the photo's sides have another ratio.
        """
        if self.size is None or self.size == (width, height):
            return self
        along, across = width / self.size[0], height / self.size[1]
        if abs(along / across - 1) > _SAME_RATIO:
            raise OtherInstrument(
                f"the instrument is for photos of {self.size[0]} x {self.size[1]} px; "
                f"received {width} x {height}, which is no enlargement of it"
            )
        if self.direction == "vertical":
            along, across = across, along
        place = self.place
        if place is not None:
            rows = place.rows[0] * across, place.rows[1] * across
            place = replace(place, geometry=place.geometry.scaled(along, across), rows=rows)
        return replace(self, axis=self.axis.scaled(along), size=(width, height), place=place)

    def stretch(self, length: int, nm: tuple[float, float] = _SEEN_NM) -> tuple[int, int]:
        """Return the first and last pixel of a frame, of `length` along the band, with light.

        The wavelengths between them lie between `nm`, and grow or fall all the way.
        """
        px = np.arange(length)
        here = self.axis.nm_at(px)
        good = (here >= nm[0]) & (here <= nm[1])
        good &= np.gradient(here) * self.towards_red > 0
        middle = float(np.mean(self.axis.range_px))
        bad = np.flatnonzero(~good)
        first = int(bad[bad < middle].max(initial=-1)) + 1
        last = int(bad[bad > middle].min(initial=length)) - 1
        return first, last

    def whole_band(self, width: int, height: int) -> Geometry:
        """Return the band's geometry over all of a frame that light can reach."""
        first, last = self.stretch(width if self.direction == "horizontal" else height)
        return replace(self.place.geometry, start=float(first), stop=float(last))

    def band_in(self, image: np.ndarray, *, lit_only: bool = False) -> Band:
        """Return the light along the instrument's own band, whatever falls there.

        It takes in the lamp's band and all that is visible.

        Parameters
        ----------
        image : uint8 array of shape (height, width, 3)
            Upright photo, of the instrument's size.
        lit_only : bool
            Whether long ends without light go, as they do of bands that are found.
        """
        geometry = self.place.geometry
        length = image.shape[1] if self.direction == "horizontal" else image.shape[0]
        first, last = self.stretch(length, _NAMED_NM)
        whole = self.stretch(length)
        start = max(min(first, geometry.start), whole[0])
        stop = min(max(last, geometry.stop), whole[1])
        if stop <= start:
            raise OtherInstrument("the instrument's band lies outside the photo")
        geometry = replace(geometry, start=float(start), stop=float(stop))
        strip = sample_band(image, geometry, rows=self.place.rows)
        band = band_of(
            strip,
            slice(None),
            image.shape,
            towards_red=self.towards_red,
            evidence=1.0,
            cut_dark_ends=lit_only,
        )
        return with_wavelengths(band)

    def on_line(self, geometry: Geometry, rows: tuple[float, float]) -> "Instrument":
        """Return the instrument for light above or below its own band.

        A line of the spectrum is followed there. Between two bands whose lean is known it bends
        evenly; beyond one it goes on as it runs there.

        Parameters
        ----------
        geometry : Geometry
            Of the light: its centre line, and its lean unless that is 0 for unknown.
        rows : tuple of float
            Offsets from the centre line between which to take the light, pixels.
        """
        own = self.place.geometry
        middle = (own.start + own.stop) / 2
        off = float(geometry.across(middle) - own.across(middle))
        seen = geometry.lean != 0 and geometry.half_height >= _TELLING_HEIGHT_PX / 2
        there = geometry.lean if seen else own.lean + 2 * own.smile * off
        lean = (own.lean + there) / 2
        # The other centre line slopes while the line leans.
        off /= max(1 - geometry.slope() * lean, _LEAST_TURN)
        # Lines that lean more than the trace is turned may stand askew or be parts of arcs.
        doubt = _BEND_PART * (there - own.lean) if seen else _ARC_PART * (lean + own.slope())
        error = abs(off) * float(np.hypot(_LEAN_ERROR, doubt))
        line = replace(
            own,
            start=own.start + lean * off,
            stop=own.stop + lean * off,
            centre=geometry.centre,
            half_height=geometry.half_height,
            lean=there,
        )
        axis = less_sure(self.axis.moved(lean * off), error)
        return replace(self, axis=axis, place=replace(self.place, geometry=line, rows=rows))

    def is_at(self, found: Band) -> bool:
        """Return whether a band found in a photo is the instrument's own: each holds the other's
        middle.
        """
        heights = self.place.geometry.half_height, found.geometry.half_height
        return found.axis == self.direction and self._off(found.geometry) < min(heights)

    def holds(self, found: Band) -> bool:
        """Return whether a band found in a photo lies along the instrument's own."""
        if found.axis != self.direction:
            return False
        heights = self.place.geometry.half_height + found.geometry.half_height
        return self._off(found.geometry) < heights

    def _off(self, geometry: Geometry) -> float:
        middle = (geometry.start + geometry.stop) / 2
        return abs(float(geometry.across(middle) - self.place.geometry.across(middle)))

    def axis_for(self, own: WavelengthAxis | None = None) -> WavelengthAxis:
        """Return the axis for another photo of the instrument, a small shift put right.

        Parameters
        ----------
        own : WavelengthAxis, optional
            What the photo's own lines give, where they give an axis.

        Raises
        ------
        OtherInstrument
            If the photo's own lines do not lie where the instrument puts them, nor beside it.
        """
        axis = replace(self.axis, source=self.source or "calibration")
        if own is not None and own.lines:
            shift = find_shift(axis, own)
            if shift is None and len(own.lines) >= PROVING_LINES:
                raise OtherInstrument(
                    f"the instrument does not fit the photo's own {own.lamp} lines, "
                    "as if the camera or the grating had moved"
                )
            axis = apply_shift(axis, shift) if shift else axis
        return replace(axis, uncertainty_nm=largest_error_nm(axis))


def instrument_of(
    axis: WavelengthAxis, image: np.ndarray, band: Band, *, source: str = ""
) -> Instrument:
    """Return the instrument that one photo of a lamp shows.

    Parameters
    ----------
    axis : WavelengthAxis
    image : uint8 array of shape (height, width, 3)
        The upright lamp photo.
    band : Band
    source : str, optional
        What the axis was made from, for people who read it.
    """
    height, width = image.shape[:2]
    made = Instrument(axis=axis, size=(width, height), source=source)
    return replace(made, place=Place(band.geometry, band.rows, made.towards_red))
