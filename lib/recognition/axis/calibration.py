"""An instrument's wavelength axis, kept from a lamp photo and used on its other photos.

The file is JSON that a person can read: the axis, where the band lay, the photo's size, and the
format's version. It fits a photo only if the camera did not move against the grating: same
size, same direction, the band in the same place, and its own lines, if it has any, where the axis
puts them.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import read_json, write_json
from lib.recognition.axis.axis import OWN_LINES, MatchedLine, WavelengthAxis
from lib.recognition.band import Band

FORMAT = "spectrum wavelength calibration"
VERSION = 1
_BAND_FIELDS = ("x0", "y0", "x1", "y1", "axis", "blue_end", "angle_deg")

# A camera that is bolted to its grating keeps its band across the dispersion within a part of the
# band's height and its tilt within what the band finder repeats.
_MOST_SHIFT_OF_HEIGHT = 0.5
_MOST_TURN_DEG = 2.0
# The photo's own lines may lie this far from where the axis puts them, in standard errors of both
# axes, and at least this far: blends and a few lines matched wrongly are up to 2 nm off.
_MOST_OFF_SIGMAS, _LEAST_OFF_NM = 3.0, 1.5


class OtherInstrument(DataError):
    """A calibration is not for this photo; the message says why."""

    code = "other_instrument"


@dataclass(frozen=True)
class Calibration:
    """A saved axis with the geometry that it holds for.

    Attributes
    ----------
    axis : WavelengthAxis
    width, height : int
        Size of the upright lamp photo, pixels.
    band : dict
        x0, y0, x1, y1, axis, blue_end and angle_deg of the lamp's band.
    source : str
        What the axis was made from.
    """

    axis: WavelengthAxis
    width: int
    height: int
    band: dict
    source: str = ""

    def axis_for(
        self, image: np.ndarray, band: Band, own: WavelengthAxis | None = None
    ) -> WavelengthAxis:
        """Return the axis for another photo of the same instrument, uncertain as over its band.

        Parameters
        ----------
        image : uint8 array of shape (height, width, 3)
            Upright photo.
        band : Band
            The band found in it.
        own : WavelengthAxis, optional
            What the photo's own lines give, where they give an axis.

        Raises
        ------
        OtherInstrument
            If the photo's size, its band's direction or place, or the wavelengths of its own lines
            are not the calibration's.
        """
        height, width = image.shape[:2]
        if (width, height) != (self.width, self.height):
            raise OtherInstrument(
                f"calibration is for photos of {self.width} x {self.height} px; "
                f"received {width} x {height}"
            )
        kept = self.band
        if band.axis != kept["axis"]:
            raise OtherInstrument(
                f"calibration is for a {kept['axis']} band; received a {band.axis} one"
            )
        if "none" not in (band.blue_end, kept["blue_end"]) and band.blue_end != kept["blue_end"]:
            raise OtherInstrument(
                f"calibration has its blue end at the {kept['blue_end']}; "
                f"the photo's is at the {band.blue_end}"
            )
        turn = abs(band.angle_deg - kept["angle_deg"])
        if turn > _MOST_TURN_DEG:
            raise OtherInstrument(
                f"calibration is for a band turned by {kept['angle_deg']:.1f} degrees; "
                f"received {band.angle_deg:.1f}"
            )
        self._check_place(band)
        if own is not None and own.lines:
            self._check_lines(own)
        along = self.axis.axis
        grid = np.linspace(getattr(band, f"{along}0"), getattr(band, f"{along}1") - 1, 101)
        error = np.sqrt(np.mean(self.axis.standard_error_nm(grid) ** 2))
        return replace(self.axis, uncertainty_nm=float(error), source=self.source)

    def _check_lines(self, own: WavelengthAxis) -> None:
        px, nm = np.array([(line.px, line.nm) for line in own.lines]).T
        off = float(np.median(np.abs(self.axis.nm_at(px) - nm)))
        errors = [np.median(axis.standard_error_nm(px)) for axis in (self.axis, own)]
        if off > max(_MOST_OFF_SIGMAS * float(np.hypot(*errors)), _LEAST_OFF_NM):
            raise OtherInstrument(
                f"calibration is {off:.1f} nm off at the photo's own {own.lamp} lines, "
                "as if the camera or the grating had moved"
            )

    def _check_place(self, band: Band) -> None:
        along, across = ("x", "y") if band.axis == "horizontal" else ("y", "x")
        low, high = self.band[f"{across}0"], self.band[f"{across}1"]
        middle = (getattr(band, f"{across}0") + getattr(band, f"{across}1")) / 2
        shift = abs(middle - (low + high) / 2)
        # Strips a few pixels high jump by more than half their height without having moved.
        if shift > max(_MOST_SHIFT_OF_HEIGHT * (high - low), 4.0):
            raise OtherInstrument(
                f"calibration is for a band around {across} = {(low + high) / 2:.0f}; "
                f"received one around {middle:.0f}"
            )
        start, stop = getattr(band, f"{along}0"), getattr(band, f"{along}1")
        if stop <= self.band[f"{along}0"] or start >= self.band[f"{along}1"]:
            raise OtherInstrument(
                f"calibration is for {along} = {self.band[f'{along}0']:.0f} to "
                f"{self.band[f'{along}1']:.0f}; received a band at {start} to {stop}"
            )


def make_calibration(
    axis: WavelengthAxis, image: np.ndarray, band: Band, *, source: str = ""
) -> Calibration:
    """Return the calibration of an instrument from its lamp photo.

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
    fields = {name: getattr(band, name) for name in _BAND_FIELDS}
    return Calibration(axis=axis, width=width, height=height, band=fields, source=source)


def calibration_to_json(calibration: Calibration) -> dict:
    """Return the JSON object that stands for a calibration in files and in the service."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "source": calibration.source,
        "photo": {"width": calibration.width, "height": calibration.height},
        "band": calibration.band,
        "axis": asdict(calibration.axis),
    }


def calibration_from_json(saved: dict, name: str) -> Calibration:
    """Return the calibration that a JSON object stands for; `name` is for errors.

    Raises
    ------
    DataError
        If it is no calibration, is of another version, or is not whole.
    """
    if saved.get("format") != FORMAT:
        raise DataError(f"{name}: expected a {FORMAT!r} file, received {saved.get('format')!r}")
    if saved.get("version") != VERSION:
        raise DataError(
            f"{name}: expected calibration version {VERSION}, received {saved.get('version')!r}"
        )
    try:
        calibration = Calibration(
            axis=_axis_from(saved["axis"], band := _band_from(saved["band"])),
            width=int(saved["photo"]["width"]),
            height=int(saved["photo"]["height"]),
            band=band,
            source=str(saved.get("source", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{name}: calibration is not whole ({error!r})") from error
    _check(name, calibration)
    return calibration


def save_calibration(
    path: Path, axis: WavelengthAxis, image: np.ndarray, band: Band, *, source: str = ""
) -> None:
    """Write the calibration of an instrument as a JSON file; see `make_calibration`."""
    write_json(path, calibration_to_json(make_calibration(axis, image, band, source=source)))


def load_calibration(path: Path) -> Calibration:
    """Read a calibration file.

    Raises
    ------
    DataError
        If it is missing, is no calibration, is of another version, or is not whole.
    """
    return calibration_from_json(read_json(path), str(path))


def _axis_from(fields: dict, band: dict) -> WavelengthAxis:
    # Files before 0.4.1 do not say what part of the peaks the lines explain, those before 0.5.0
    # not where the error holds: on the lamp's whole band, they took it.
    along = "x" if band["axis"] == "horizontal" else "y"
    whole = (band[f"{along}0"], band[f"{along}1"] - 1)
    values = {"explained": 1.0, "range_px": whole, "source": OWN_LINES, **fields}
    values.setdefault("probability", 1.0)
    for name in ("origin_px", "scale_px", "explained", "probability"):
        values[name] = _number(values[name])
    for name in ("rms_nm", "uncertainty_nm"):
        values[name] = _number(values[name], least=0.0)
    values["lines"] = tuple(
        MatchedLine(
            nm=_number(line["nm"]),
            px=_number(line["px"]),
            name=str(line["name"]),
            residual_nm=_number(line["residual_nm"]),
        )
        for line in values["lines"]
    )
    values["coefficients"] = tuple(map(_number, values["coefficients"]))
    if len(values["coefficients"]) < 2 or not values["scale_px"]:
        raise ValueError("expected two coefficients or more, and a scale")
    values["covariance"] = tuple(tuple(map(_number, row)) for row in values["covariance"])
    low, high = values["range_px"]
    values["range_px"] = (_number(low), _number(high, least=low))
    for name in ("lamp", "model", "source"):
        values[name] = str(values[name])
    return WavelengthAxis(**values)


def _band_from(fields: dict) -> dict:
    """Return the band's fields, numbers where they are to be numbers."""
    words = ("axis", "blue_end")
    band = {name: fields[name] if name in words else _number(fields[name]) for name in _BAND_FIELDS}
    if band["axis"] not in ("horizontal", "vertical"):
        raise ValueError(f"band.axis {band['axis']!r}")
    return band


def _number(value: object, *, least: float = -np.inf) -> float:
    if isinstance(value, bool | str) or not np.isfinite(number := float(value)) or number < least:
        raise ValueError(f"{value!r} in place of a number")
    return number


def _check(name: str, calibration: Calibration) -> None:
    """Refuse an axis that is not one: not finite, or not monotonic over the band."""
    axis, band = calibration.axis, calibration.band
    along = "x" if band["axis"] == "horizontal" else "y"
    nm = axis.nm_at(np.linspace(band[f"{along}0"], band[f"{along}1"], 33))
    step = np.diff(nm)
    if not np.isfinite(nm).all() or not ((step > 0).all() or (step < 0).all()):
        raise DataError(
            f"{name}: expected wavelengths that grow or fall along the band, "
            f"received {nm[0]:.1f} to {nm[-1]:.1f} nm with coefficients {axis.coefficients}"
        )
    size = np.asarray(axis.covariance).shape
    if axis.axis != along or len(size) != 2 or size[0] != size[1]:
        raise DataError(f"{name}: axis {axis.axis!r} with a covariance of shape {size}")
