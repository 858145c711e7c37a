"""Fit the verdict on wavelength axes to simulated photos of lamps whose axes are known.

It follows `train_band.py` and `train_trace.py`. Two thirds of the photos fit what each kind of
evidence is worth; the others set how probable an axis must be and how large its errors are. The
search for axes ranks by the weights of before, so each run is one more round.

Reads:  models/band/, models/trace/, models/axis/ (where the weights start)
Writes: models/axis/axis.json

    python train_axis.py --photos 2100 --seed 1 --overwrite
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

import cli
from lib.errors import DataError
from lib.files import require_absent, write_json
from lib.paths import MODELS
from lib.recognition.axis_weights import CARD_NAME, AxisWeights, shipped_weights
from lib.recognition.band import BandNotFound, BandProfile, band_profile, find_band
from lib.recognition.matching import PARTS
from lib.recognition.wavelength import SITUATIONS, Answer, NoAxis, axis_of, choose, stretches
from lib.simulation.photos import simulate_photo
from lib.simulation.truth import best_box
from lib.training.axis_truth import LAMPS, asked_places
from lib.training.axis_verdict import (
    KnownChoice,
    fit_errors,
    fit_weights,
    least_probability,
    probabilities,
)

LISTS = ("cfl", "neon", "helium", "hydrogen", "nitrogen")
# An axis further off than this anywhere within the asked wavelengths is wrong.
WRONG_NM = 5.0
# Of the photos given an axis, so many may be wrong. Nitrogen, which gets an axis only where the
# user names the lamp, is left out.
MOST_WRONG = 0.02
# So that no photo is one that a network was trained on, or one of a benchmark.
_STREAM = 50_000_000
_LEAST_PROBABILITY = 0.7
_AS_FITTED = AxisWeights({}, {}, 0.0, 1.0, 0.0)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True, overwrite=True)
    parser.add_argument("--photos", type=int, default=2100, help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=MODELS / "axis", help="default: %(default)s")
    cli.add_jobs_flag(parser)
    return parser.parse_args(argv)


@dataclass(frozen=True)
class Sample:
    """A choice that a simulated photo leads to, with the errors of the axes that answers give.

    Attributes
    ----------
    number : int
        Of the photo.
    choice : KnownChoice
    errors : list of float64 (2, n) arrays
        Of each answer true errors, signless, and stated ones, nm; of shape (2, 0) where the axis
        would be refused as too uncertain.
    """

    number: int
    choice: KnownChoice
    errors: list[np.ndarray]


def samples_of(seed: int, number: int) -> list[Sample]:
    """Simulate a photo, find its band and lay its lamp's lines."""
    rng = np.random.default_rng([_STREAM + seed, number])
    name = list(LAMPS)[number % len(LAMPS)]
    photo = simulate_photo(rng, name)
    try:
        band = find_band(photo.image)
    except BandNotFound:
        return []
    places, true_nm = asked_places(band, best_box(band, photo.truth.boxes))
    samples = []
    for stretch, part in stretches(band_profile(photo.image, band)):
        known = band.blue_end != "none" and not part
        try:
            choice = choose(stretch, LAMPS[name], blue_known=known, part=part)
        except NoAxis:
            continue
        right, errors = zip(
            *(errors_of(a, stretch, band.axis, places, true_nm) for a in choice.answers),
            strict=True,
        )
        parts = np.array([answer.match.parts for answer in choice.answers])
        situation = np.array([choice.situation.get(key, 0.0) for key in (*SITUATIONS, *LISTS)])
        known_choice = KnownChoice(parts, situation, np.array(right), name)
        samples.append(Sample(number, known_choice, list(errors)))
    return samples


def errors_of(
    answer: Answer, profile: BandProfile, axis: str, px: np.ndarray, true_nm: np.ndarray
) -> tuple[bool, np.ndarray]:
    """Return whether an answer is right, and its errors as `Sample` has them."""
    if not len(px):
        return False, np.zeros((2, 0))
    first, last = profile.position[0], profile.position[-1]
    off = np.abs(answer.nm_at(2 * (px - first) / (last - first) - 1) - true_nm)
    right = bool(off.max() < WRONG_NM)
    try:
        fitted = axis_of(answer, profile, axis, _AS_FITTED)
    except NoAxis:
        return right, np.zeros((2, 0))
    off = np.abs(fitted.nm_at(px) - true_nm)
    return bool(off.max() < WRONG_NM), np.stack([off, fitted.standard_error_nm(px)])


def fit(args: argparse.Namespace) -> None:
    """Simulate, fit, write."""
    path = args.output / CARD_NAME
    require_absent(path, overwrite=args.overwrite)
    tasks = (delayed(samples_of)(args.seed, n) for n in range(args.photos))
    results = Parallel(n_jobs=args.jobs, return_as="generator")(tasks)
    results = tqdm(results, total=args.photos, unit=" photos", disable=None)
    samples = [sample for part in results for sample in part]
    fitting = [sample.choice for sample in samples if sample.number % 21 < 14]
    held = [sample for sample in samples if sample.number % 21 >= 14]
    if not fitting or not held:
        raise DataError(f"--photos {args.photos}: too few choices to fit; expected 1000 or more")
    start = shipped_weights()
    names = (*SITUATIONS, *LISTS)
    evidence, chance = fit_weights(
        fitting,
        np.array([start.evidence.get(name, 0.0) for name in PARTS]),
        np.array([start.chance.get(name, 0.0) for name in names]),
    )
    shares = [probabilities(sample.choice, evidence, chance)[:-1] for sample in held]
    best = [int(share.argmax()) for share in shares]
    errors = [sample.errors[index] for sample, index in zip(held, best, strict=True)]
    usable = np.array([error.size > 0 for error in errors])
    sure = np.array([share.max() for share in shares]) * usable
    right = np.array([s.choice.right[index] for s, index in zip(held, best, strict=True)])
    photo = np.array([sample.number for sample in held])
    lamp = np.array([sample.choice.lamp for sample in held])
    asked = usable & (lamp != "nitrogen")
    least = least_probability(sure[asked], right[asked], photo[asked], MOST_WRONG)
    given = sure >= max(least, _LEAST_PROBABILITY)
    if not given.any():
        raise DataError(f"--photos {args.photos}: too few to tell when {MOST_WRONG:.1%} are wrong")
    kept = [e for e, taken in zip(errors, given & right, strict=True) if taken]
    scale, floor = fit_errors(*np.concatenate(kept, axis=1))
    card = {
        "evidence": dict(zip(PARTS, evidence.round(4).tolist(), strict=True)),
        "chance": dict(zip(names, chance.round(4).tolist(), strict=True)),
        "least_probability": round(max(least, _LEAST_PROBABILITY), 4),
        "error_scale": round(scale, 3),
        "error_floor_nm": round(floor, 3),
        "fitted_on": {"photos": args.photos, "seed": args.seed, "choices": len(fitting)},
        "held_out": {
            "choices": len(held),
            "given": int(given.sum()),
            "wrong": int((~right[given]).sum()),
            "median_error_nm": round(float(np.median(np.concatenate(kept, axis=1)[0])), 3),
        },
    }
    write_json(path, card)
    print(f"{path}: {card['held_out']}")
    for name in LAMPS:
        of = lamp == name
        taken, wrong = int((of & given).sum()), int((of & given & ~right).sum())
        print(f"  {name:<14} {taken} of {int(of.sum())}, {wrong} wrong")


def main(argv: list[str] | None = None) -> int:
    """Run the fit; return its exit code."""
    args = parse_args(argv)
    return cli.run(lambda: fit(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
