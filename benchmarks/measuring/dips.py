"""Absorption lines: those of daylight that are found, and those of light that has none."""

import numpy as np

from benchmarks.measuring.figures import share
from benchmarks.measuring.lamp_photos import calibrated_by, measured
from lib.errors import DataError
from lib.lines import line_list
from lib.measurement.features import find_features
from lib.simulation.draws import log_uniform
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.photos.bench import draw_bench

# Broad light of one hump, of two, and of a smooth course.
SMOOTH = ("white_led", "phosphor_led", "rgb_led", "coloured_led", "incandescent")
# Strong lines of daylight in what cameras see, nm.
_STRONG_NM = np.array([430.8, 486.1, 517.5, 527.0, 589.3, 656.3])
# A dip of daylight is right if some line lies so near, nm and resolutions.
_NEAR_NM, _NEAR_RESOLUTIONS = 1.5, 0.5


def score(seed: int) -> list[tuple]:
    """Calibrate with two lamps; count the dips of smooth lights and of daylight."""
    rng = np.random.default_rng([seed, 8])
    bench = draw_bench(rng)
    try:
        instrument = calibrated_by(bench, rng, "neon", "triphosphor")
    except DataError:
        return []
    rows = []
    for lamp in (*SMOOTH, "daylight"):
        spd = LAMPS[lamp].draw(rng)
        try:
            light = measured(bench, rng, spd, instrument, peak=log_uniform(rng, 0.3, 0.95))
        except DataError:
            rows.append((lamp, "refused", 0, 0, 0))
            continue
        listed = find_features(light.spectrum, instrument.resolution_nm)
        dips = np.array([one.nm for one in listed if one.dip])
        near = _near(dips, line_list("fraunhofer").nm, instrument.resolution_nm)
        strong = _near(_STRONG_NM, dips, instrument.resolution_nm)
        rows.append((lamp, "measured", len(dips), int(near.sum()), int(strong.sum())))
    return rows


def _near(places: np.ndarray, lines: np.ndarray, resolution_nm: float) -> np.ndarray:
    """Return which places have a line beside them."""
    if not len(lines):
        return np.zeros(len(places), bool)
    reach = max(_NEAR_NM, _NEAR_RESOLUTIONS * resolution_nm)
    return np.abs(np.subtract.outer(places, lines)).min(axis=1) < reach


def summarise(rows: list[tuple]) -> list[tuple]:
    """Return how often smooth light has a dip, and what is found of daylight's."""
    table = []
    for lamp in SMOOTH:
        dips = [row[2] for row in rows if row[0] == lamp and row[1] == "measured"]
        table.append((lamp, len(dips), "with a dip that it does not have", share(map(bool, dips))))
        table.append((lamp, len(dips), "such dips", f"{sum(dips)}"))
    sun = [row for row in rows if row[0] == "daylight" and row[1] == "measured"]
    dips, right, strong = (sum(row[k] for row in sun) for k in (2, 3, 4))
    table.append(("daylight", len(sun), "dips", f"{dips}"))
    table.append(("daylight", len(sun), "of these beside a line", f"{right}"))
    of = len(_STRONG_NM) * len(sun)
    table.append(("daylight", len(sun), "of its six strong lines", f"{strong} of {of}"))
    return table
