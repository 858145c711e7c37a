"""Whole answers for a few dozen small photos, kept so that a change of behaviour is seen as a diff.

python tests/golden_answers.py --photos    # simulate the photos anew
python tests/golden_answers.py             # write what the chain says of them now
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib.files import write_json
from lib.paths import DEFAULT_MODEL
from lib.recognition.name.classifier import Classifier
from lib.recognition.recognise import recognise_file
from lib.simulation.photos.photos import simulate_photo, simulate_scene

FOLDER = Path(__file__).resolve().parent / "golden"
ANSWERS = FOLDER / "answers.json"
# Lamp, or a scene, and a difficulty that is on.
PHOTOS = (
    *((lamp, None) for lamp in ("white_led", "coloured_led", "triphosphor", "halophosphate")),
    *((lamp, None) for lamp in ("mercury", "incandescent", "daylight", "neon", "helium")),
    *((lamp, None) for lamp in ("hydrogen", "nitrogen", "sodium_low", "krypton", "laser")),
    ("triphosphor", "vertical"),
    ("triphosphor", "reversed"),
    ("mercury", "slanted"),
    ("neon", "curved"),
    ("neon", "saturated"),
    ("white_led", "saturated"),
    ("helium", "zero_order"),
    ("hydrogen", "mirrored"),
    ("daylight", "second_order"),
    ("mercury", "monochrome"),
    ("neon", "light_leak"),
    ("triphosphor", "half_slit"),
    ("room", None),
    ("rainbow_flag", None),
)
_SEED, _SIZE_PX, _QUALITY = 2026, 480, 85
_NM_STEPS = 5


def paths() -> list[Path]:
    """Return the photos in order."""
    return [
        FOLDER / f"{number:02d}-{name}{'-' + what if what else ''}.jpg"
        for number, (name, what) in enumerate(PHOTOS)
    ]


def simulate() -> None:
    """Write the photos."""
    for number, (path, (name, what)) in enumerate(zip(paths(), PHOTOS, strict=True)):
        rng = np.random.default_rng([_SEED, number])
        if name in ("room", "rainbow_flag"):
            photo = simulate_scene(rng, name, quality=0)
        else:
            forced = {"small": False, "dark": False, "large": False} | (
                {what: True} if what else {}
            )
            photo = simulate_photo(rng, name, quality=0, **forced)
        picture = Image.fromarray(photo.image)
        picture.thumbnail((_SIZE_PX, _SIZE_PX))
        picture.save(path, quality=_QUALITY)


def answer(path: Path, classifier: Classifier) -> dict:
    """Return what the chain says of one photo, without what another model says otherwise."""
    said = recognise_file(path, classifier).to_json(path.name)
    kept = {name: said[name] for name in ("status", "source", "reason_code", "band")}
    if said["wavelength"] is not None:
        low, high = said["wavelength"]["range_px"]
        px = np.linspace(low, high, _NM_STEPS).round(1)
        nm = np.polynomial.polynomial.polyval(px, said["wavelength"]["coefficients"])
        kept["px"], kept["nm"] = px.tolist(), nm.round(2).tolist()
        kept["lamp"] = said["wavelength"]["lamp"]
    return kept


def answers() -> dict[str, dict]:
    """Return what the chain says of each photo, by file name."""
    classifier = Classifier(DEFAULT_MODEL)
    return {path.name: answer(path, classifier) for path in paths()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", action="store_true", help="simulate the photos anew, too")
    if parser.parse_args().photos:
        FOLDER.mkdir(exist_ok=True)
        simulate()
    write_json(ANSWERS, answers())
