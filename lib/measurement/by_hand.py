"""An instrument of points that somebody has put on a spectrum by hand."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lib.errors import DataError
from lib.files import json_text
from lib.measurement.joint_axis import axis_in_photo, fit_curve
from lib.measurement.lamp_lines import lines_of_points
from lib.recognition.band import Band
from lib.recognition.instrument import Instrument, Place
from lib.recognition.instrument_file import parse_instrument
from lib.recognition.straighten import Geometry

_SOURCE = "points set by hand"
# A frame is read as an instrument's file is; its axis only has to grow, and is replaced.
_DRAFT = {"format": "spectrum instrument", "version": 2}
_DRAFT_AXIS = {"coefficients": [1e4, 0.01]}


def instrument_of_band(
    points: Sequence[tuple[float, float]], image: np.ndarray, band: Band
) -> Instrument:
    """Return the instrument of points along a band that was found in a photo.

    Parameters
    ----------
    points : sequence of (px, nm)
        Photo pixels along the band's centre line, and wavelengths in air.
    image : uint8 array of shape (height, width, 3)
        The upright photo.
    band : Band

    Raises
    ------
    DataError
        If there are fewer than two points, or they contradict each other.
    """
    return _instrument(points, image.shape[1::-1], band.geometry, band.rows)


def instrument_of_frame(points: Sequence[tuple[float, float]], frame: dict) -> Instrument:
    """Return the instrument of points along a band whose place is told.

    Parameters
    ----------
    points : sequence of (px, nm)
    frame : dict
        The parts `photo` and `band` of an instrument's file.

    Raises
    ------
    DataError
        If a part is missing or wrong, or the points give no axis.
    """
    parts = {name: frame.get(name) for name in ("photo", "band")}
    if not all(parts.values()):
        raise DataError("frame: expected the parts photo and band of an instrument's file")
    draft = parse_instrument(json_text({**_DRAFT, **parts, "axis": _DRAFT_AXIS}), "frame")
    return _instrument(points, draft.size, draft.place.geometry, draft.place.rows)


def _instrument(
    points: Sequence[tuple[float, float]],
    size: tuple[int, int],
    geometry: Geometry,
    rows: tuple[float, float],
) -> Instrument:
    """Return the instrument of points in frames of `size`, width and height."""
    lines = lines_of_points(points)
    vertical = geometry.axis == "vertical"
    along = size[1] if vertical else size[0]
    if not 0 <= lines.px.min() <= lines.px.max() < along:
        raise DataError(
            f"points from {lines.px.min():g} to {lines.px.max():g} px; "
            f"expected them inside of the picture, which has {along} px along the band"
        )
    # Of the size, the curve needs the extent along the band alone.
    axis = axis_in_photo(fit_curve([lines]), [lines], (along, along), None)
    axis = replace(axis, axis="y" if vertical else "x")
    made = Instrument(axis, tuple(size), None, _SOURCE)
    return replace(made, place=Place(geometry, rows, made.towards_red))
