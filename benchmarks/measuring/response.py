"""The response by an incandescent lamp, and the colours of lights that it gives."""

from dataclasses import replace

import numpy as np

from benchmarks.measuring.figures import share, spread
from benchmarks.measuring.lamp_photos import calibrated_by, measured
from lib.errors import DataError
from lib.measurement.answers import features_of, sharpest_of
from lib.measurement.colour import colour_of
from lib.measurement.frames import Frames
from lib.measurement.response import Planck, measure_response
from lib.recognition.instrument import Instrument, Response
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.lamps.spectra import WAVELENGTHS_NM, planck
from lib.simulation.photos.bench import Bench, draw_bench

WHITE_LIGHTS = {"white LED": "white_led", "CFL": "triphosphor"}


def score(seed: int) -> list[tuple]:
    """Measure the response with an incandescent lamp, then the colour of other lights."""
    rows = []
    for tone in ("sRGB", "any tone curve"):
        for clipped in (False, True):
            rng = np.random.default_rng([seed, 3])
            bench = draw_bench(rng, scattered=False, pedestal=False)
            if tone == "sRGB":
                plain = {"gamma": 2.2, "contrast": 0.0, "saturation": 1.0}
                black = np.zeros(3, np.float32)
                bench = bench.with_camera(black=black, **plain)
            words = f"{tone}, {'clipped' if clipped else 'not clipped'}"
            rows += one_response(bench, rng, words, peak=3.0 if clipped else 0.85)
    return rows


def one_response(bench: Bench, rng: np.random.Generator, words: str, *, peak: float) -> list[tuple]:
    """Return the error of one response, and of the colours that are measured with it."""
    kelvin = float(rng.uniform(2600, 3200))
    try:
        instrument = calibrated_by(bench, rng, "neon", "triphosphor")
        image = bench.photograph(rng, planck(kelvin), peak=peak, quality=0)
        response, _ = measure_response(Frames(("halogen",), (image,)), instrument, Planck(kelvin))
    except DataError:
        return []
    whole = replace(instrument, response=response)
    lights = {name: LAMPS[lamp].draw(rng) for name, lamp in WHITE_LIGHTS.items()}
    lights["incandescent"] = planck(float(rng.uniform(2400, 3400)))
    return [
        (words, "response", *response_error(bench, response), np.nan),
        *((words, name, *colour_errors(bench, rng, whole, spd)) for name, spd in lights.items()),
    ]


def response_error(bench: Bench, response: Response) -> tuple[float, float]:
    """Return the RMS error of a response over its range: of full answer, and of its own answer."""
    camera = bench.exposure.camera
    sensor = bench.sensor.response(response.nm[None].astype(float))[0]
    true = np.maximum(sensor @ (camera.matrix * camera.balance).T, 0.0)
    low, high = response.range_nm
    inside = (response.nm >= low) & (response.nm <= high)
    # Light is measured by the channel that answers best.
    best = np.nan_to_num(response.rgb).argmax(axis=1)[:, None]
    inside &= np.isfinite(response.rgb).any(axis=1)
    seen, true = (np.take_along_axis(part, best, 1)[inside, 0] for part in (response.rgb, true))
    off = seen * (true @ seen) / (seen @ seen) - true
    relative = off / np.maximum(true, 1e-6)
    return float(np.sqrt(np.mean(off**2)) / true.max()), float(np.sqrt(np.median(relative**2)))


def colour_errors(
    bench: Bench, rng: np.random.Generator, instrument: Instrument, spd: np.ndarray
) -> tuple[float, float, float]:
    """Return the errors of colour temperature (a share), and of colour rendering."""
    import colour

    # Sharp lines lie between whole nanometres: each takes in what is around it.
    nm = np.arange(360, 781)
    part = np.round(WAVELENGTHS_NM - nm[0]).astype(int)
    inside = (part >= 0) & (part < len(nm))
    power = np.bincount(part[inside], spd[inside], len(nm))
    light = colour.SpectralDistribution(dict(zip(nm, power / power.max(), strict=True)))
    xyz = colour.sd_to_XYZ(light)
    cct = float(colour.temperature.XYZ_to_CCT_Ohno2013(xyz)[0])
    rendering = float(colour.colour_rendering_index(light))
    try:
        measurement = measured(bench, rng, spd, instrument, peak=0.7, quality=0)
        features = features_of(measurement, measurement.spectrum)
        sharp = sharpest_of(measurement, features)
        seen = colour_of(measurement.spectrum, sharp_nm=sharp)
    except DataError:
        seen = None
    if seen is None or seen.cct_k is None:
        return np.nan, np.nan, np.nan
    return np.nan, seen.cct_k / cct - 1, seen.cri_ra - rendering


def summarise(rows: list[tuple]) -> list[tuple]:
    """Return the errors of response, temperature and rendering."""
    table = []
    for words in dict.fromkeys(row[0] for row in rows):
        errors = [row[2:4] for row in rows if row[:2] == (words, "response")]
        full, own = np.array(errors, float).T
        table.append((words, len(full), "RMS of full answer: median, 90 %", spread(full, 3)))
        table.append((words, len(full), "median of own answer: median, 90 %", spread(own, 3)))
        for name in (*WHITE_LIGHTS, "incandescent"):
            some = np.array([row[3:] for row in rows if row[:2] == (words, name)], float)
            cct, rendering = np.abs(some[np.isfinite(some[:, 0])]).T
            what = f"{words}, {name}"
            table.append((what, len(cct), "CCT error: median, 90 % quantile", spread(cct, 3)))
            table.append((what, len(cct), "CCT within 2 %", share(cct <= 0.02)))
            table.append((what, len(cct), "Ra error: median, 90 % quantile", spread(rendering, 1)))
            table.append((what, len(cct), "Ra within 3", share(rendering <= 3)))
    return table
