"""Photos that are not taken as an instrument was calibrated: mirrored, turned, cut out."""

import cv2
import numpy as np

from benchmarks.measuring.lamp_photos import calibrated_by, classifier
from lib.errors import DataError
from lib.recognition.axis.axis import OWN_LINES
from lib.recognition.instrument import Instrument
from lib.recognition.recognise import recognise
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.photos.bench import Bench, draw_bench

LIGHTS = 10
# Lights that people measure: LEDs and lasers more than the rest.
_SHARES = {
    "coloured_led": 4.0,
    "white_led": 2.0,
    "rgb_led": 1.0,
    "laser": 2.0,
    "laser_lines": 1.0,
    "incandescent": 1.0,
    "daylight": 1.0,
    "filtered": 1.0,
    "dye_solution": 1.0,
    "mercury": 1.0,
    "neon": 1.0,
    "sodium_low": 1.0,
    "argon": 1.0,
}
PLAIN, MIRRORED, TURNED, CUT = "plain", "mirrored", "turned", "cut out"
# A wrong axis is this far off where the light is.
_WRONG_NM = 5.0
# Of the brightest light.
_LIT = 0.3


def score(seed: int) -> list[tuple]:
    """Calibrate with a fluorescent and a neon lamp; look at lights, a third of them changed."""
    rng = np.random.default_rng([seed, 7])
    bench = draw_bench(rng)
    try:
        instrument = calibrated_by(bench, rng, "triphosphor", "neon")
    except DataError:
        return []
    shares = np.array(list(_SHARES.values()))
    rows = []
    for _ in range(LIGHTS):
        name = str(rng.choice(list(_SHARES), p=shares / shares.sum()))
        image = bench.photograph(rng, LAMPS[name].draw(rng), peak=float(rng.uniform(0.3, 1.3)))
        how = str(rng.choice([MIRRORED, TURNED, CUT])) if rng.random() < 1 / 3 else PLAIN
        rows.append((how, name, *_answer(bench, instrument, image, how, rng)))
    return rows


def _answer(
    bench: Bench, instrument: Instrument, image: np.ndarray, how: str, rng: np.random.Generator
) -> tuple[str, float]:
    """Return what becomes of a photo, and how far its wavelengths are off where its light is."""
    height, width = image.shape[:2]
    x0, y0, scale = 0, 0, 1.0
    if how == MIRRORED:
        image = image[:, ::-1]
    elif how == TURNED:
        image = image[::-1, ::-1]
    elif how == CUT:
        # The middle of the sensor, of the same ratio, at the resolution of all.
        scale = float(rng.uniform(0.5, 0.85))
        w, h = int(width * scale), int(height * scale)
        x0, y0 = (width - w) // 2, (height - h) // 2
        cut = np.ascontiguousarray(image[y0 : y0 + h, x0 : x0 + w])
        image = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA)
    result = recognise(np.ascontiguousarray(image), classifier(), instrument=instrument)
    if result.axis is None:
        return "refused", np.nan
    light = result.profile.rgb.max(axis=1) - result.band.background.max()
    lit = light >= _LIT * light.max()
    px = result.profile.position[lit]
    x, y = result.band.geometry.place(px, np.zeros(1))
    x, y = x[0], y[0]
    if how in (MIRRORED, TURNED):
        x = width - 1 - x
    if how == TURNED:
        y = height - 1 - y
    if how == CUT:
        x, y = x0 + (x + 0.5) * scale - 0.5, y0 + (y + 0.5) * scale - 0.5
    off = float(np.median(np.abs(result.axis.nm_at(px) - bench.nm_at(x, y))))
    return ("own" if result.axis.source == OWN_LINES else "instrument"), off


def summarise(rows: list[tuple]) -> list[tuple]:
    """Return how often wavelengths are silently wrong, and right ones doubted."""
    table = []
    for how in ("all", PLAIN, MIRRORED, TURNED, CUT):
        some = [row for row in rows if how in ("all", row[0])]
        wrong = sum(row[3] > _WRONG_NM for row in some)
        table.append((how, len(some), "over 5 nm off without a word", wrong))
        refused = sum(row[2] != "instrument" for row in some)
        table.append((how, len(some), "not by the instrument", refused))
    return table
