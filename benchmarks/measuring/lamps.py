"""The axis of one lamp and of several, at both ends of the visible and in its middle."""

import numpy as np

from benchmarks.measuring.figures import CLEAR_SIGMAS, share, spread
from benchmarks.measuring.lamp_photos import CALIBRATION_LAMPS, end_error, lamp_photo
from lib.errors import DataError
from lib.measurement.calibration import calibrate
from lib.simulation.photos.bench import draw_bench

# Places at which two lamps are held against one, nm.
ENDS_NM = (420.0, 550.0, 680.0)


def score(seed: int) -> list[tuple]:
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


def summarise(rows: list[tuple]) -> list[tuple]:
    """Return median and 90 % quantile of the error at the ends, by lamps."""
    table = []
    for names in dict.fromkeys(row[0] for row in rows):
        for nm in ENDS_NM:
            some = np.array([row[2:] for row in rows if row[:2] == (names, nm)])
            some = some[np.isfinite(some[:, 0])]
            what, off = f"{names} at {nm:.0f} nm", np.abs(some[:, 0])
            table.append((what, len(off), "median, 90 % quantile, nm", spread(off)))
            within = share(off <= CLEAR_SIGMAS * some[:, 1])
            table.append((what, len(off), "error within the stated 95 %", within))
    return table
