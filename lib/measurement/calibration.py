"""One instrument of several lamps, of points that are known, or of both."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lib.errors import DataError
from lib.measurement.joint_axis import (
    LampLines,
    axis_in_photo,
    disagreement,
    fit_curve,
    is_doubtful,
    lamps_that_agree,
    left_out_errors,
    outliers_of,
    rms,
)
from lib.measurement.lamp_lines import (
    LampPhoto,
    band_of_lamps,
    lines_of_lamp,
    lines_of_points,
    lines_on_axis,
)
from lib.recognition.axis.axis import MatchedLine
from lib.recognition.instrument import Instrument, instrument_of


class NoInstrument(DataError):
    """Photos and points give no wavelengths; the message says why, and what to do."""


@dataclass(frozen=True)
class Calibrated:
    """An instrument, and what it rests on.

    Attributes
    ----------
    instrument : Instrument
    lamps : tuple of LampLines
        What was used.
    left_out_nm : dict of str to float
        By photo: root mean square of its lines against the axis of all others; empty for one lamp.
    left_out : tuple of tuple of str
        Photos that were not used, and why.
    outliers : tuple of MatchedLine
        Lines that lie off the axis.
    doubtful : tuple of str
        Photos that were used, though their lines lie further off the others than by chance.
    """

    instrument: Instrument
    lamps: tuple[LampLines, ...]
    left_out_nm: dict[str, float]
    left_out: tuple[tuple[str, str], ...]
    outliers: tuple[MatchedLine, ...]
    doubtful: tuple[str, ...] = ()


def calibrate(
    photos: Sequence[LampPhoto], points: Sequence[tuple[float, float]] = (), *, source: str = ""
) -> Calibrated:
    """Return the instrument that lamps, points, or both show.

    Parameters
    ----------
    photos : sequence of LampPhoto
        Of one instrument with nothing moved in between.
    points : sequence of (px, nm)
        Known wavelengths along the band.
    source : str, optional
        What the axis is made from, for people; default the names of the photos.

    Raises
    ------
    NoInstrument
        If they give no axis.
    DataError
        If they contradict each other.
    """
    sizes = {photo.image.shape[:2] for photo in photos}
    if len(sizes) > 1:
        words = " and ".join(f"{width} x {height}" for height, width in sorted(sizes))
        raise DataError(f"lamp photos of {words} px; expected photos of one size")
    left_out = [
        (photo.name, photo.result.reason or "no lines")
        for photo in photos
        if photo.result.axis is None
    ]
    place = band_of_lamps([photo.result for photo in photos])
    used = [lines_of_lamp(photo, place) for photo in photos if photo.result.axis is not None]
    if points:
        used.append(lines_of_points(points))
    if not used:
        raise NoInstrument(_why_none(photos))
    used, moved = lamps_that_agree(used)
    left_out += moved
    used, still_out = _with_the_rest(used, photos, left_out)
    curve = fit_curve(used)
    size = photos[0].image.shape[:2] if photos else None
    axis = axis_in_photo(curve, used, size, place)
    source = source or ", ".join(lines.name for lines in used)
    if photos and place is not None:
        instrument = instrument_of(axis, photos[0].image, place, source=source)
    else:
        instrument = Instrument(axis, size and (size[1], size[0]), None, source)
    widths = [lamp.width_px for lamp in used if np.isfinite(lamp.width_px)]
    if widths:
        middle = np.median(np.concatenate([lamp.px for lamp in used]))
        step = abs(float(axis.nm_at(middle + 0.5) - axis.nm_at(middle - 0.5)))
        instrument = replace(instrument, resolution_nm=round(min(widths) * step, 3))
    errors = {one.name: left_out_errors(one, used) for one in used} if len(used) > 1 else {}
    if errors:
        whole = rms(np.concatenate(list(errors.values())))
        instrument = replace(instrument, left_out_nm=round(whole, 3))
    return Calibrated(
        instrument,
        tuple(used),
        {name: rms(off) for name, off in errors.items()},
        tuple(still_out),
        tuple(outliers_of(axis, used)),
        tuple(one.name for one in used if is_doubtful(one, used)),
    )


def _why_none(photos: Sequence[LampPhoto]) -> str:
    """Return why no photo gives wavelengths, and what to do about it, each advice once."""
    why = "; ".join(f"{photo.name}: {photo.result.reason}" for photo in photos)
    advice = [one for photo in photos for one in photo.result.advice_to_calibrate]
    return " ".join([f"{why}." if why else "No photos and no points.", *dict.fromkeys(advice)])


def _with_the_rest(
    used: list[LampLines], photos: Sequence[LampPhoto], left_out: list[tuple[str, str]]
) -> tuple[list[LampLines], list[tuple[str, str]]]:
    """Lay the lamps that gave no axis by themselves on the axis of those that did."""
    still_out = []
    by_name = {photo.name: photo for photo in photos}
    gave_none = {photo.name for photo in photos if photo.result.axis is None}
    for name, why in left_out:
        lines = lines_on_axis(used, by_name[name]) if name in gave_none else None
        if lines is not None and disagreement(lines, used) <= 1:
            used = [*used, lines]
        else:
            still_out.append((name, why))
    return used, still_out
