"""Means of frames: noise, a hot pixel, a frame that flickers."""

import numpy as np

from benchmarks.measuring.figures import share
from benchmarks.measuring.lamp_photos import calibrated_by
from lib.errors import DataError
from lib.measurement.frames import Frames, light_along, without_surroundings
from lib.recognition.instrument import Instrument
from lib.simulation.lamps.catalogue import LAMPS
from lib.simulation.photos.bench import draw_bench

FRAMES = 16


def score(seed: int) -> list[tuple]:
    """Average frames, among them one that flickers, with a hot pixel in all."""
    rng = np.random.default_rng([seed, 4])
    bench = draw_bench(rng)
    try:
        instrument = calibrated_by(bench, rng, "neon")
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
    about = max(along - round(kept.position[0]) - 2, 0)
    trace = np.abs(kept.rgb - clean.rgb).max(axis=1)[about : about + 5].max()
    left = float(trace / clean.rgb.max())
    return [(noise / max(averaged, 1e-9), left, kept.frames == FRAMES - 1)]


def light_of(images: list[np.ndarray], instrument: Instrument):
    """Return the mean light of frames along an instrument's band."""
    frames = Frames(tuple(str(k) for k in range(len(images))), tuple(images))
    geometry = instrument.whole_band(*frames.size)
    light = light_along(frames, geometry, instrument.place.rows)
    return without_surroundings(frames, light, geometry)


def summarise(rows: list[tuple]) -> list[tuple]:
    """Return by how much noise falls, and what a hot pixel and a flicker leave."""
    gain, trace, left_out = (np.array(column, float) for column in zip(*rows, strict=True))
    n, falls = len(rows), f"{np.median(gain):.2f}, {gain.min():.2f}"
    left = f"{np.median(trace):.4f}, {trace.max():.4f}"
    return [
        (f"mean of {FRAMES} frames", n, "noise falls by: median, least", falls),
        ("hot pixel in every frame", n, "left of full light: median, most", left),
        ("one frame at 0.6 of the light", n, "left out", share(left_out > 0)),
    ]
