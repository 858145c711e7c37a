"""What finding and cutting the band costs the classifier: photos against directly made crops.

The same lamps, in equal shares, are simulated as whole photos, which go through `find_band` and
`cut_crop`, and directly as crops. Three accuracies are compared on the seven classes: crops cut
where the finder says, crops cut where the truth says, and directly simulated crops.

Reads:  a frozen model
Writes: the report on stdout

    python benchmarks/score_cropping.py --count 700 --jobs 2
"""

import argparse
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from joblib import Parallel, delayed

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib.paths import DEFAULT_MODEL
from lib.recognition.band import Band, band_of, cut_crop
from lib.recognition.find.finder import BandNotFound, find_band
from lib.recognition.name.classifier import Classifier
from lib.recognition.straighten import Geometry
from lib.recognition.strip import sample_band
from lib.simulation.crops.crops import simulate_crops
from lib.simulation.photos.photos import SimulatedPhoto, simulate_photo
from lib.taxonomy import CLASSES

# So that no photo is one that a network was trained on.
_STREAM = 30_000_000


def photo_crops(seed: int, number: int) -> tuple[int, np.ndarray | None, np.ndarray, str]:
    """Return label, the crop as found (None if not), the crop in its true place, and the family."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng([_STREAM + seed, number])
    label = number % len(CLASSES)
    photo = simulate_photo(rng, CLASSES[label])
    try:
        found = cut_crop(find_band(photo.image))
    except BandNotFound:
        found = None
    return label, found, cut_crop(true_band(photo)), photo.truth.family


def true_band(photo: SimulatedPhoto) -> Band:
    """Return the band that the truth knows, its lines taken to stand square on the trace."""
    box = photo.truth.boxes[0]
    horizontal = box.axis == "horizontal"
    start, stop = (box.x0, box.x1) if horizontal else (box.y0, box.y1)
    breadth = box.y1 - box.y0 if horizontal else box.x1 - box.x0
    along = np.arange(start, stop, dtype=float)
    across = np.polynomial.polynomial.polyval(along, box.centre_line)
    half = max((breadth - np.ptp(across)) / 2, 0.5)
    geometry = Geometry(box.axis, start, stop - 1, box.centre_line, half)
    geometry = replace(geometry, lean=-geometry.slope())
    with suppress(BandNotFound):
        found = find_band(photo.image).geometry
        if found.axis == box.axis:
            geometry = replace(geometry, lean=found.lean, smile=found.smile)
    strip = sample_band(photo.image, geometry, rows=(-0.7 * half, 0.7 * half))
    way = {"left": 1, "top": 1, "right": -1, "bottom": -1, "none": 0}[box.blue_end]
    return band_of(strip, slice(None), photo.image.shape, towards_red=way, evidence=1.0)


def accuracy(classifier: Classifier, crops: np.ndarray, labels: np.ndarray) -> str:
    """Share of right classes with its 95 % interval, in percent."""
    right = classifier.predict(crops).probabilities.argmax(axis=1) == labels
    share, n = right.mean(), len(right)
    return f"{100 * share:.2f} +- {196 * np.sqrt(share * (1 - share) / n):.2f} % of {n}"


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="default: %(default)s")
    parser.add_argument("--count", type=int, default=700, help="photos (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: %(default)s)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the comparison."""
    args = parse_args(argv)
    classifier = Classifier(args.model)
    results = Parallel(n_jobs=args.jobs)(
        delayed(photo_crops)(args.seed, number) for number in range(args.count)
    )
    kept = [result for result in results if result[1] is not None]
    labels = np.array([result[0] for result in kept])
    print(f"bands found: {len(kept)} of {len(results)}")
    found = np.stack([result[1] for result in kept])
    print(f"crops cut where the finder says: {accuracy(classifier, found, labels)}")
    true = np.stack([result[2] for result in kept])
    print(f"crops cut where the truth says:  {accuracy(classifier, true, labels)}")
    families = np.array([result[3] for result in kept])
    for family in sorted(set(families)):
        here = families == family
        print(f"    {family:<12}{accuracy(classifier, found[here], labels[here])}")
    direct = [(b.images, b.labels) for b in simulate_crops(2 * args.count, _STREAM + args.seed)]
    images, truth = (np.concatenate(parts) for parts in zip(*direct, strict=True))
    known = truth >= 0
    print(f"directly simulated crops:        {accuracy(classifier, images[known], truth[known])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
