"""How well simulated instruments are calibrated and measure: lights, lamps, response, frames.

Reads:  nothing
Writes: a table on stdout, and on request as a CSV

Examples:
    python benchmarks/score_measuring.py lights --count 200
    python benchmarks/score_measuring.py lamps --count 100
    python benchmarks/score_measuring.py response --count 60
    python benchmarks/score_measuring.py frames --count 30
    python benchmarks/score_measuring.py elements --count 60
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib.errors import DataError
from lib.files import write_csv
from lib.measurement.answers import features_of, sharpest_of
from lib.measurement.calibration import LampPhoto, calibrate
from lib.measurement.colour import colour_of
from lib.measurement.features import Feature, find_features, likeliest, strongest_first
from lib.measurement.frames import Frames, light_along, without_surroundings
from lib.measurement.measuring import Measurement, measure
from lib.measurement.response import Planck, measure_response
from lib.paths import DEFAULT_MODEL
from lib.recognition.instrument import Instrument, Response
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.lamps.glow import led_die
from lib.simulation.lamps.spectra import WAVELENGTHS_NM, deposit, planck
from lib.simulation.photos.bench import Bench, draw_bench

COLUMNS = ("part", "what", "n", "figure", "value")
CALIBRATION_LAMPS = ("neon", "triphosphor", "mercury", "helium")
LASERS_NM = (405.0, 450.0, 532.0, 589.0, 635.0, 650.0, 780.0)
LEDS_NM = (405.0, 465.0, 525.0, 590.0, 630.0, 660.0)
MOVES_PX = (1, 2, 3, 5, 8, 12, 20)
TURNS_DEG = (1.0, 3.0, 6.0)
ELEMENTS = {
    "krypton": ("Kr",),
    "sodium_low": ("Na",),
    "argon": ("Ar",),
    "cadmium": ("Cd",),
    "zinc": ("Zn",),
    "xenon": ("Xe",),
    "helium": ("He",),
    "mercury": ("Hg",),
}
# Places at which two lamps are held against one, nm.
ENDS_NM = (420.0, 550.0, 680.0)
WHITE_LIGHTS = {"white LED": "white_led", "CFL": "triphosphor"}
FRAMES = 16
# A camera that answers by less than this part sees nothing of a laser.
_LEAST_ANSWER = 0.003
_CLEAR_SIGMAS = 1.96


_LOADED: dict[Path, Classifier] = {}


def classifier() -> Classifier:
    """Return the shipped model, loaded once an instrument."""
    if DEFAULT_MODEL not in _LOADED:
        _LOADED[DEFAULT_MODEL] = Classifier(DEFAULT_MODEL)
    return _LOADED[DEFAULT_MODEL]


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=PARTS, help="what to measure")
    parser.add_argument("--count", type=int, default=40, help="instruments (default: 40)")
    parser.add_argument("--seed", type=int, default=0, help="of the first (default: 0)")
    parser.add_argument("--jobs", type=int, default=2, help="parallel processes (default: 2)")
    parser.add_argument("--output", type=Path, metavar="CSV", help="write the table")
    args = parser.parse_args(argv)
    one, summary = PARTS[args.part]
    seeds = range(args.seed, args.seed + args.count)
    parts = Parallel(n_jobs=args.jobs)(delayed(one)(seed) for seed in seeds)
    rows = summary([row for part in parts for row in part])
    for what, count, figure, value in rows:
        print(f"{what:34} {count:5}  {figure:42} {value}")
    if args.output:
        table = [dict(zip(COLUMNS, (args.part, *row), strict=True)) for row in rows]
        write_csv(args.output, COLUMNS, table)
    return 0


def lamp_photo(bench: Bench, rng: np.random.Generator, name: str) -> LampPhoto:
    """Photograph a lamp and recognise it, its name told."""
    image = bench.photograph(rng, LAMPS[name].draw(rng))
    return LampPhoto(name, image, recognise(image, classifier(), lamp=LAMPS[name].class_name))


def measured(
    bench: Bench, rng: np.random.Generator, spd: np.ndarray, instrument: Instrument, **options
) -> Measurement:
    """Photograph a light and measure it."""
    image = bench.photograph(rng, spd, **options)
    return measure(Frames(("light",), (image,)), instrument, classifier())


def true_nm(bench: Bench, measurement: Measurement, nm: float) -> float:
    """Return what wavelength the bench shows where a measurement says `nm`."""
    geometry = measurement.instrument.place.geometry
    spectrum = measurement.spectrum
    px = np.interp([nm], spectrum.nm, spectrum.px)
    across = geometry.across(px)
    x, y = (px, across) if geometry.axis == "horizontal" else (across, px)
    return float(bench.nm_at(x, y)[0])


def score_lights(seed: int) -> list[tuple]:
    """Calibrate with one lamp; measure lasers, LEDs, a flame, a filter, moved and turned."""
    rng = np.random.default_rng([seed, 1])
    bench = draw_bench(rng)
    lamp = str(rng.choice(CALIBRATION_LAMPS))
    try:
        instrument = calibrate([lamp_photo(bench, rng, lamp)]).instrument
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
    return answer > _LEAST_ANSWER and np.isfinite(end_error(bench, instrument, nm)[0])


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


def summarise_lights(rows: list[tuple]) -> list[tuple]:
    """Return the share measured, and how often the error is within what is stated."""
    table = []
    made = [row for row in rows if row[0] == "calibration"]
    table.append(("calibration", len(made), "made", share(row[2] == "made" for row in made)))
    lights = [row for row in rows if row[1] not in ("move", "size") and row[0] != "calibration"]
    for kind in ("all", *sorted({row[1] for row in lights})):
        some = [row for row in lights if kind in ("all", row[1])]
        good = [row for row in some if row[2] == "measured" and np.isfinite(row[3])]
        table.append(
            (
                kind,
                len(some),
                "measured by the instrument",
                share(row[2] == "measured" for row in some),
            )
        )
        table.append(
            (
                kind,
                len(good),
                "error within the stated 95 %",
                share(abs(row[3]) <= _CLEAR_SIGMAS for row in good),
            )
        )
        off = np.abs([row[4] for row in good])
        table.append(
            (
                kind,
                len(good),
                "median error, 90 % quantile, nm",
                (f"{np.median(off):.2f}, {np.quantile(off, 0.9):.2f}" if len(off) else ""),
            )
        )
    for what in dict.fromkeys(row[0] for row in rows if row[1] in ("move", "size")):
        some = [row for row in rows if row[0] == what]
        counts = {
            name: sum(row[2] == name for row in some)
            for name in ("measured", "own axis", "refused", "no peak")
        }
        table.append(
            (
                what,
                len(some),
                "put right, own axis, refused, no peak",
                (", ".join(str(count) for count in counts.values())),
            )
        )
        wrong = [
            row for row in some if row[2] == "measured" and abs(row[3]) > 3 and abs(row[4]) > 1
        ]
        table.append((what, len(some), "over 1 nm and 3 stated errors off", len(wrong)))
    return table


def score_lamps(seed: int) -> list[tuple]:
    """Calibrate one instrument with one lamp and with two."""
    rng = np.random.default_rng([seed, 2])
    bench = draw_bench(rng)
    photos = {name: lamp_photo(bench, rng, name) for name in CALIBRATION_LAMPS}
    rows = []
    for names in (
        ("neon",),
        ("mercury",),
        ("triphosphor",),
        ("neon", "mercury"),
        ("neon", "triphosphor"),
        CALIBRATION_LAMPS,
    ):
        try:
            made = calibrate([photos[name] for name in names])
        except DataError:
            rows += [("+".join(names), nm, np.nan, np.nan) for nm in ENDS_NM]
            continue
        rows += [("+".join(names), nm, *end_error(bench, made.instrument, nm)) for nm in ENDS_NM]
    return rows


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


def summarise_lamps(rows: list[tuple]) -> list[tuple]:
    """Return median and 90 % quantile of the error at the ends, by lamps."""
    table = []
    for names in dict.fromkeys(row[0] for row in rows):
        for nm in ENDS_NM:
            some = np.array([row[2:] for row in rows if row[:2] == (names, nm)])
            some = some[np.isfinite(some[:, 0])]
            what, off = f"{names} at {nm:.0f} nm", np.abs(some[:, 0])
            table.append((what, len(off), "median, 90 % quantile, nm", spread(off)))
            within = share(off <= _CLEAR_SIGMAS * some[:, 1])
            table.append((what, len(off), "error within the stated 95 %", within))
    return table


def spread(values: np.ndarray, digits: int = 2) -> str:
    """Return median and 90 % quantile."""
    if not len(values):
        return ""
    return f"{np.median(values):.{digits}f}, {np.quantile(values, 0.9):.{digits}f}"


def score_response(seed: int) -> list[tuple]:
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
        lamps = [lamp_photo(bench, rng, name) for name in ("neon", "triphosphor")]
        instrument = calibrate(lamps).instrument
        image = bench.photograph(rng, planck(kelvin), peak=peak, quality=0)
        response = measure_response(Frames(("halogen",), (image,)), instrument, Planck(kelvin))
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


def summarise_response(rows: list[tuple]) -> list[tuple]:
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


def score_frames(seed: int) -> list[tuple]:
    """Average frames, among them one that flickers, with a hot pixel in all."""
    rng = np.random.default_rng([seed, 4])
    bench = draw_bench(rng)
    try:
        instrument = calibrate([lamp_photo(bench, rng, "neon")]).instrument
    except DataError:
        return []
    spd = LAMPS["white_led"].draw(rng)
    images = [bench.photograph(rng, spd, peak=0.4, quality=0) for _ in range(FRAMES + 1)]
    clean = light_of(images[:FRAMES], instrument)
    single = np.stack([light_of([image], instrument).rgb for image in images[:FRAMES]])
    noise = float(np.median(single.std(axis=0, ddof=1)))
    # Two halves of the frames differ by the noise of a mean of half as many, times root two.
    halves = [light_of(images[k:FRAMES:2], instrument).rgb for k in (0, 1)]
    averaged = float(np.median(np.abs(halves[0] - halves[1]))) * 1.4826 / 2
    spoilt = [image.copy() for image in images[:FRAMES]]
    place = instrument.place.geometry
    along = round((place.start + place.stop) / 2)
    across = round(float(place.across(along)))
    x, y = (along, across) if place.axis == "horizontal" else (across, along)
    for image in spoilt:
        image[y, x] = 255
    spoilt[3] = (spoilt[3] * 0.6).astype(np.uint8)
    kept = light_of(spoilt, instrument)
    trace = np.abs(kept.rgb - clean.rgb).max(axis=1)[max(along - round(kept.position[0]) - 2, 0) :][
        :5
    ]
    return [
        (
            noise / max(averaged, 1e-9),
            float(trace.max() / clean.rgb.max()),
            kept.frames == FRAMES - 1,
        )
    ]


def light_of(images: list[np.ndarray], instrument: Instrument):
    """Return the mean light of frames along an instrument's band."""
    frames = Frames(tuple(str(k) for k in range(len(images))), tuple(images))
    geometry = instrument.whole_band(*frames.size)
    light = light_along(frames, geometry, instrument.place.rows)
    return without_surroundings(frames, light, geometry)


def summarise_frames(rows: list[tuple]) -> list[tuple]:
    """Return by how much noise falls, and what a hot pixel and a flicker leave."""
    gain, trace, left_out = (np.array(column, float) for column in zip(*rows, strict=True))
    return [
        (
            f"mean of {FRAMES} frames",
            len(gain),
            "noise falls by: median, least",
            (f"{np.median(gain):.2f}, {gain.min():.2f}"),
        ),
        (
            "hot pixel in every frame",
            len(trace),
            "left of full light: median, most",
            (f"{np.median(trace):.4f}, {trace.max():.4f}"),
        ),
        ("one frame at 0.6 of the light", len(left_out), "left out", share(left_out > 0)),
    ]


def score_elements(seed: int) -> list[tuple]:
    """Calibrate with two lamps; name the elements of others by their lines."""
    rng = np.random.default_rng([seed, 5])
    bench = draw_bench(rng)
    try:
        lamps = [lamp_photo(bench, rng, name) for name in ("neon", "triphosphor")]
        instrument = calibrate(lamps).instrument
    except DataError:
        return []
    rows = []
    for lamp, elements in ELEMENTS.items():
        try:
            spd = LAMPS[lamp].draw(rng)
            measurement = measured(bench, rng, spd, instrument, peak=float(rng.uniform(0.3, 0.95)))
        except DataError:
            rows.append((lamp, "refused"))
            continue
        found = likeliest(find_features(measurement.spectrum, instrument.resolution_nm))
        first = next(iter(found), None)
        right = first is not None and first.split()[0].rstrip("+0123456789") in elements
        rows.append((lamp, "right" if right else "none" if first is None else first))
    return rows


def summarise_elements(rows: list[tuple]) -> list[tuple]:
    """Return how often the right element comes first."""
    table = []
    for lamp in ("all", *ELEMENTS):
        some = [row[1] for row in rows if lamp in ("all", row[0])]
        wrong = sorted({name for name in some if name not in ("right", "none", "refused")})
        table.append((lamp, len(some), "right first", share(name == "right" for name in some)))
        table.append(
            (
                lamp,
                len(some),
                "none or refused",
                share(name in ("none", "refused") for name in some),
            )
        )
        if lamp != "all" and wrong:
            table.append((lamp, len(some), "wrong", ", ".join(wrong)))
    return table


def share(true) -> str:
    """Return how many of a list are true, and which part."""
    values = np.array(list(true), bool)
    return f"{values.sum()} ({100 * values.mean():.1f} %)" if len(values) else "0"


PARTS: dict[str, tuple[Callable, Callable]] = {
    "lights": (score_lights, summarise_lights),
    "lamps": (score_lamps, summarise_lamps),
    "response": (score_response, summarise_response),
    "frames": (score_frames, summarise_frames),
    "elements": (score_elements, summarise_elements),
}


if __name__ == "__main__":
    sys.exit(main())
