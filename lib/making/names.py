"""The second opinion on a lamp, and the verdict on its name.

The network of the opinion learns from simulated crops, laid over the wavelengths that the shipped
axis network reads in them; the verdict is fitted on simulated photos. A lamp without a class is as
common in both as two of the classes.
"""

from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import atomic_path, require_absent, write_json
from lib.making.axis_examples import crop_profiles
from lib.making.name_verdict import fit_name_verdict
from lib.making.work import in_order
from lib.recognition.axis.reading import read_wavelengths
from lib.recognition.band import band_profile, cut_crop, find_band
from lib.recognition.name.classifier import Classifier
from lib.recognition.name.naming import CARD_NAME, FIGURES, NameEvidence, name_evidence
from lib.recognition.name.opinion import light_over_wavelengths
from lib.simulation.crops.crops import simulate_crops
from lib.simulation.lamps.catalogue import unknown_lamps
from lib.simulation.photos.photos import simulate_photo, weighted
from lib.taxonomy import CLASSES

# Part of the crops, and of the photos, whose lamp has no class.
UNKNOWN_SHARE = 0.3
SHARD_CROPS = 2048
SHARD_PHOTOS = 50
# So that nothing drawn here is drawn by another training, or by a benchmark.
_CROPS_STREAM, _PHOTOS_STREAM = 80_000_000, 70_000_000
_FEWEST_NAMES = 300


def make_name_network(
    output: Path, *, crops: int, epochs: int, seed: int, cache: Path, jobs: int, overwrite: bool
) -> dict:
    """Simulate crops, train, freeze into `output`; return the network's card.

    Parameters
    ----------
    cache : Path
        Folder in which light over wavelengths is kept.
    """
    require_absent(output / f"{output.name}.json", overwrite=overwrite)
    shards = -(-crops // SHARD_CROPS) + 1
    paths = [cache / f"crops-{seed}-{number:04d}.npz" for number in range(shards)]
    first = _CROPS_STREAM + 100_000 * seed
    tasks = [(path, SHARD_CROPS, first + number) for number, path in enumerate(paths)]
    list(in_order(make_shard, tasks, jobs=jobs, what="crops"))
    from lib.making.freeze import freeze
    from lib.making.name_network import fit_name_network

    light, labels = map(np.concatenate, zip(*map(load, paths[1:]), strict=True))
    held = load(paths[0])
    network, figures = fit_name_network(
        light, labels, held, outputs=len(CLASSES) + 1, seed=seed, epochs=epochs
    )
    training = {"seed": seed, "crops": len(light), "epochs": epochs}
    card = {"classes": [*CLASSES, None], "training": training, "validation": figures}
    return freeze(network, output, held[0][:32].astype(np.float32), card, half=True)


def make_shard(path: Path, count: int, seed: int) -> None:
    """Simulate some crops and keep their light over wavelengths, unless they are there."""
    if path.exists():
        return
    rng = np.random.default_rng(seed)
    light, labels = [], []
    for batch in simulate_crops(count, seed, unknown_share=UNKNOWN_SHARE):
        for rgb in crop_profiles(rng, batch.images):
            # Without colours nobody knows which end is blue.
            coloured = bool((np.ptp(rgb, axis=1) > 1).any())
            light.append(light_over_wavelengths(rgb, read_wavelengths(rgb, blue_known=coloured)))
        labels += [label if label >= 0 else len(CLASSES) for label in batch.labels]
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, light=np.array(light, np.float16), labels=np.array(labels))


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
        prediction = classifier.predict(cut_crop(band)[np.newaxis])
        evidence = name_evidence(prediction, band_profile(band).rgb, band.reading)
        found.append((evidence, photo.truth.class_name))
    return found


def make_name_verdict(
    output: Path, *, model: Path, photos: int, seed: int, jobs: int, overwrite: bool
) -> dict:
    """Simulate photos, fit the verdict on names, write its card; return what it names.

    Parameters
    ----------
    model : Path
        Folder of the frozen classifier.
    """
    path = output / CARD_NAME
    require_absent(path, overwrite=overwrite)
    tasks = [(model, seed, number) for number in range(-(-photos // SHARD_PHOTOS))]
    found = [one for part in in_order(known_names, tasks, jobs=jobs, what="photos") for one in part]
    if len(found) < _FEWEST_NAMES:
        raise DataError(f"--photos {photos}: too few to fit; expected 400 or more")
    evidence, truth = zip(*found, strict=True)
    card = fit_name_verdict(
        [one.kind for one in evidence],
        np.array([one.figures for one in evidence]),
        np.array([one.source == name for one, name in found]),
        np.array([name is not None for name in truth]),
        FIGURES,
    )
    card["fitted_on"] = {"photos": photos, "seed": seed, "bands": len(found)}
    write_json(path, card)
    return card["named"]
