"""The one door for Python programs: photos in, typed answers out.

    from lib.api import calibrate, identify, measure            # in a checkout
    from spectrum_identify import calibrate, identify, measure  # once installed

Errors are `DataError`s, in one line.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lib.errors import DataError
from lib.images.picture import Picture
from lib.images.reading import read_picture
from lib.images.tone import told
from lib.paths import DEFAULT_MODEL, portable
from lib.recognition.find.choice import Choice
from lib.recognition.identified import IdentifiedLight
from lib.recognition.instrument import Instrument
from lib.recognition.instrument_file import load_instrument, save_instrument
from lib.recognition.name.classifier import kept_classifier
from lib.recognition.name.told import source_of_lamp
from lib.recognition.recognise import recognise_picture

if TYPE_CHECKING:
    from lib.measurement.measured import MeasuredLight

__all__ = (
    "DataError",
    "calibrate",
    "identify",
    "load_instrument",
    "measure",
    "save_instrument",
)


def identify(
    photo: Path | str | bytes | np.ndarray,
    *,
    lamp: str | None = None,
    instrument: Instrument | Path | str | None = None,
    min_precision: float | None = None,
    band: Choice | None = None,
    model: Path | str = DEFAULT_MODEL,
) -> IdentifiedLight:
    """Name the light source of a photo and give its pixels wavelengths, as identify.py does.

    Parameters
    ----------
    photo : Path, str, bytes, or uint8 array of shape (height, width, 3)
        A file, the content of one, or an upright RGB picture.
    lamp : str, optional
        The light source, where you know it: a class or a lamp ("mercury+argon").
    instrument : Instrument, Path or str, optional
        Whose wavelengths to use, or its file.
    min_precision : float, optional
        Share of named photos that must be named right, in (0, 1].
    band : int or tuple of int, optional
        Which of several spectra: its number in reading order, or a box x0, y0, x1, y1 around it.
    model : Path or str
        Folder of the frozen model.

    Raises
    ------
    DataError
        If the photo, the instrument or the model cannot be read, or nobody knows the lamp.
    """
    result = recognise_picture(
        _picture(photo) if isinstance(photo, np.ndarray) else read_picture(photo),
        kept_classifier(portable(model)),
        lamp=lamp,
        instrument=None if instrument is None else _instrument(instrument),
        min_precision=min_precision,
        band=band,
    )
    answer = result.answer(str(photo) if isinstance(photo, Path | str) else "photo")
    return IdentifiedLight(**vars(answer), spectrum=result.spectrum())


def calibrate(
    *photos: Path | str,
    lamp: str | Sequence[str | None] | None = None,
    points: Sequence[tuple[float, float]] = (),
    band: Choice | None = None,
    model: Path | str = DEFAULT_MODEL,
) -> Instrument:
    """Return the instrument that photos of lamps show, as calibrate.py does.

    Parameters
    ----------
    *photos : Path or str
        Of one instrument with nothing moved in between.
    lamp : str, or one for each photo, optional
        The lamps where you know them; None for one that is to be recognised.
    points : sequence of (px, nm)
        Known wavelengths along the band.
    band : int or tuple of int, optional
        Which of several spectra in each photo is the lamp's, as `identify` takes it.
    model : Path or str
        Folder of the frozen model.

    Raises
    ------
    DataError
        If a photo cannot be read, nobody knows a lamp, or photos and points give no axis.
    """
    from lib.measurement.calibration import calibrate as fitted
    from lib.measurement.lamp_lines import look_at

    lamps = [lamp] * len(photos) if lamp is None or isinstance(lamp, str) else list(lamp)
    if len(lamps) != len(photos):
        raise DataError(f"{len(lamps)} lamps for {len(photos)} photos; expected one for each")
    for name in filter(None, lamps):
        source_of_lamp(name)
    classifier = kept_classifier(portable(model))
    looks = [
        look_at(Path(one), classifier, name, band=band)
        for one, name in zip(photos, lamps, strict=True)
    ]
    return fitted(looks, points).instrument


def measure(
    photo: Path | str | Sequence[Path | str],
    instrument: Instrument | Path | str,
    *,
    dark: Sequence[Path | str] = (),
    flat: Sequence[Path | str] = (),
    tone: str | None = None,
    band: Choice | None = None,
    model: Path | str = DEFAULT_MODEL,
) -> "MeasuredLight":
    """Measure the light of a photo with an instrument, as measure.py does.

    Parameters
    ----------
    photo : Path, str, or a sequence of them
        Several are frames of one scene, whose mean is measured, and a file in a sequence stands for
        all frames that it holds. A path may name frames ("stack.tif#2-5").
    instrument : Instrument, Path or str
        An instrument, or its file.
    dark, flat : sequence of Path or str
        Frames without the light, and of an even light.
    tone : str, optional
        The tone curve of all files, "linear", "srgb" or an exponent ("2.2"); default what they
        state, or what is usual for their depth.
    band : int or tuple of int, optional
        Which of several spectra to measure, as `identify` takes it; also above or below the
        instrument's own.
    model : Path or str
        Folder of the frozen model.

    Raises
    ------
    DataError
        If a file cannot be read, or nothing gives the photo wavelengths.
    """
    from lib.measurement import measuring
    from lib.measurement.answers import answer_of, curve_of
    from lib.measurement.frames import read_frames
    from lib.measurement.measured import MeasuredLight

    every = not isinstance(photo, Path | str)
    paths, dark, flat = (
        [Path(one) for one in ([files] if isinstance(files, Path | str) else files)]
        for files in (photo, dark, flat)
    )
    curve = told(tone) if tone else None
    measurement = measuring.measure(
        read_frames(paths, every=every, tone=curve),
        _instrument(instrument),
        kept_classifier(portable(model)),
        dark=read_frames(dark, every=True, tone=curve) if dark else None,
        flat=read_frames(flat, every=True, tone=curve) if flat else None,
        name=measuring.names_of(paths),
        band=band,
    )
    return MeasuredLight(**vars(answer_of(measurement)), curve=curve_of(measurement.spectrum))


def _instrument(given: Instrument | Path | str) -> Instrument:
    return given if isinstance(given, Instrument) else load_instrument(given)


def _picture(array: np.ndarray) -> Picture:
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise DataError(
            f"a picture of shape {array.shape} and type {array.dtype}; "
            "expected uint8 of shape (height, width, 3)"
        )
    return Picture(array)
