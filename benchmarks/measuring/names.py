"""Names on an instrument: lamps of the classes, and lines that are none of theirs."""

import numpy as np

from benchmarks.measuring.lamp_photos import calibrated_by, classifier
from lib.errors import DataError
from lib.recognition.axis.axis import OWN_LINES
from lib.recognition.axis.shift import likeness
from lib.recognition.recognise import recognise
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.photos.bench import draw_bench
from lib.taxonomy import LINE_CLASSES

_LAMPS = tuple(lamp.name for lamp in LAMPS.values() if lamp.class_name in LINE_CLASSES)
_OTHERS = ("laser", "laser_lines", "laser_lines", "random_lines", "random_lines", "mixture")


def score(seed: int) -> list[tuple]:
    """Calibrate with a fluorescent and a neon lamp; name each lamp, and other lights."""
    rng = np.random.default_rng([seed, 9])
    bench = draw_bench(rng)
    try:
        instrument = calibrated_by(bench, rng, "triphosphor", "neon")
    except DataError:
        return []
    rows = []
    for name in (*_LAMPS, *_OTHERS):
        image = bench.photograph(rng, LAMPS[name].draw(rng), peak=float(rng.uniform(0.3, 1.3)))
        answer = recognise(image, classifier(), instrument=instrument)
        if answer.axis is None or answer.axis.source == OWN_LINES:
            continue
        true = LAMPS[name].class_name
        others = set(LINE_CLASSES) - {true}
        parts = {one: likeness(answer.axis, answer.profile, one) for one in LINE_CLASSES}
        rows.append((name, answer.source, parts.get(true), max(parts[one] for one in others)))
    return rows


def summarise(rows: list[tuple]) -> list[tuple]:
    """Return what is named, and how alike light and lines are: of its own lamp, of others."""
    table = []
    for name in dict.fromkeys((*_LAMPS, *_OTHERS)):
        some = [row for row in rows if row[0] == name]
        if not some:
            continue
        true = LAMPS[name].class_name
        wrong = sum(row[1] in LINE_CLASSES and row[1] != true for row in some)
        table.append((name, len(some), "named for a lamp that it is not", wrong))
        if true:
            named = sum(row[1] == true for row in some)
            table.append((name, len(some), "named right", named))
            table.append((name, len(some), "least likeness to it", min(row[2] for row in some)))
        most = np.quantile([row[3] for row in some], 0.95)
        table.append((name, len(some), "likeness to others, 95 % below", round(float(most), 2)))
    return [(*row[:3], round(row[3], 2)) for row in table]
