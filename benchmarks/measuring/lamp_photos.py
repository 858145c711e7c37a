"""A simulated instrument in use: lamps and lights photographed, its axis beside the truth."""

from functools import cache

import numpy as np

from lib.measurement.calibration import calibrate
from lib.measurement.frames import Frames
from lib.measurement.lamp_lines import LampPhoto
from lib.measurement.measuring import Measurement, measure
from lib.paths import DEFAULT_MODEL
from lib.recognition.axis.peaks import find_lines_in_curve
from lib.recognition.instrument import Instrument
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.photos.bench import Bench

# Rows at which a line is looked at, its width, and how near it must lie to be in the frame.
_ROWS, _LINE_PX, _FAR_NM = 25, 5.0, 3.0
CALIBRATION_LAMPS = ("neon", "triphosphor", "mercury", "helium")


@cache
def classifier() -> Classifier:
    """Return the shipped model, loaded once a process."""
    return Classifier(DEFAULT_MODEL)


def lamp_photo(bench: Bench, rng: np.random.Generator, name: str) -> LampPhoto:
    """Photograph a lamp and recognise it, its name told."""
    image = bench.photograph(rng, LAMPS[name].draw(rng))
    return LampPhoto(name, image, recognise(image, classifier(), lamp=LAMPS[name].class_name))


def calibrated_by(bench: Bench, rng: np.random.Generator, *lamps: str) -> Instrument:
    """Calibrate a bench with photos of lamps; DataError if they give no axis."""
    return calibrate([lamp_photo(bench, rng, name) for name in lamps]).instrument


def measured(
    bench: Bench, rng: np.random.Generator, spd: np.ndarray, instrument: Instrument, **options
) -> Measurement:
    """Photograph a light and measure it."""
    image = bench.photograph(rng, spd, **options)
    return measure(Frames(("light",), (image,)), instrument, classifier())


def end_error(bench: Bench, instrument: Instrument, nm: float) -> tuple[float, float, float]:
    """Return an axis' error where the bench shows a wavelength, what it states, and its error, nm.

    The first is for light on the band's middle row, the last for light that fills the slit.
    """
    geometry = instrument.place.geometry
    length = instrument.size[instrument.direction == "vertical"]
    px = np.arange(length, dtype=float)
    rows = np.linspace(*instrument.place.rows, _ROWS)
    true = bench.nm_at(*geometry.place(px, [0.0, *rows]))
    at = int(np.abs(true[0] - nm).argmin())
    if abs(true[0, at] - nm) > _FAR_NM:
        return np.nan, np.nan, np.nan
    axis, width_nm = instrument.axis, _LINE_PX * abs(float(np.gradient(true[0])[at]))
    line = np.exp(-4 * np.log(2) * ((true[1:] - nm) / width_nm) ** 2).mean(axis=0)
    place, _, height = find_lines_in_curve(line, 0.05 * line.max())
    filling = axis.nm_at(place[height.argmax()]) - nm if len(place) else np.nan
    stated = axis.standard_error_nm(px[at])
    return float(axis.nm_at(px[at]) - true[0, at]), float(stated), float(filling)
