"""Train what gives a band its wavelengths: the network that reads them, the verdict on an axis.

`network` learns from simulated crops alone, made once and kept under --cache. Under Keras' JAX
backend (KERAS_BACKEND=jax) it also runs on an accelerator without TensorFlow, and `freeze`
finishes its work elsewhere. `verdict` fits, on simulated photos whose lamp is told, how probable an
axis must be to be given and how large its errors are; it follows `train_band.py`,
`train_trace.py` and `network`. `names` fits how surely a lamp with lines is named, by the
classifier and by its lines; it follows `train_default.py` and `verdict`.
The shipped network took 700,000 crops, seven epochs, seed 2, five minutes on an H200.

Reads:  nothing; `freeze`: models/axis/axis.keras; `verdict`, `names`: models/band, trace, axis
        and default
Writes: InputData/axis_crops/*.npz; models/axis/axis.keras, axis.tflite, axis.json,
        verdict.json, names.json

    python train_axis.py network --crops 696320 --epochs 7 --seed 2
    python train_axis.py freeze
    python train_axis.py verdict
    python train_axis.py names
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

import cli
from lib.errors import DataError
from lib.files import atomic_path, read_json, require_absent, write_json
from lib.paths import DEFAULT_MODEL, INPUT_DATA, MODELS
from lib.quiet import quiet_stderr
from lib.recognition.axis import NoAxis
from lib.recognition.axis_verdict import CARD_NAME, EVIDENCE
from lib.recognition.band import band_profile, cut_crop, find_band
from lib.recognition.classifier import Classifier
from lib.recognition.line_lists import LINE_LAMPS
from lib.recognition.reading import COLUMNS_PER_PLACE, NM_ORIGIN, NM_UNIT, profile_views
from lib.recognition.rejection import NAMES_CARD, log_odds
from lib.recognition.wavelength import GRID, find_candidate, fit_axis
from lib.simulation.crops import simulate_crops
from lib.simulation.lamps import unknown_lamps
from lib.simulation.photos import simulate_photo, weighted
from lib.simulation.truth import best_box
from lib.taxonomy import CLASSES
from lib.training.axis_examples import as_in_photos
from lib.training.axis_truth import LAMPS, asked_places
from lib.training.axis_verdict import WRONG_NM, KnownCandidate, fit_verdict

# Shares of what the network learns to read: lamps whose lines calibrate, the more the harder they
# are to read; every other line list; and light that tells no wavelength but by its colours.
SHARES = {
    "triphosphor": 12,
    "mercury": 12,
    "halophosphate": 7,
    "neon": 13,
    "helium": 9,
    "hydrogen": 10,
    "nitrogen": 12,
    "daylight": 5,
    "star": 2,
    "argon": 3,
    "krypton": 2,
    "xenon": 2,
    "sodium_low": 1,
    "sodium_high": 1,
    "cadmium": 1,
    "zinc": 1,
    "thallium": 0.5,
    "metal_halide": 1,
    "oxygen": 0.7,
    "carbon_dioxide": 0.7,
    "mixture": 2,
    "white_led": 2,
    "coloured_led": 1,
    "rgb_led": 1,
    "incandescent": 1,
    "laser": 0.5,
    "laser_lines": 0.5,
    "comb": 0.7,
    "curve": 0.7,
    "flame_gas": 0.3,
    "flame_strontium": 0.2,
}
SHARD_CROPS = 8192
# Held back for validation.
VALIDATION_CROPS = 8192
# Wavelengths beyond these are no light that a camera sees.
SEEN_NM = (330.0, 1080.0)
# Part of the rows dropped at either end of each column's sorted values, as in band profiles.
_TRIM_ROWS = 3
# So that nothing drawn here is drawn by another training, or by a benchmark.
_STREAM, _NAMES_STREAM = 60_000_000, 70_000_000
_FEWEST_CANDIDATES = 100
# As many unknown lamps as others: what is named shall be right.
_UNKNOWN_EVERY = 2


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    network = commands.add_parser("network", help="simulate, train, freeze")
    cli.add_shared_flags(network, seed=True, overwrite=True)
    network.add_argument("--crops", type=int, default=200_000, help="default: %(default)s")
    network.add_argument("--epochs", type=int, default=4, help="default: %(default)s")
    network.add_argument(
        "--crops-seed", type=int, default=0, help="of the simulated crops; default: %(default)s"
    )
    network.add_argument(
        "--start", type=Path, help="axis.keras to go on from; default: from scratch"
    )
    network.add_argument("--rate", type=float, default=3e-3, help="default: %(default)s")
    network.add_argument(
        "--cache", type=Path, default=INPUT_DATA / "axis_crops", help="default: %(default)s"
    )
    cli.add_jobs_flag(network)
    freeze = commands.add_parser("freeze", help="axis.keras to LiteRT")
    cli.add_shared_flags(freeze, overwrite=True)
    verdict = commands.add_parser("verdict", help="fit the verdict on axes")
    cli.add_shared_flags(verdict, seed=True, overwrite=True)
    verdict.add_argument("--photos", type=int, default=2800, help="default: %(default)s")
    cli.add_jobs_flag(verdict)
    names = commands.add_parser("names", help="fit how surely lamps with lines are named")
    cli.add_shared_flags(names, seed=True, overwrite=True)
    names.add_argument("--photos", type=int, default=2000, help="default: %(default)s")
    names.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="default: %(default)s")
    cli.add_jobs_flag(names)
    for command in (network, freeze, verdict, names):
        command.add_argument(
            "--output", type=Path, default=MODELS / "axis", help="default: %(default)s"
        )
    return parser.parse_args(argv)


def make_shard(path: Path, count: int, seed: int) -> None:
    """Simulate some crops and keep what the network sees of them, unless they are there."""
    if path.exists():
        return
    views, nm, _ = make_examples(count, seed)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, views=views, nm=nm)


def make_examples(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return views, wavelengths and lamps of simulated crops, as `fit_axis_network` takes them."""
    rng = np.random.default_rng(seed)
    views, nm, lamps = [], [], []
    for batch in simulate_crops(count, seed, lamps=SHARES):
        lamps += batch.lamps
        rows = np.sort(batch.images, axis=1)[:, _TRIM_ROWS:-_TRIM_ROWS]
        profiles = as_in_photos(rng, rows.mean(axis=1, dtype=np.float32))
        views.append(profile_views(profiles).astype(np.float16))
        places = batch.column_nm.reshape(len(batch), -1, COLUMNS_PER_PLACE).mean(axis=2)
        places[(places < SEEN_NM[0]) | (places > SEEN_NM[1])] = np.nan
        nm.append(((places - NM_ORIGIN) / NM_UNIT).astype(np.float32))
    return np.concatenate(views), np.concatenate(nm), lamps


def make_shards(args: argparse.Namespace) -> list[Path]:
    """Simulate all crops; the first shard is for validation."""
    sizes = [VALIDATION_CROPS]
    while sum(sizes[1:]) < args.crops:
        sizes.append(min(SHARD_CROPS, args.crops - sum(sizes[1:])))
    paths, tasks = [], []
    for number, size in enumerate(sizes):
        seed = _STREAM + 100_000 * args.crops_seed + number
        paths.append(args.cache / f"crops-{args.crops_seed}-{number:05d}-{size}.npz")
        tasks.append(delayed(make_shard)(paths[-1], size, seed))
    done = Parallel(n_jobs=args.jobs, return_as="generator_unordered")(tasks)
    for _ in tqdm(done, total=len(tasks), desc="crops", unit="shard", disable=None):
        pass
    return paths


def load(paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Return views and wavelengths of many files."""
    parts = []
    for path in paths:
        with np.load(path) as file:
            parts.append((file["views"], file["nm"]))
    views, nm = zip(*parts, strict=True)
    return np.concatenate(views), np.concatenate(nm)


def train(args: argparse.Namespace) -> None:
    """Simulate, train and, where TensorFlow is the backend, freeze."""
    cli.require("keras")
    weights = args.output / "axis.keras"
    require_absent(weights, overwrite=args.overwrite)
    held, *training = make_shards(args)
    with quiet_stderr():
        import keras

        from lib.training.axis_network import fit_axis_network

    views, nm = load(training)
    network = fit_axis_network(
        views,
        nm,
        load([held]),
        columns_per_place=COLUMNS_PER_PLACE,
        seed=args.seed,
        epochs=args.epochs,
        start=args.start,
        rate=args.rate,
    )
    with atomic_path(weights) as temporary:
        # Not the compiled one: its optimizer's memory is twice as large as the network.
        keras.Model(network.inputs, network.outputs, name=network.name).save(temporary)
    card = {
        "seed": args.seed,
        "crops": len(views),
        "crops_seed": args.crops_seed,
        "epochs": args.epochs,
        "rate": args.rate,
        "backend": keras.backend.backend(),
    }
    if args.start is not None:
        card["start"] = read_json(args.start.parent / "training.json")
    write_json(args.output / "training.json", card)
    if keras.backend.backend() == "tensorflow":
        freeze(args)
    else:
        print(f"{weights}: freeze it with TensorFlow: train_axis.py freeze --output {args.output}")


def freeze(args: argparse.Namespace) -> None:
    """Freeze the trained network to LiteRT, measured on fresh crops."""
    weights = args.output / "axis.keras"
    if not weights.is_file():
        raise DataError(f"{weights}: no such file; expected a trained network")
    with quiet_stderr():
        import keras

        from lib.training.axis_network import measure, turned
        from lib.training.lite_network import freeze as freeze_network

    network = keras.models.load_model(weights, compile=False)
    views, nm, lamps = make_examples(VALIDATION_CROPS // 2, _STREAM - 1)
    told = np.ones(len(views), bool)
    views, nm = turned(views, nm, told, ~told)
    card = {
        "training": read_json(args.output / "training.json"),
        "validation": measure(network.predict(views, verbose=0), nm, lamps, NM_UNIT),
    }
    freeze_network(network, args.output, views[:32], card, half=True)
    print(f"{args.output}: {card['validation']}")


def known_candidate(seed: int, number: int) -> KnownCandidate | None:
    """Return what a simulated photo of a known lamp leads to; None if to no candidate."""
    rng = np.random.default_rng([_STREAM + seed, number])
    lamp = list(LAMPS)[number % len(LAMPS)]
    photo = simulate_photo(rng, lamp)
    try:
        band = find_band(photo.image)
        profile = band_profile(photo.image, band)
        candidate = find_candidate(profile, LAMPS[lamp], band.reading)
    except DataError:
        return None
    fit = candidate.match.fit
    off = np.full(len(GRID), np.inf)
    px, nm = asked_places(band, best_box(band, photo.truth.boxes), everywhere=True)
    if len(px):
        first, last = profile.position[0], profile.position[-1]
        t = (2 * (px - first) / (last - first) - 1) * (-1 if candidate.backwards else 1)
        order = np.argsort(t)
        true_nm = np.interp(GRID, t[order], nm[order], left=np.nan, right=np.nan)
        off = fit.nm_at(GRID) - true_nm
    return KnownCandidate(lamp, candidate, off, fit.error_at(GRID))


def fit_and_write_verdict(args: argparse.Namespace) -> None:
    """Simulate photos, fit the verdict, write its card."""
    path = args.output / CARD_NAME
    require_absent(path, overwrite=args.overwrite)
    tasks = (delayed(known_candidate)(args.seed, number) for number in range(args.photos))
    found = Parallel(n_jobs=args.jobs, return_as="generator")(tasks)
    found = tqdm(found, total=args.photos, unit=" photos", disable=None)
    known = [candidate for candidate in found if candidate is not None]
    if len(known) < _FEWEST_CANDIDATES:
        raise DataError(f"--photos {args.photos}: too few to fit; expected 200 or more")
    verdict = fit_verdict(known)
    lamp = np.array([known[k].lamp for k in verdict.claiming])
    given, wrong = verdict.given, verdict.worst_nm >= WRONG_NM
    photos = {name: len(range(k, args.photos, len(LAMPS))) for k, name in enumerate(LAMPS)}
    card = {
        "weights": dict(zip(EVIDENCE, verdict.weights.round(4).tolist(), strict=True)),
        "offset": round(verdict.offset, 4),
        "least_probability": round(verdict.least_probability, 4),
        "error_scale": round(verdict.error_scale, 4),
        "fitted_on": {"photos": args.photos, "seed": args.seed, "candidates": len(known)},
        "given": {
            name: round(float((given & (lamp == name)).sum() / photos[name]), 3) for name in LAMPS
        },
        "wrong": round(float(wrong[given].mean()), 4),
    }
    write_json(path, card)
    print(f"{path}: given {card['given']}, {card['wrong']:.1%} of these wrong")


def known_names(model: Path, seed: int, numbers: Sequence[int]) -> list[tuple[float, float, bool]]:
    """Return what classifier and lines say of some photos' names, and whether each is right.

    One photo in `_UNKNOWN_EVERY` is of an unknown lamp. Those without a band, and those whose guess
    has no lines, are left out.
    """
    classifier, found = Classifier(model), []
    for number in numbers:
        rng = np.random.default_rng([_NAMES_STREAM + seed, number])
        lamp = (
            weighted(rng, unknown_lamps(held_out=False)).name
            if number % _UNKNOWN_EVERY == 0
            else None
        )
        photo = simulate_photo(rng, lamp or str(rng.choice(CLASSES)))
        try:
            band = find_band(photo.image)
        except DataError:
            continue
        prediction = classifier.predict(cut_crop(photo.image, band)[np.newaxis])
        guess = CLASSES[int(prediction.logits[0].argmax())]
        if guess not in LINE_LAMPS:
            continue
        try:
            profile = band_profile(photo.image, band)
            lines = fit_axis(profile, guess, reading=band.reading).probability
        except NoAxis as error:
            lines = error.probability
        found.append((float(prediction.certainty[0]), lines, photo.truth.class_name == guess))
    return found


def fit_and_write_names(args: argparse.Namespace) -> None:
    """Simulate photos, fit how surely a lamp with lines is named, write the card."""
    path = args.output / NAMES_CARD
    require_absent(path, overwrite=args.overwrite)
    parts = np.array_split(np.arange(args.photos), max(1, args.photos // 50))
    tasks = (delayed(known_names)(args.model, args.seed, part.tolist()) for part in parts)
    done = Parallel(n_jobs=args.jobs, return_as="generator")(tasks)
    found = [one for part in tqdm(done, total=len(parts), disable=None) for one in part]
    if len(found) < _FEWEST_CANDIDATES:
        raise DataError(f"--photos {args.photos}: too few to fit; expected 400 or more")
    certainty, lines, right = (np.array(column) for column in zip(*found, strict=True))
    model = LogisticRegression().fit(np.stack([log_odds(certainty), log_odds(lines)], 1), right)
    weights = dict(zip(("certainty", "lines"), model.coef_[0].round(4).tolist(), strict=True))
    card = {
        **weights,
        "offset": round(float(model.intercept_[0]), 4),
        "fitted_on": {"photos": args.photos, "seed": args.seed, "guesses": len(found)},
    }
    write_json(path, card)
    print(f"{path}: {card}")


def main(argv: list[str] | None = None) -> int:
    """Run the training; return its exit code."""
    args = parse_args(argv)
    work = {
        "network": train,
        "freeze": freeze,
        "verdict": fit_and_write_verdict,
        "names": fit_and_write_names,
    }[args.command]
    return cli.run(lambda: work(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
