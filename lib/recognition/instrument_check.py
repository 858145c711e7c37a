"""Whether a photo is of an instrument: its band lies there, and its light has the colours there."""

import numpy as np

from lib.recognition.band import Band
from lib.recognition.curves import widened
from lib.recognition.instrument import Instrument, OtherInstrument
from lib.recognition.straighten import Geometry, brightest_channel, sample

# Places brighter than this part of the brightest show the band's light. They tell how the band lies
# if they span this part of the instrument's band, and this many pixels.
_BRIGHT_PART, _TELLING_PART, _TELLING_PX = 0.3, 0.35, 40.0
# The band has moved if the instrument's rows get less than the first part of the light of the found
# band, at more than the second part of the bright places.
_SEEN_PART, _MAX_LOST = 0.5, 0.25
# How far the light may lie along the band, in pixels and in parts of the lit length.
_REACH_PX, _REACH_PART = 4.0, 0.08
# Rows that are looked at, and which of them counts as the brightest.
_ROWS_LOOKED_AT, _ROW_QUANTILE = 33, 0.9
# The light contradicts the instrument where it is read this many scales of the error beside it: 8
# of 613 plain photos of simulated instruments do (score_measuring.py contradictions --count 100).
_CONTRADICTION_SCALES = 4.0
# No reading is surer than this, nm: a few lines of lasers look like those of some lamp.
_READING_FLOOR_NM = 11.0


def check_place(instrument: Instrument, image: np.ndarray, found: Band) -> None:
    """Check that a band found in a photo lies where the instrument's does.

    A short blob of light says nothing of direction, and one line across a tall slit may be
    taken for a band along it. Whether the band has moved across or turned is told by its
    light: along the instrument's band there is as much.

    Parameters
    ----------
    instrument : Instrument
    image : uint8 array of shape (height, width, 3)
    found : Band

    Raises
    ------
    OtherInstrument
        If it does not.
    """
    place = instrument.place
    if found.axis != instrument.direction:
        if place is None:
            raise OtherInstrument(
                f"the instrument is for a {instrument.direction} band; received a {found.axis} one"
            )
        return
    if place is None:
        return
    lit = _lit_places(found)
    long = np.ptp(lit) >= max(
        _TELLING_PART * (place.geometry.stop - place.geometry.start), _TELLING_PX
    )
    if long and found.way_is_sure and found.towards_red != instrument.towards_red:
        raise OtherInstrument(
            f"the instrument has its blue end at the {_blue_end(instrument)}; "
            f"the photo's is at the {found.blue_end}"
        )
    # Lines that lean otherwise than the instrument's lie a little further along.
    reach = int(max(_REACH_PX, _REACH_PART * np.ptp(lit)))
    along = np.arange(lit.min() - reach, lit.max() + reach + 1)
    dark = float(found.background.max())
    there, here = (
        _brightest(image, geometry, rows, along) - dark
        for geometry, rows in (
            (found.geometry, found.rows),
            (place.geometry, place.rows),
        )
    )
    # Of a blob it is enough that its light is seen.
    here = widened(here, 2 * reach + 1) if long else np.full_like(here, here.max())
    bright = there >= _BRIGHT_PART * there.max()
    if np.mean(here[bright] < _SEEN_PART * there[bright]) > _MAX_LOST:
        turn = np.degrees(np.arctan(found.geometry.slope()) - np.arctan(place.geometry.slope()))
        middle = float(np.median(along))
        off = float(found.geometry.across(middle) - place.geometry.across(middle))
        raise OtherInstrument(
            f"the light lies beside the instrument's band, {off:+.0f} px across and "
            f"turned by {turn:+.1f} degrees"
        )


def check_light(instrument: Instrument, band: Band) -> None:
    """Check that light along the instrument's band shows the colours it should.

    What the light itself tells of its wavelengths, by colours and pattern, is held against the
    instrument's where there is light. A mirrored or turned photo, or one cut out of the frame,
    shows blue light where the instrument has red.

    Parameters
    ----------
    instrument : Instrument
    band : Band
        As `Instrument.band_in` returns it.

    Raises
    ------
    OtherInstrument
        If both contradict each other by far more than the reading's error.
    """
    reading, position = band.reading, band.profile.position
    middle, half = (position[0] + position[-1]) / 2, (position[-1] - position[0]) / 2
    px = middle + half * reading.t
    light = (band.profile.rgb - band.background).max(axis=1)
    # The brightest of each place, so that no narrow line falls between two.
    light = widened(light, 1 + len(light) // len(px))
    if light.max() <= 0:
        return
    rising = np.argsort(position)
    light = np.interp(px, position[rising], light[rising])
    lit = light >= _BRIGHT_PART * light.max()
    says = np.asarray(instrument.axis.nm_at(px))
    error = np.hypot(reading.scale_nm, instrument.axis.standard_error_nm(px))
    off = np.abs(reading.nm - says) / np.hypot(error, _READING_FLOOR_NM)
    if np.median(off[lit]) > _CONTRADICTION_SCALES:
        brightest = int(light.argmax())
        raise OtherInstrument(
            f"its light looks like {reading.nm[brightest]:.0f} nm (within "
            f"{2 * reading.scale_nm[brightest]:.0f} nm) where the instrument has "
            f"{says[brightest]:.0f} nm, as if the photo were mirrored, turned or cut out",
            code="light_contradicts",
        )


def _lit_places(band: Band) -> np.ndarray:
    """Return where a band is bright: photo coordinates along it."""
    light = band.profile.rgb.max(axis=1)
    light = light - np.quantile(light, 0.1)
    return band.profile.position[light >= _BRIGHT_PART * light.max()]


def _brightest(
    image: np.ndarray, geometry: Geometry, rows: tuple[float, float], along: np.ndarray
) -> np.ndarray:
    """Return the brightest light across a band at places along it, 0 to 255."""
    count = int(np.clip(np.ceil(rows[1] - rows[0]) + 1, 2, _ROWS_LOOKED_AT))
    light = brightest_channel(sample(image, geometry, along, np.linspace(*rows, count)))
    return np.quantile(light.astype(np.float32), _ROW_QUANTILE, axis=0)


def _blue_end(instrument: Instrument) -> str:
    ends = ("left", "right") if instrument.direction == "horizontal" else ("top", "bottom")
    return ends[0] if instrument.towards_red > 0 else ends[1]
