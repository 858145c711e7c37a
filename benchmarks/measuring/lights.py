"""Lasers, LEDs, a flame and a filter on instruments of one lamp; photos moved, turned, halved."""

from dataclasses import replace

import numpy as np

from benchmarks.measuring.figures import CLEAR_SIGMAS, share, spread
from benchmarks.measuring.lamp_photos import (
    CALIBRATION_LAMPS,
    calibrated_by,
    classifier,
    end_error,
    measured,
)
from lib.errors import DataError
from lib.measurement.features import Feature, find_features, strongest_first
from lib.measurement.frames import Frames
from lib.measurement.measuring import Measurement, measure
from lib.recognition.instrument import Instrument
from lib.recognition.recognise import recognise
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.lamps.glow import led_die
from lib.simulation.lamps.spectra import deposit
from lib.simulation.photos.bench import Bench, draw_bench

LASERS_NM = (405.0, 450.0, 532.0, 589.0, 635.0, 650.0, 780.0)
LEDS_NM = (405.0, 465.0, 525.0, 590.0, 630.0, 660.0)
MOVES_PX = (1, 2, 3, 5, 8, 12, 20)
TURNS_DEG = (1.0, 3.0, 6.0)
# A camera that answers by less than this part sees nothing of a laser.
_MIN_ANSWER = 0.003


def score(seed: int) -> list[tuple]:
    """Calibrate with one lamp; measure lasers, LEDs, a flame, a filter, moved and turned."""
    rng = np.random.default_rng([seed, 1])
    bench = draw_bench(rng)
    lamp = str(rng.choice(CALIBRATION_LAMPS))
    try:
        instrument = calibrated_by(bench, rng, lamp)
    except DataError:
        return [("calibration", lamp, "none", 0.0, 1.0)]
    rows = [("calibration", lamp, "made", 0.0, 1.0)]
    seen = [nm for nm in LASERS_NM if in_sight(bench, instrument, nm)]
    lasers = rng.choice(seen, min(4, len(seen)), False)
    lights = [(f"laser {nm:.0f}", deposit(nm, 1.0), nm) for nm in lasers]
    lights += [(f"LED {nm:.0f}", led_die(nm, 22.0), None) for nm in rng.choice(LEDS_NM, 4, False)]
    lights.append(("flame", LAMPS["flame_strontium"].draw(rng), None))
    lights.append(("filter", LAMPS["filtered"].draw(rng), None))
    for what, spd, nm in lights:
        rows.append(one_light(bench, rng, instrument, what, spd, nm))
    for px in MOVES_PX:
        rows.append(one_move(bench, rng, instrument, lamp, f"moved {px} px", moved_px=px))
    for turn in TURNS_DEG:
        rows.append(one_move(bench, rng, instrument, lamp, f"turned {turn:g} deg", turned_deg=turn))
    rows.append(half_size(bench, rng, instrument))
    return rows


def in_sight(bench: Bench, instrument: Instrument, nm: float) -> bool:
    """Return whether the frame and the camera show a wavelength at all."""
    answer = bench.sensor.response(np.array([[nm]]))[0].max()
    return answer > _MIN_ANSWER and np.isfinite(end_error(bench, instrument, nm)[0])


def one_light(
    bench: Bench,
    rng: np.random.Generator,
    instrument: Instrument,
    what: str,
    spd: np.ndarray,
    nm: float | None,
) -> tuple:
    """Return (what, kind, status, error over the stated standard error, error in nm)."""
    kind = what.split()[0]
    try:
        measurement = measured(bench, rng, spd, instrument, peak=float(rng.uniform(0.2, 0.95)))
    except DataError:
        return what, kind, "refused", 0.0, 0.0
    if not measurement.by_instrument:
        return what, kind, "own axis", 0.0, 0.0
    peaks = strongest_first(find_features(measurement.spectrum, instrument.resolution_nm))
    if not peaks:
        return what, kind, "measured", np.nan, np.nan
    return what, kind, "measured", *error_of(bench, measurement, peaks[0], nm)


def error_of(
    bench: Bench, measurement: Measurement, peak: Feature, nm: float | None = None
) -> tuple[float, float]:
    """Return a peak's error in standard errors and in nm."""
    wanted = true_nm(bench, measurement, peak.nm) if nm is None else nm
    return (peak.nm - wanted) / peak.error_nm, peak.nm - wanted


def true_nm(bench: Bench, measurement: Measurement, nm: float) -> float:
    """Return what wavelength the bench shows where a measurement says `nm`."""
    geometry = measurement.instrument.place.geometry
    spectrum = measurement.spectrum
    px = np.interp([nm], spectrum.nm, spectrum.px)
    across = geometry.across(px)
    x, y = (px, across) if geometry.axis == "horizontal" else (across, px)
    return float(bench.nm_at(x, y)[0])


def one_move(
    bench: Bench,
    rng: np.random.Generator,
    instrument: Instrument,
    lamp: str,
    what: str,
    **moved: float,
) -> tuple:
    """Return what becomes of a lamp's photo after the camera has moved."""
    image = bench.photograph(rng, LAMPS[lamp].draw(rng), **moved)
    result = recognise(image, classifier(), instrument=instrument)
    if result.axis is None:
        return what, "move", "refused", 0.0, 0.0
    geometry = result.band.geometry
    px = np.linspace(*result.axis.range_px, 41)
    x, y = geometry.place(px, np.linspace(*result.band.rows, 9))
    layout = bench.moved(moved.get("moved_px", 0.0), moved.get("turned_deg", 0.0))
    turned = replace(bench, layout=layout)
    error = result.axis.nm_at(px) - np.median(turned.nm_at(x, y), axis=0)
    inside = (px > geometry.start) & (px < geometry.stop)
    stated = result.axis.standard_error_nm(px)
    own = result.axis.source == "own lines"
    worst = float(np.median(np.abs(error[inside]) / stated[inside]))
    return (
        what,
        "move",
        "own axis" if own else "measured",
        worst,
        float(np.median(np.abs(error[inside]))),
    )


def half_size(bench: Bench, rng: np.random.Generator, instrument: Instrument) -> tuple:
    """Return what becomes of a laser photographed at half the resolution."""
    import cv2

    image = bench.photograph(rng, deposit(532.0, 1.0), peak=0.6)
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    try:
        measurement = measure(Frames(("half",), (small,)), instrument, classifier())
    except DataError:
        return "half resolution", "size", "refused", 0.0, 0.0
    peaks = strongest_first(find_features(measurement.spectrum, instrument.resolution_nm))
    if not peaks or not measurement.by_instrument:
        return "half resolution", "size", "no peak", 0.0, 0.0
    off = peaks[0].nm - 532.0
    return "half resolution", "size", "measured", off / peaks[0].error_nm, off


def summarise(rows: list[tuple]) -> list[tuple]:
    """Return the share measured, and how often the error is within what is stated."""
    made = [row for row in rows if row[0] == "calibration"]
    table = [("calibration", len(made), "made", share(row[2] == "made" for row in made))]
    lights = [row for row in rows if row[1] not in ("move", "size") and row[0] != "calibration"]
    for kind in ("all", *sorted({row[1] for row in lights})):
        some = [row for row in lights if kind in ("all", row[1])]
        good = [row for row in some if row[2] == "measured" and np.isfinite(row[3])]
        within = share(abs(row[3]) <= CLEAR_SIGMAS for row in good)
        off = np.abs([row[4] for row in good])
        by_instrument = share(row[2] == "measured" for row in some)
        table += [
            (kind, len(some), "measured by the instrument", by_instrument),
            (kind, len(good), "error within the stated 95 %", within),
            (kind, len(good), "median error, 90 % quantile, nm", spread(off)),
        ]
    for what in dict.fromkeys(row[0] for row in rows if row[1] in ("move", "size")):
        some = [row for row in rows if row[0] == what]
        counts = [
            sum(row[2] == name for row in some)
            for name in ("measured", "own axis", "refused", "no peak")
        ]
        wrong = sum(row[2] == "measured" and abs(row[3]) > 3 and abs(row[4]) > 1 for row in some)
        told = ", ".join(map(str, counts))
        table += [
            (what, len(some), "put right, own axis, refused, no peak", told),
            (what, len(some), "over 1 nm and 3 stated errors off", wrong),
        ]
    return table
