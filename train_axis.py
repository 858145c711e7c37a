"""Fit the verdict on wavelength axes to simulated photos of lamps whose axes are known.

It follows `train_band.py` and `train_trace.py`. Two thirds of the photos fit what each kind of
evidence is worth; the others set how probable an axis must be and how large its errors are.

Reads:  models/band/, models/trace/, models/axis/ (where the weights start)
Writes: models/axis/axis.json

    python train_axis.py --photos 4200
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

import cli
from lib.errors import DataError
from lib.files import require_absent, write_json
from lib.paths import MODELS
from lib.recognition.axis_weights import CARD_NAME, AxisWeights, shipped_weights
from lib.recognition.band import Band, BandNotFound, BandProfile, band_profile, find_band
from lib.recognition.matching import PARTS
from lib.recognition.wavelength import SITUATIONS, Answer, NoAxis, axis_of, choose, stretches
from lib.simulation.photos import simulate_photo
from lib.simulation.truth import BandTruth
from lib.training.axis_verdict import (
    KnownChoice,
    fit_errors,
    fit_weights,
    least_probability,
    probabilities,
)

# Lamps with lines, and the class under which they are recognised.
LAMPS = {
    "triphosphor": "cfl_hg",
    "halophosphate": "cfl_hg",
    "mercury": "cfl_hg",
    "neon": "neon",
    "helium": "helium",
    "hydrogen": "hydrogen",
    "nitrogen": "nitrogen",
}
LISTS = ("cfl", "neon", "helium", "hydrogen", "nitrogen")
ASKED_NM = (430.0, 680.0)
# An axis further off than this anywhere within the asked wavelengths is wrong.
WRONG_NM = 5.0
# Of the axes given, so many may be wrong.
MOST_WRONG = 0.008
# So that no photo is one that a network was trained on, or one of a benchmark.
_STREAM = 50_000_000
_LEAST_PROBABILITY = 0.8


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True, overwrite=True)
    parser.add_argument("--photos", type=int, default=4200, help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=MODELS / "axis", help="default: %(default)s")
    cli.add_jobs_flag(parser)
    return parser.parse_args(argv)


def known_choices(seed: int, number: int) -> list[tuple[KnownChoice, np.ndarray]]:
    """Return the choices that a simulated photo leads to; with each, errors of its best answer.

    The errors are float64 (2, 12): true ones, signless, and stated ones; empty if it is wrong.
    """
    rng = np.random.default_rng([_STREAM + seed, number])
    name = list(LAMPS)[number % len(LAMPS)]
    photo = simulate_photo(rng, name)
    try:
        band = find_band(photo.image)
    except BandNotFound:
        return []
    truth = true_band(band, photo.truth.boxes)
    found = []
    for stretch, part in stretches(band_profile(photo.image, band)):
        known = band.blue_end != "none" and not part
        try:
            choice = choose(stretch, LAMPS[name], blue_known=known, part=part)
        except NoAxis:
            continue
        right, errors = [], np.zeros((2, 0))
        for answer in choice.answers:
            off, stated = errors_of(answer, stretch, band.axis, truth)
            right.append(bool(off.max() < WRONG_NM))
            if answer is choice.answers[0] and right[0]:
                errors = np.stack([off, stated])
        parts = np.array([answer.match.parts for answer in choice.answers])
        situation = [choice.situation.get(key, 0.0) for key in (*SITUATIONS, *LISTS)]
        found.append((KnownChoice(parts, np.array(situation), np.array(right), name), errors))
    return found


def true_band(band: Band, boxes: tuple[BandTruth, ...]) -> BandTruth | None:
    """Return the true band that a found one lies in, None if in none."""
    for box in boxes:
        if box.axis == band.axis:
            inside_x = box.x0 <= (band.x0 + band.x1) / 2 <= box.x1
            inside_y = box.y0 <= (band.y0 + band.y1) / 2 <= box.y1
            if inside_x and inside_y:
                return box
    return None


def errors_of(
    answer: Answer, profile: BandProfile, axis: str, truth: BandTruth | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return true and stated errors of an answer at 12 places of the asked wavelengths, nm."""
    if truth is None:
        return np.full(12, np.inf), np.ones(12)
    low, high = (truth.x0, truth.x1) if truth.axis == "horizontal" else (truth.y0, truth.y1)
    px = np.linspace(low, high - 1, 200)
    nm = truth.nm_at(px)
    asked = np.flatnonzero((nm > ASKED_NM[0]) & (nm < ASKED_NM[1]))
    asked = asked if len(asked) >= 5 else np.arange(200)
    px = px[asked[np.linspace(0, len(asked) - 1, 12).round().astype(int)]]
    plain = AxisWeights({}, {}, 0.0, 1.0, 0.0)
    try:
        fitted = axis_of(answer, profile, axis, plain)
    except NoAxis:
        return np.full(12, np.inf), np.ones(12)
    return np.abs(fitted.nm_at(px) - truth.nm_at(px)), fitted.standard_error_nm(px)


def fit(args: argparse.Namespace) -> None:
    """Simulate, fit, write."""
    path = args.output / CARD_NAME
    require_absent(path, overwrite=args.overwrite)
    tasks = (delayed(known_choices)(args.seed, n) for n in range(args.photos))
    results = Parallel(n_jobs=args.jobs, return_as="generator")(tasks)
    found = [
        (number, *pair)
        for number, pairs in enumerate(tqdm(results, total=args.photos, disable=None))
        for pair in pairs
    ]
    fitting = [choice for number, choice, _ in found if number % 21 < 14]
    held = [(choice, errors) for number, choice, errors in found if number % 21 >= 14]
    if not fitting or not held:
        raise DataError(f"--photos {args.photos}: too few choices to fit; expected 1000 or more")
    start = shipped_weights()
    names = (*SITUATIONS, *LISTS)
    evidence, chance = fit_weights(
        fitting,
        np.array([start.evidence.get(name, 0.0) for name in PARTS]),
        np.array([start.chance.get(name, 0.0) for name in names]),
    )
    best = [probabilities(choice, evidence, chance)[:-1] for choice, _ in held]
    sure = np.array([shares.max() for shares in best])
    right = np.array(
        [choice.right[shares.argmax()] for (choice, _), shares in zip(held, best, strict=True)]
    )
    least = max(least_probability(sure, right, MOST_WRONG), _LEAST_PROBABILITY)
    given = sure >= least
    if not given.any():
        raise DataError(f"--photos {args.photos}: too few to tell when {MOST_WRONG:.1%} are wrong")
    errors = np.concatenate(
        [errors for (_, errors), taken in zip(held, given, strict=True) if taken], axis=1
    )
    scale, floor = fit_errors(*errors)
    card = {
        "evidence": dict(zip(PARTS, evidence.round(4).tolist(), strict=True)),
        "chance": dict(zip(names, chance.round(4).tolist(), strict=True)),
        "least_probability": round(least, 4),
        "error_scale": round(scale, 3),
        "error_floor_nm": round(floor, 3),
        "fitted_on": {"photos": args.photos, "seed": args.seed, "choices": len(fitting)},
        "held_out": {
            "choices": len(held),
            "given": int(given.sum()),
            "wrong": int((~right[given]).sum()),
            "median_error_nm": round(float(np.median(errors[0])), 3),
        },
    }
    write_json(path, card)
    print(f"{path}: {card['held_out']}")
    for lamp in LAMPS:
        of = np.array([choice.lamp == lamp for choice, _ in held])
        if of.any():
            wrong = int((~right[of & given]).sum())
            print(f"  {lamp:<14} {int((of & given).sum())} of {int(of.sum())}, {wrong} wrong")


def main(argv: list[str] | None = None) -> int:
    """Run the fit; return its exit code."""
    args = parse_args(argv)
    return cli.run(lambda: fit(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
