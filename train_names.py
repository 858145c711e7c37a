"""Train what says how surely a lamp is named: a second opinion, and the verdict on a name.

`network` learns from simulated crops, laid over the wavelengths that the shipped axis network reads
in them. `verdict` fits, on simulated photos, how probably a name is right by the classifier, the
second opinion and the lamp's lines, and from which probability on it is given; it follows
`train_default.py`, `train_axis.py` and `network`. A lamp without a class is as common in both as
two classes or three. Ten minutes each on two cores.

Reads:  models/axis/; `verdict`: models/band, trace, axis, default and names
Writes: InputData/name_crops/*.npz; models/names/names.tflite, names.json, verdict.json

    python train_names.py network
    python train_names.py verdict
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

import cli
from lib.errors import DataError
from lib.files import atomic_path, require_absent, write_json
from lib.paths import DEFAULT_MODEL, INPUT_DATA, MODELS
from lib.recognition.band import band_profile, cut_crop, find_band
from lib.recognition.classifier import Classifier
from lib.recognition.naming import CARD_NAME, FIGURES, NameEvidence, name_evidence
from lib.recognition.opinion import light_over_wavelengths
from lib.recognition.reading import read_wavelengths
from lib.simulation.crops import simulate_crops
from lib.simulation.lamps import unknown_lamps
from lib.simulation.photos import simulate_photo, weighted
from lib.taxonomy import CLASSES
from lib.training.axis_examples import as_in_photos

# Part of the crops, and of the photos, whose lamp has no class.
UNKNOWN_SHARE = 0.3
SHARD_CROPS = 2048
SHARD_PHOTOS = 50
# Rows dropped at either end of each column's sorted values, as in band profiles.
_TRIM_ROWS = 3
# So that nothing drawn here is drawn by another training, or by a benchmark.
_CROPS_STREAM, _PHOTOS_STREAM = 80_000_000, 70_000_000
_FEWEST_NAMES = 300


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    network = commands.add_parser("network", help="simulate crops, train, freeze")
    network.add_argument("--crops", type=int, default=120_000, help="default: %(default)s")
    network.add_argument("--epochs", type=int, default=5, help="default: %(default)s")
    network.add_argument(
        "--cache", type=Path, default=INPUT_DATA / "name_crops", help="default: %(default)s"
    )
    network.set_defaults(work=train_network)
    verdict = commands.add_parser("verdict", help="fit how surely a lamp is named")
    verdict.add_argument("--photos", type=int, default=4000, help="default: %(default)s")
    verdict.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="default: %(default)s")
    verdict.set_defaults(work=fit_verdict)
    for command in (network, verdict):
        cli.add_shared_flags(command, seed=True, overwrite=True)
        cli.add_jobs_flag(command)
        command.add_argument(
            "--output", type=Path, default=MODELS / "names", help="default: %(default)s"
        )
    return parser.parse_args(argv)


def make_shard(path: Path, count: int, seed: int) -> None:
    """Simulate some crops and keep their light over wavelengths, unless they are there."""
    if path.exists():
        return
    rng = np.random.default_rng(seed)
    light, labels = [], []
    for batch in simulate_crops(count, seed, unknown_share=UNKNOWN_SHARE):
        rows = np.sort(batch.images, axis=1)[:, _TRIM_ROWS:-_TRIM_ROWS]
        for rgb in as_in_photos(rng, rows.mean(axis=1, dtype=np.float32)):
            # Without colours nobody knows which end is blue.
            coloured = bool((np.ptp(rgb, axis=1) > 1).any())
            light.append(light_over_wavelengths(rgb, read_wavelengths(rgb, blue_known=coloured)))
        labels += [label if label >= 0 else len(CLASSES) for label in batch.labels]
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, light=np.array(light, np.float16), labels=np.array(labels))


def train_network(args: argparse.Namespace) -> None:
    """Simulate, train, freeze."""
    require_absent(args.output / "names.json", overwrite=args.overwrite)
    shards = -(-args.crops // SHARD_CROPS) + 1
    paths = [args.cache / f"crops-{args.seed}-{number:04d}.npz" for number in range(shards)]
    seed = _CROPS_STREAM + 100_000 * args.seed
    tasks = (delayed(make_shard)(path, SHARD_CROPS, seed + k) for k, path in enumerate(paths))
    done = Parallel(n_jobs=args.jobs, return_as="generator_unordered")(tasks)
    for _ in tqdm(done, total=shards, desc="crops", unit="shard", disable=None):
        pass
    from lib.training.lite_network import freeze
    from lib.training.name_network import fit_name_network

    light, labels = map(np.concatenate, zip(*map(load, paths[1:]), strict=True))
    held = load(paths[0])
    network, figures = fit_name_network(
        light, labels, held, outputs=len(CLASSES) + 1, seed=args.seed, epochs=args.epochs
    )
    training = {"seed": args.seed, "crops": len(light), "epochs": args.epochs}
    card = {"classes": [*CLASSES, None], "training": training, "validation": figures}
    freeze(network, args.output, held[0][:32].astype(np.float32), card, half=True)
    print(f"{args.output}: {figures}")


def load(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return light and labels of one file."""
    with np.load(path) as file:
        return file["light"], file["labels"]


def known_names(model: Path, seed: int, number: int) -> list[tuple[NameEvidence, str | None]]:
    """Return the evidence for the names of some simulated photos, and their true classes.

    Photos without a band are left out.
    """
    classifier, found = Classifier(model), []
    for index in range(number * SHARD_PHOTOS, (number + 1) * SHARD_PHOTOS):
        rng = np.random.default_rng([_PHOTOS_STREAM + seed, index])
        unknown = rng.random() < UNKNOWN_SHARE
        lamp = weighted(rng, unknown_lamps(held_out=False)).name if unknown else None
        photo = simulate_photo(rng, lamp or str(rng.choice(CLASSES)))
        try:
            band = find_band(photo.image)
        except DataError:
            continue
        prediction = classifier.predict(cut_crop(photo.image, band)[np.newaxis])
        profile = band_profile(photo.image, band)
        found.append((name_evidence(prediction, profile, band), photo.truth.class_name))
    return found


def fit_verdict(args: argparse.Namespace) -> None:
    """Simulate photos, fit the verdict on names, write its card."""
    from lib.training.name_verdict import fit_name_verdict

    path = args.output / CARD_NAME
    require_absent(path, overwrite=args.overwrite)
    shards = -(-args.photos // SHARD_PHOTOS)
    tasks = (delayed(known_names)(args.model, args.seed, number) for number in range(shards))
    done = Parallel(n_jobs=args.jobs, return_as="generator")(tasks)
    found = [one for part in tqdm(done, total=shards, disable=None) for one in part]
    if len(found) < _FEWEST_NAMES:
        raise DataError(f"--photos {args.photos}: too few to fit; expected 400 or more")
    evidence, truth = zip(*found, strict=True)
    card = fit_name_verdict(
        [one.kind for one in evidence],
        np.array([one.figures for one in evidence]),
        np.array([one.source == name for one, name in found]),
        np.array([name is not None for name in truth]),
        FIGURES,
    )
    card["fitted_on"] = {"photos": args.photos, "seed": args.seed, "bands": len(found)}
    write_json(path, card)
    print(f"{path}: {card['named']}")


def main(argv: list[str] | None = None) -> int:
    """Run the training; return its exit code."""
    args = parse_args(argv)
    return cli.run(lambda: args.work(args), verbose=args.verbose)


if __name__ == "__main__":
    sys.exit(main())
