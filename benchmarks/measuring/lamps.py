"""The axis of one lamp and of several: in the visible, at their last lines, and beyond these."""

import numpy as np

from benchmarks.measuring.figures import CLEAR_SIGMAS, share, spread
from benchmarks.measuring.lamp_photos import CALIBRATION_LAMPS, end_error, lamp_photo
from lib.errors import DataError
from lib.measurement.calibration import Calibrated, calibrate
from lib.simulation.photos.bench import Bench, draw_bench

# Places at which two lamps are held against one, nm.
ENDS_NM = (420.0, 550.0, 680.0)
# How far beyond the outermost lines, nm, and where cameras see nothing.
BEYOND_NM = (0.0, 20.0, 40.0)
_SEEN_NM = (370.0, 760.0)


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
            rows += [("+".join(names), nm, np.nan, np.nan, np.nan) for nm in ENDS_NM]
            continue
        rows += [("+".join(names), nm, *end_error(bench, made.instrument, nm)) for nm in ENDS_NM]
        lamps = "one lamp" if len(names) == 1 else "two and more lamps"
        rows += [(lamps, *row) for row in beyond(bench, made)]
    return rows


def beyond(bench: Bench, made: Calibrated) -> list[tuple]:
    """Return errors, as `end_error` does, beyond the outermost lines where they are claimed."""
    lines, axis = made.instrument.axis.lines, made.instrument.axis
    rows = []
    for far in BEYOND_NM:
        for nm in (lines[0].nm - far, lines[-1].nm + far):
            if _SEEN_NM[0] < nm < _SEEN_NM[1] and axis.range_nm[0] <= nm <= axis.range_nm[1]:
                rows.append((f"{far:.0f} nm beyond", *end_error(bench, made.instrument, nm)))
    return rows


def summarise(rows: list[tuple]) -> list[tuple]:
    """Return median and 90 % quantile of the error at the ends, by lamps, and what holds.

    "One lamp" and "two and more lamps" take all places at a wavelength together.
    """
    table = []
    joint = [("two and more lamps" if "+" in row[0] else "one lamp", *row[1:]) for row in rows]
    rows = rows + [row for row in joint if not isinstance(row[1], str)]
    for names, place in dict.fromkeys(row[:2] for row in rows):
        some = np.array([row[2:] for row in rows if row[:2] == (names, place)])
        some = some[np.isfinite(some[:, 0])]
        where = place if isinstance(place, str) else f"at {place:.0f} nm"
        what, off = f"{names} {where}", np.abs(some[:, 0])
        table.append((what, len(off), "median, 90 % quantile, nm", spread(off)))
        stated, filling = CLEAR_SIGMAS * some[:, 1], np.abs(some[:, 2])
        table.append((what, len(off), "stated 95 % error, median, nm", f"{np.median(stated):.2f}"))
        table.append((what, len(off), "error within the stated 95 %", share(off <= stated)))
        seen = np.isfinite(filling)
        within = share(filling[seen] <= stated[seen])
        table.append((what, int(seen.sum()), "the same of light that fills the slit", within))
    return table
