"""Stated noise against true scatter, false lines in darkness and broad light, real lines lost."""

from unittest.mock import patch

import numpy as np

from benchmarks.measuring.figures import share
from lib.measurement import features
from lib.measurement.frames import Frames
from lib.measurement.measuring import Spectrum, spectrum_of
from lib.measurement.response import light_on
from lib.recognition.axis.axis import WavelengthAxis
from lib.recognition.instrument import Instrument, Place
from lib.recognition.straighten import Geometry
from lib.simulation.draws import log_uniform
from lib.simulation.instrument import camera

KINDS = ("jpeg", "png", "16 bits")
SCENES = ("dark", "broad", "led", "lines")
_WIDTH, _HEIGHT, _HALF = 640, 480, 40
_RESOLUTION_NM = 4.0
# Frames of one scene: their scatter is the true noise.
_FRAMES = 4
# A true line counts as visible from this many standard errors of darkness, over its width, on.
_CLEAR_SIGMAS = 6.0


def score(seed: int) -> list[tuple]:
    """Photograph one scene several times; return what is stated, listed and lost."""
    rng = np.random.default_rng([seed, 6])
    kind, scene = KINDS[seed % 3], SCENES[seed // 3 % 4]
    tilt = float(np.radians(rng.uniform(-8, 8))) if seed // 12 % 2 else 0.0
    shape, places = _light(rng, scene)
    linear = _in_frame(shape, tilt)
    settings = {
        "full_well": log_uniform(rng, 80, 10_000),
        "read": log_uniform(rng, 0.001, 0.012),
        "grain_px": float(rng.choice([0, 0.5, 1.0])),
    }
    black, quality = float(rng.choice([0, 0.02, 0.06])), int(rng.integers(60, 96))
    instrument = _instrument(tilt)
    seen = []
    for _ in range(_FRAMES):
        image = _photographed(rng, linear, kind, settings, black, quality)
        light = light_on(Frames(("frame",), (image,)), instrument)
        seen.append(spectrum_of(light, instrument.axis, "frame"))
    dark, lit = _stated_over_true(seen)

    rows = [("stated", kind, scene, dark, lit)]
    for spectrum in seen:
        listed = features.find_features(spectrum, _RESOLUTION_NM)
        lines = np.array([one.nm for one in listed if not one.broad])
        bands = sum(one.broad for one in listed)
        if scene == "lines":
            rows.append(("lines", kind, scene, *_lost(spectrum, seen, places, lines)))
        else:
            false = len(lines) + (bands if scene == "dark" else 0)
            rows.append(("false", kind, scene, false, bands))
    return rows


def _light(rng: np.random.Generator, scene: str) -> tuple[np.ndarray, np.ndarray]:
    """Return linear light (_WIDTH, 3), and of lines their places and heights."""
    x = np.arange(_WIDTH)
    channels = ((480, 50), (320, 45), (150, 40))
    answer = np.stack([np.exp(-0.5 * ((x - at) / wide) ** 2) for at, wide in channels], axis=1)
    if scene == "dark":
        return np.zeros((_WIDTH, 3)), np.zeros(0)
    if scene == "broad":
        return answer, np.zeros(0)
    if scene == "led":
        return np.exp(-0.5 * ((x - 320) / 25) ** 2)[:, None] * (0.2, 1, 0.15), np.zeros(0)
    fwhm = rng.uniform(4.5, 8.0)
    count = int(rng.integers(4, 20))
    places = np.sort(rng.choice(np.arange(60, 580, 25), count, False) + rng.uniform(-2, 2, count))
    heights = np.exp(rng.uniform(np.log(0.01), 0.0, count))
    shape = np.exp(-4 * np.log(2) * ((x[:, None] - places) / fwhm) ** 2)
    light = (shape * heights / heights.max()).sum(axis=1)
    return light[:, None] * (0.1 + answer), places


def _in_frame(light: np.ndarray, tilt: float) -> np.ndarray:
    """Return linear light (height, width, 3) of a band turned by `tilt`, its lines upright."""
    y, x = np.mgrid[:_HEIGHT, :_WIDTH].astype(float)
    across = y - _HEIGHT / 2 - np.tan(tilt) * (x - _WIDTH / 2)
    inside = 0.5 * (np.tanh((_HALF - np.abs(across)) / 3) + 1)
    return np.float32(0.6 * light[None] * inside[..., None])


def _photographed(
    rng: np.random.Generator,
    linear: np.ndarray,
    kind: str,
    settings: dict[str, float],
    black: float,
    quality: int,
) -> np.ndarray:
    noisy = camera.add_noise(rng, linear.copy(), **settings)
    if kind == "16 bits":
        return np.clip(np.round((noisy + 0.1 * black) * 65535), 0, 65535).astype(np.uint16)
    shown = camera.tone(camera.clip_full(np.maximum(noisy, 0)), black=np.full(3, black))
    image = camera.to_bytes(shown)
    return camera.jpeg(image, quality) if kind == "jpeg" else image


def _instrument(tilt: float) -> Instrument:
    slope = float(np.tan(tilt))
    axis = WavelengthAxis(
        coefficients=(390.0, 0.5),
        axis="x",
        rms_nm=0.0,
        uncertainty_nm=0.2,
        lines=(),
        model="grating",
        lamp="",
        origin_px=320.0,
        scale_px=320.0,
        covariance=((0.04,),),
        range_px=(0.0, _WIDTH - 1.0),
    )
    band = Geometry("horizontal", 0, _WIDTH - 1, (_HEIGHT / 2 - slope * _WIDTH / 2, slope), _HALF)
    rows = (-0.75 * _HALF, 0.75 * _HALF)
    return Instrument(
        axis, (_WIDTH, _HEIGHT), Place(band, rows, 1), "drawn", resolution_nm=_RESOLUTION_NM
    )


def _true_noise(seen: list[Spectrum]) -> np.ndarray:
    """Return the standard deviation of frames at each sample, what they have in common left out."""
    frames = np.array([one.intensity for one in seen])
    off = frames - frames.mean(axis=0)
    off -= np.median(off, axis=1, keepdims=True)
    return np.sqrt((off**2).sum(axis=0) / (len(seen) - 1))


def _stated_over_true(seen: list[Spectrum]) -> tuple[float, float]:
    """Return stated over true noise in the darkest third and the brightest sixth."""
    stated = np.mean([one.noise for one in seen], axis=0)
    order = np.argsort(np.mean([one.intensity for one in seen], axis=0))
    parts = order[: len(order) // 3], order[-len(order) // 6 :]
    true = _true_noise(seen)
    return tuple(float(np.sqrt((stated[k] ** 2).mean() / (true[k] ** 2).mean())) for k in parts)


def _lost(
    spectrum: Spectrum, seen: list[Spectrum], places: np.ndarray, lines: np.ndarray
) -> tuple[int, int, int]:
    """Return how many lines are clear, how many of these are lost, and how many lines are false."""
    with patch.object(features, "rises_by_chance", lambda *_: 0.0):
        every = features.find_features(spectrum, _RESOLUTION_NM)
    every = np.array([one.nm for one in every if not one.broad])
    true_nm = np.interp(places, np.arange(_WIDTH), spectrum.nm)
    mean = np.mean([one.intensity for one in seen], axis=0)
    near = _RESOLUTION_NM / 2
    noise = float(np.sqrt(np.mean(_true_noise(seen) ** 2)))
    clear = [
        nm
        for nm in true_nm
        if mean[np.abs(spectrum.nm - nm).argmin()] - np.median(mean) > _CLEAR_SIGMAS * noise
        and np.abs(every - nm).min(initial=np.inf) < near
    ]
    lost = sum(np.abs(lines - nm).min(initial=np.inf) >= near for nm in clear)
    false = sum(np.abs(true_nm - nm).min(initial=np.inf) >= _RESOLUTION_NM for nm in lines)
    return len(clear), int(lost), int(false)


def summarise(rows: list[tuple]) -> list[tuple]:
    """Return what is stated over what is true, false lines a frame, and the part of lines lost."""
    table = []
    for kind in ("all", *KINDS):
        some = [row for row in rows if kind in ("all", row[1])]
        ratio = np.array([row[3] for row in some if row[0] == "stated"])
        within = share(np.abs(ratio - 1) <= 0.2)
        table.append((kind, len(ratio), "stated noise in the dark within 20 %", within))
        for scene in SCENES[:3]:
            false = np.array([row[3] for row in some if row[0] == "false" and row[2] == scene])
            table.append((f"{kind}, {scene}", len(false), "false lines a frame", _mean(false)))
        counts = np.array([row[3:6] for row in some if row[0] == "lines"])
        clear, lost, false = counts.sum(axis=0)
        part = f"{lost} ({100 * lost / max(clear, 1):.2f} %)"
        table.append((f"{kind}, lines", int(clear), "clear lines lost by the test", part))
        table.append((f"{kind}, lines", len(counts), "false lines a frame", _mean(counts[:, 2])))
    return table


def _mean(values: np.ndarray) -> str:
    return f"{values.mean():.3f}" if len(values) else ""
