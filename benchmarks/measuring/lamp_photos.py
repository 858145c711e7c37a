"""A simulated instrument in use: lamps and lights photographed, its axis beside the truth."""

from functools import cache

import numpy as np

from lib.measurement.calibration import calibrate
from lib.measurement.frames import Frames
from lib.measurement.lamp_lines import LampPhoto
from lib.measurement.measuring import Measurement, measure
from lib.paths import DEFAULT_MODEL
from lib.recognition.instrument import Instrument
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.photos.bench import Bench

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


def end_error(bench: Bench, instrument: Instrument, nm: float) -> tuple[float, float]:
    """Return an axis' error where the bench truly shows a wavelength, and what it states, nm."""
    geometry = instrument.place.geometry
    length = instrument.size[instrument.direction == "vertical"]
    px = np.arange(length, dtype=float)
    across = geometry.across(px)
    x, y = (px, across) if geometry.axis == "horizontal" else (across, px)
    true = bench.nm_at(x, y)
    nearest = int(np.abs(true - nm).argmin())
    if abs(true[nearest] - nm) > 3:
        return np.nan, np.nan
    at = px[nearest]
    return (
        float(instrument.axis.nm_at(at) - true[nearest]),
        float(instrument.axis.standard_error_nm(at)),
    )
