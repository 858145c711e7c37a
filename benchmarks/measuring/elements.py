"""Elements of lamps, by the lines that an instrument of two others sees."""

import numpy as np

from benchmarks.measuring.figures import share
from benchmarks.measuring.lamp_photos import calibrated_by, measured
from lib.errors import DataError
from lib.measurement.features import find_features, likeliest
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.photos.bench import draw_bench

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


def score(seed: int) -> list[tuple]:
    """Calibrate with two lamps; name the elements of others by their lines."""
    rng = np.random.default_rng([seed, 5])
    bench = draw_bench(rng)
    try:
        instrument = calibrated_by(bench, rng, "neon", "triphosphor")
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


def summarise(rows: list[tuple]) -> list[tuple]:
    """Return how often the right element comes first."""
    table = []
    for lamp in ("all", *ELEMENTS):
        some = [row[1] for row in rows if lamp in ("all", row[0])]
        wrong = sorted({name for name in some if name not in ("right", "none", "refused")})
        table.append((lamp, len(some), "right first", share(name == "right" for name in some)))
        none = share(name in ("none", "refused") for name in some)
        table.append((lamp, len(some), "none or refused", none))
        if lamp != "all" and wrong:
            table.append((lamp, len(some), "wrong", ", ".join(wrong)))
    return table
