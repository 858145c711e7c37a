"""instrument.json: what is known of an instrument, as a file that people read and write.

`lib.recognition.instrument_model` says what stands in it, docs/instrument.md what it means.
Calibrations of the versions before 0.7.0 are read as well.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import json_text, write_json
from lib.recognition.axis.axis import MatchedLine, WavelengthAxis
from lib.recognition.axis.claim import middle_error_nm
from lib.recognition.instrument import Dark, Instrument, Place, Response
from lib.recognition.straighten import Geometry

# A quality's word, up to which standard error, nm.
_WORDS = ((0.2, "excellent"), (0.5, "good"), (1.5, "fair"))
_CHANNELS = ("red", "green", "blue")


def quality_in_words(instrument: Instrument) -> str:
    """Return how good an axis is, as terminal, page and file say it.

    "good: within 1.4 nm from 405 to 690 nm, 0.3 nm over half of it; 9 lines from 436 to 612 nm;
    nothing is claimed beyond 405 and 690 nm". The word is that of the error over half of the
    claim; of two lamps or more it is that of what leaving each out tells, and the words are
    "0.3 nm where one lamp checks the others".
    """
    axis, left_out = instrument.axis, instrument.left_out_nm
    low, high = axis.range_nm
    error = middle_error_nm(axis) if left_out is None else left_out
    word = next((word for most, word in _WORDS if error <= most), "poor")
    where = "over half of it" if left_out is None else "where one lamp checks the others"
    parts = [
        f"{word}: within {axis.uncertainty_nm:.2g} nm from {low:.0f} to {high:.0f} nm, "
        f"{error:.2g} nm {where}"
    ]
    if axis.lines:
        nm = [line.nm for line in axis.lines]
        # Points that somebody gave are of no lamp.
        what = "lines" if axis.lamp else "points"
        parts.append(f"{len(nm)} {what} from {min(nm):.0f} to {max(nm):.0f} nm")
    parts.append(f"nothing is claimed beyond {low:.0f} and {high:.0f} nm")
    return "; ".join(parts)


def save_instrument(path: Path, instrument: Instrument) -> None:
    """Write an instrument as a JSON file.

    Raises
    ------
    DataError
        If it cannot be written, or is larger than any instrument's file may be.
    """
    write_json(path, instrument_to_json(instrument))


def load_instrument(path: Path) -> Instrument:
    """Read an instrument's file.

    Raises
    ------
    DataError
        If the file is missing, is not an instrument, is of a later version, or is incomplete.
    """
    try:
        text = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; calibrate makes an instrument file") from error
    except OSError as error:
        raise DataError(f"{path}: not readable ({error.strerror}); expected a JSON file") from error
    return parse_instrument(text, str(path))


def instrument_to_json(instrument: Instrument) -> dict:
    """Return the JSON object that stands for an instrument in files and in the service.

    Raises
    ------
    DataError
        If it is larger than any instrument's file may be.
    """
    # Here and below: the model takes a twentieth of a second to be made, and few photos need it.
    from lib.recognition.instrument_model import written

    parts = {
        "source": instrument.source,
        "quality": quality_in_words(instrument),
        "axis": instrument.axis,
        "resolution_nm": instrument.resolution_nm,
        "left_out_nm": instrument.left_out_nm,
        "dark": instrument.dark,
    }
    if instrument.size is not None:
        parts["photo"] = dict(zip(("width", "height"), instrument.size, strict=True))
    if instrument.place is not None:
        parts["band"] = vars(instrument.place.geometry) | {"rows": instrument.place.rows}
    if instrument.response is not None:
        response = instrument.response
        columns = np.where(np.isnan(response.rgb), None, response.rgb).T
        parts["response"] = vars(response) | {
            "range_nm": response.range_nm,
            "nm": tuple(response.nm.tolist()),
            **dict(zip(_CHANNELS, map(tuple, columns), strict=True)),
        }
    return written(parts)


def instrument_from_json(saved: dict, name: str) -> Instrument:
    """Return the instrument that a JSON object stands for, as `parse_instrument` does."""
    return parse_instrument(json_text(saved), name)


def parse_instrument(text: bytes | str, name: str) -> Instrument:
    """Return the instrument that the text of a file describes; `name` is for errors.

    Raises
    ------
    DataError
        If it is not an instrument, is of another version, or is incomplete; in one line.
    """
    from lib.recognition.instrument_model import read

    saved = read(text, name)
    fields = dict(saved.axis)
    del fields["range_nm"]
    fields["lines"] = tuple(MatchedLine(**dict(line)) for line in saved.axis.lines)
    axis = WavelengthAxis(**fields)
    size = saved.photo and (saved.photo.width, saved.photo.height)
    instrument = Instrument(axis, size, None, saved.source, saved.resolution_nm)
    changes = {"left_out_nm": saved.left_out_nm}
    if saved.band is not None:
        band = dict(saved.band) | {"axis": instrument.direction}
        rows = band.pop("rows")
        changes["place"] = Place(Geometry(**band), rows, instrument.towards_red)
    if saved.dark is not None:
        changes["dark"] = Dark(**dict(saved.dark))
    if saved.response is not None:
        response = saved.response
        rgb = np.array([getattr(response, name) for name in _CHANNELS], np.float64).T
        changes["response"] = Response(np.array(response.nm), rgb, response.reference)
    return replace(instrument, **changes)
