"""The golden photos: simulated, chosen by what the chain makes of them, and kept.

python tests/golden_photos.py    # choose anew; answers.json beside the photos is written too
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from golden_answers import FOLDER, PLACES, Truth, amiss, answer, differences, save

from benchmarks.perturbations import Box, rescale
from lib.images.reading import read_image
from lib.paths import DEFAULT_MODEL
from lib.recognition.name.classifier import Classifier
from lib.simulation.photos.photos import SimulatedPhoto, simulate_photo, simulate_scene
from lib.simulation.photos.truth import BandTruth
from lib.simulation.scenes.scenes import PAINTERS
from lib.taxonomy import LINE_CLASSES
from lib.training.examples.axis_truth import ASKED_NM
from lib.training.examples.trace_lines import ends_of

# Lamp, or a scene, and a difficulty that is on: photos that are answered rightly.
RIGHT = (
    *((lamp, "") for lamp in ("white_led", "coloured_led", "phosphor_led", "rgb_led")),
    *((lamp, "") for lamp in ("triphosphor", "halophosphate", "mercury") * 2),
    *((lamp, "") for lamp in ("incandescent", "daylight", "star")),
    *((lamp, "") for lamp in ("neon", "helium", "hydrogen", "nitrogen") * 2),
    *((lamp, "vertical") for lamp in ("triphosphor", "nitrogen")),
    *((lamp, "reversed") for lamp in ("neon", "coloured_led")),
    ("helium", "tilted"),
    ("triphosphor", "oblique"),
    ("mercury", "slanted"),
    ("neon", "curved"),
    ("helium", "zero_order"),
    ("hydrogen", "mirrored"),
    ("daylight", "second_order"),
    ("triphosphor", "half_slit"),
    ("star", "thin"),
    ("triphosphor", "small"),
    ("incandescent", "oversized"),
    ("halophosphate", "strip"),
    *((lamp, "saturated") for lamp in ("neon", "white_led")),
    ("helium", "dark"),
    ("mercury", "monochrome"),
    ("nitrogen", "light_leak"),
    ("white_led", "cluttered"),
    ("hydrogen", "pedestal"),
    ("nitrogen", "scattered"),
    ("triphosphor", "overlay"),
    ("mercury", "thumbnail"),
    *((lamp, "") for lamp in ("sodium_low", "sodium_high", "krypton", "oxygen", "argon", "xenon")),
    *((lamp, "") for lamp in ("cadmium", "flame_lithium", "flame_copper")),
    *((scene, "") for scene in ("room", "rainbow_flag", "darkness", "text_page", "colour_chart")),
)
# Photos as they are drawn that are answered wrongly or not at all: what is amiss, the rarest first,
# and how many.
MISSES = {
    "an axis far off": 1,
    "another lamp named": 4,
    "named wrongly": 2,
    "a spectrum where there is none": 1,
    "no axis": 3,
    "no band": 3,
    "another band": 3,
    "not named": 3,
}
_SEED, _SIZE_PX, _QUALITY = 2027, 480, 85
_ATTEMPTS = 2000
# Noisy photos are large as JPEGs.
_MAX_BYTES = 40_000
# Draws of one grey level of noise that a chosen photo's answer withstands.
_NOISE_DRAWS = 2


def _draw(rng: np.random.Generator, lamp: str | None, what: str) -> SimulatedPhoto:
    if lamp in PAINTERS or (lamp is None and rng.random() < 0.2):
        return simulate_scene(rng, lamp, quality=0)
    forced = {"large": False} | ({what: True} if what else {})
    if lamp is not None and not what:
        forced |= {"small": False, "dark": False, "monochrome": False}
    return simulate_photo(rng, lamp, held_out=bool(rng.random() < 0.5), quality=0, **forced)


def _shrunk(photo: SimulatedPhoto) -> tuple[bytes, Truth]:
    """Return a photo as a small JPEG, and its truth."""
    factor = min(1.0, _SIZE_PX / max(photo.image.shape[:2]))
    truth = photo.truth
    boxes = [Box(b.x0, b.y0, b.x1, b.y1, b.axis, b.blue_end) for b in truth.boxes]
    image, boxes = rescale(photo.image, boxes, factor)
    stream = BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=_QUALITY)
    boxes = [
        replace(box, **{end: round(getattr(box, end), 1) for end in ("x0", "y0", "x1", "y1")})
        for box in boxes
    ]
    source = truth.class_name or ("other" if truth.boxes else None)
    scale = (np.array(image.shape) / photo.image.shape)[:2]
    marks = [_marks(b, scale) for b in truth.boxes if source in LINE_CLASSES]
    px, nm = ([mark[side] for mark in marks] for side in (0, 1))
    return stream.getvalue(), Truth(source, boxes, px, nm)


def _marks(truth: BandTruth, scale: np.ndarray) -> tuple[list[float], list[float]]:
    """Return places along a band's centre line in the shrunk photo, and their wavelengths."""
    low, high = ends_of(truth)
    px = np.linspace(low, high - 1, 20 * PLACES)
    nm = truth.nm_at(px)
    asked = (nm > ASKED_NM[0]) & (nm < ASKED_NM[1])
    pick = np.flatnonzero(asked if asked.sum() >= PLACES else np.full(len(px), True))
    pick = pick[np.linspace(0, len(pick) - 1, PLACES).round().astype(int)]
    places = (px[pick] + 0.5) * scale[1 if truth.axis == "horizontal" else 0] - 0.5
    return places.round(2).tolist(), nm[pick].round(3).tolist()


def _is_steady(
    image: np.ndarray, said: dict, wrong: list[str], truth: Truth, classifier: Classifier
) -> bool:
    """Return whether an answer withstands one grey level of noise."""
    rng = np.random.default_rng(_SEED)
    for _ in range(_NOISE_DRAWS):
        noise = rng.integers(-1, 2, image.shape)
        noisy = np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)
        again, result = answer(noisy, classifier)
        if amiss(truth, result) != wrong or (not wrong and differences(said, again)):
            return False
    return True


def choose() -> dict[str, dict]:
    """Write photos anew, and return what is kept of each."""
    classifier = Classifier(DEFAULT_MODEL)
    for path in FOLDER.glob("*.jpg"):
        path.unlink()
    kept: dict[str, dict] = {}

    def keep(name: str, data: bytes, photo: dict) -> None:
        name = f"{len(kept):02d}-{name}.jpg"
        (FOLDER / name).write_bytes(data)
        kept[name] = photo
        print(f"{name}: {len(data)} bytes", file=sys.stderr, flush=True)

    for stream, (lamp, what) in enumerate(RIGHT):
        data, photo = next(_draws(stream, lamp, what, classifier))
        keep("-".join(filter(None, (lamp, what))), data, photo)
    wanted = dict(MISSES)
    for data, photo in _draws(len(RIGHT), None, "", classifier):
        # The rarest kind of those that a photo shows.
        kind = next((kind for kind in wanted if kind in photo["amiss"]), None)
        if kind is not None:
            wanted[kind] -= 1
            keep(kind.replace(" ", "_"), data, photo)
        wanted = {kind: count for kind, count in wanted.items() if count}
        if not wanted:
            return kept
    raise SystemExit(f"{_ATTEMPTS} draws lack {wanted}")


def _draws(
    stream: int, lamp: str | None, what: str, classifier: Classifier
) -> Iterator[tuple[bytes, dict]]:
    """Yield drawn photos whose answers are steady, and what is kept of each."""
    for number in range(_ATTEMPTS):
        data, truth = _shrunk(_draw(np.random.default_rng([_SEED, stream, number]), lamp, what))
        if len(data) > _MAX_BYTES:
            continue
        image = read_image(data)
        said, result = answer(image, classifier)
        wrong = amiss(truth, result)
        if bool(wrong) == (lamp is None) and _is_steady(image, said, wrong, truth, classifier):
            yield data, {"truth": _plain(truth), "amiss": wrong, "answer": said}


def _plain(truth: Truth) -> dict:
    boxes = [list(vars(box).values()) for box in truth.boxes]
    return {"source": truth.source, "boxes": boxes, "px": truth.px, "nm": truth.nm}


if __name__ == "__main__":
    save(choose())
