"""instrument.json: what is known of an instrument, as a file that people read and write.

Only ``format``, ``version`` and ``axis.coefficients`` must be there; docs/instrument.md says what
each part means. Calibrations of the versions before 0.7.0 are read as well.
"""

from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import read_json, write_json
from lib.recognition.axis.axis import OWN_LINES, MatchedLine, WavelengthAxis
from lib.recognition.instrument import Dark, Instrument, Place, Response
from lib.recognition.straighten import Geometry

FORMAT, VERSION = "spectrum instrument", 2
# What 0.6.0 and earlier wrote.
EARLIER_FORMAT, EARLIER_VERSION = "spectrum wavelength calibration", 1
# Standard error of an axis whose file states none, nm.
ASSUMED_ERROR_NM = 2.0
# Rows are taken from the middle of a band that is given as a box.
_CLEAN_PART = 0.7
# A quality's word, up to which standard error, nm.
_WORDS = ((0.2, "excellent"), (0.5, "good"), (1.5, "fair"))


def quality_in_words(axis: WavelengthAxis) -> str:
    """Return how good an axis is: "good: 0.3 nm from 405 to 690 nm"."""
    low, high = axis.range_nm
    words = (word for error, word in _WORDS if axis.uncertainty_nm <= error)
    return f"{next(words, 'poor')}: {axis.uncertainty_nm:.2g} nm from {low:.0f} to {high:.0f} nm"


def save_instrument(path: Path, instrument: Instrument) -> None:
    """Write an instrument as a JSON file."""
    write_json(path, instrument_to_json(instrument))


def load_instrument(path: Path) -> Instrument:
    """Read an instrument's file.

    Raises
    ------
    DataError
        If it is missing, is none, is of a later version, or is not whole.
    """
    return instrument_from_json(read_json(path), str(path))


def instrument_to_json(instrument: Instrument) -> dict:
    """Return the JSON object that stands for an instrument in files and in the service."""
    axis = instrument.axis
    saved = {
        "format": FORMAT,
        "version": VERSION,
        "source": instrument.source,
        "quality": quality_in_words(axis),
        "axis": {
            "coefficients": list(axis.coefficients),
            "axis": axis.axis,
            "range_px": list(axis.range_px),
            "range_nm": [round(nm, 3) for nm in axis.range_nm],
            "rms_nm": axis.rms_nm,
            "uncertainty_nm": axis.uncertainty_nm,
            "origin_px": axis.origin_px,
            "scale_px": axis.scale_px,
            "covariance": [list(row) for row in axis.covariance],
            "model": axis.model,
            "lamp": axis.lamp,
            "lines": [vars(line) for line in axis.lines],
        },
    }
    if instrument.size is not None:
        saved["photo"] = {"width": instrument.size[0], "height": instrument.size[1]}
    if instrument.place is not None:
        geometry = instrument.place.geometry
        saved["band"] = {
            "start": geometry.start,
            "stop": geometry.stop,
            "centre": list(geometry.centre),
            "half_height": geometry.half_height,
            "lean": geometry.lean,
            "smile": geometry.smile,
            "rows": list(instrument.place.rows),
        }
    if instrument.resolution_nm is not None:
        saved["resolution_nm"] = instrument.resolution_nm
    if instrument.dark is not None:
        saved["dark"] = {
            "frames": instrument.dark.frames,
            "level": list(instrument.dark.level),
            "noise": list(instrument.dark.noise),
        }
    if instrument.response is not None:
        response = instrument.response
        saved["response"] = {
            "reference": response.reference,
            "range_nm": list(response.range_nm),
            "nm": response.nm.tolist(),
        } | {
            name: [None if np.isnan(value) else float(value) for value in response.rgb[:, k]]
            for k, name in enumerate(("red", "green", "blue"))
        }
    return saved


def instrument_from_json(saved: dict, name: str) -> Instrument:
    """Return the instrument that a JSON object stands for; `name` is for errors.

    Raises
    ------
    DataError
        If it is none, is of another version, or is not whole.
    """
    known = {FORMAT: VERSION, EARLIER_FORMAT: EARLIER_VERSION}
    version = known.get(saved.get("format"))
    if version is None:
        raise DataError(f"{name}: expected a {FORMAT!r} file, received {saved.get('format')!r}")
    if saved.get("version") != version:
        raise DataError(
            f"{name}: expected version {version} of the format, "
            f"received {saved.get('version')!r}; a later program wrote it"
        )
    try:
        instrument = _instrument_from(saved)
    except KeyError as error:
        raise DataError(f"{name}: not whole: {error} is missing") from error
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise DataError(f"{name}: not whole ({error})") from error
    _check(name, instrument)
    return instrument


def _instrument_from(saved: dict) -> Instrument:
    photo, band = saved.get("photo"), saved.get("band")
    size = None
    if photo is not None:
        size = tuple(int(_number(photo[side], least=1)) for side in ("width", "height"))
    fields = saved["axis"]
    along = fields.get("axis") or ("x" if (band or {}).get("axis") != "vertical" else "y")
    if along not in ("x", "y"):
        raise ValueError(f"axis.axis {along!r} in place of 'x' or 'y'")
    direction = "horizontal" if along == "x" else "vertical"
    geometry, rows = (None, None) if band is None else _geometry_from(band, direction)
    # Where nothing says what the axis claims, it is the band, or the photo.
    whole = (geometry.start, geometry.stop) if geometry else None
    if whole is None and size is not None:
        whole = (0.0, float(size[along == "y"] - 1))
    axis = _axis_from(fields, along, whole)
    instrument = Instrument(
        axis=axis,
        size=size,
        source=str(saved.get("source", "")),
        resolution_nm=_resolution_from(saved.get("resolution_nm")),
        dark=_dark_from(saved["dark"]) if saved.get("dark") else None,
        response=_response_from(saved["response"]) if saved.get("response") else None,
    )
    if geometry is None:
        return instrument
    return Instrument(
        **{**vars(instrument), "place": Place(geometry, rows, instrument.towards_red)}
    )


def _geometry_from(band: dict, direction: str) -> tuple[Geometry, tuple[float, float]]:
    """Return a band's geometry and rows, given exactly or as a box in the photo."""
    if band.get("axis", direction) != direction:
        raise ValueError(f"band.axis {band['axis']!r} in place of {direction!r}")
    if "centre" in band:
        half = _number(band["half_height"], least=0.0)
        geometry = Geometry(
            direction,
            _number(band["start"]),
            _number(band["stop"], least=_number(band["start"])),
            tuple(map(_number, band["centre"])) or _refuse("band.centre has no numbers"),
            half,
            _number(band.get("lean", 0.0)),
            _number(band.get("smile", 0.0)),
        )
        rows = band.get("rows") or (-_CLEAN_PART * half, _CLEAN_PART * half)
        return geometry, (_number(rows[0]), _number(rows[1], least=_number(rows[0])))
    x0, y0, x1, y1 = (_number(band[name]) for name in ("x0", "y0", "x1", "y1"))
    turn = np.tan(np.radians(_number(band.get("angle_deg", 0.0))))
    (start, stop), (low, high) = (
        ((x0, x1), (y0, y1))
        if direction == "horizontal"
        else (
            (y0, y1),
            (x0, x1),
        )
    )
    if stop <= start or high <= low:
        raise ValueError(f"band from {start:g} to {stop:g}, {low:g} to {high:g}: empty")
    slope = turn if direction == "horizontal" else -turn
    # The box holds the tilted band whole.
    half = max((high - low - abs(slope) * (stop - start)) / 2, 0.1 * (high - low))
    middle = (low + high - 1) / 2
    centre = (middle - slope * (start + stop - 1) / 2, slope)
    rows = (-_CLEAN_PART * half, _CLEAN_PART * half)
    return Geometry(direction, start, stop - 1, centre, half), rows


def _axis_from(fields: dict, along: str, whole: tuple[float, float] | None) -> WavelengthAxis:
    coefficients = tuple(map(_number, fields["coefficients"]))
    if len(coefficients) < 2:
        raise ValueError("axis.coefficients: expected two or more")
    if "range_px" in fields:
        whole = (_number(fields["range_px"][0]), _number(fields["range_px"][1]))
    if whole is None or whole[0] >= whole[1]:
        raise ValueError("expected axis.range_px, band or photo to say where the axis holds")
    lines = tuple(
        MatchedLine(
            nm=_number(line["nm"]),
            px=_number(line["px"]),
            name=str(line.get("name", "")),
            residual_nm=_number(line.get("residual_nm", 0.0)),
        )
        for line in fields.get("lines", ())
    )
    error = _number(fields.get("uncertainty_nm", ASSUMED_ERROR_NM), least=0.0)
    covariance = tuple(tuple(map(_number, row)) for row in fields.get("covariance", ((error**2,),)))
    if not covariance or any(len(row) != len(covariance) for row in covariance):
        raise ValueError("axis.covariance: expected a square of numbers")
    scale = _number(fields.get("scale_px", (whole[1] - whole[0]) / 2))
    if not scale:
        raise ValueError("axis.scale_px: expected a number other than 0")
    return WavelengthAxis(
        coefficients=coefficients,
        axis=along,
        rms_nm=_number(fields.get("rms_nm", 0.0), least=0.0),
        uncertainty_nm=error,
        lines=lines,
        model=str(fields.get("model", "polynomial")),
        lamp=str(fields.get("lamp", "")),
        origin_px=_number(fields.get("origin_px", (whole[0] + whole[1]) / 2)),
        scale_px=scale,
        covariance=covariance,
        range_px=whole,
        source=str(fields.get("source", OWN_LINES)),
        explained=_number(fields.get("explained", 1.0)),
        probability=_number(fields.get("probability", 1.0)),
    )


def _resolution_from(value: object) -> float | None:
    return None if value is None else _number(value, least=0.0)


def _dark_from(fields: dict) -> Dark:
    level, noise = (tuple(_number(value) for value in fields[name]) for name in ("level", "noise"))
    if len(level) != 3 or len(noise) != 3:
        raise ValueError("dark: expected three numbers each of level and noise")
    return Dark(int(_number(fields.get("frames", 1), least=1)), level, noise)


def _response_from(fields: dict) -> Response:
    nm = np.array([_number(value) for value in fields["nm"]])
    rgb = np.array(
        [
            [np.nan if value is None else _number(value, least=0.0) for value in fields[name]]
            for name in ("red", "green", "blue")
        ],
        np.float64,
    ).T
    if len(nm) < 2 or rgb.shape != (len(nm), 3) or (np.diff(nm) <= 0).any():
        raise ValueError("response: expected rising nm with red, green and blue at each")
    return Response(nm, rgb, str(fields.get("reference", "")))


def _number(value: object, *, least: float = -np.inf) -> float:
    if isinstance(value, bool | str) or not np.isfinite(number := float(value)):
        raise ValueError(f"{value!r} in place of a number")
    if number < least:
        raise ValueError(f"{value!r} in place of at least {least:g}")
    return number


def _refuse(words: str) -> None:
    raise ValueError(words)


def _check(name: str, instrument: Instrument) -> None:
    """Refuse an axis that is not one: wavelengths that turn round where it is to hold."""
    axis = instrument.axis
    nm = axis.nm_at(np.linspace(*axis.range_px, 65))
    step = np.diff(nm)
    if not np.isfinite(nm).all() or not ((step > 0).all() or (step < 0).all()):
        raise DataError(
            f"{name}: expected wavelengths that grow or fall along the band, "
            f"received {nm[0]:.1f} to {nm[-1]:.1f} nm with coefficients {axis.coefficients}"
        )
    if nm.min() <= 0:
        raise DataError(f"{name}: expected wavelengths in nm, received {nm.min():.1f}")
