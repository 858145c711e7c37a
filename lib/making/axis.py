"""The network that reads wavelengths along a band, and the verdict on an axis.

The network learns from simulated crops alone. It also trains under Keras' JAX backend on an
accelerator without TensorFlow; freezing needs TensorFlow.
"""

from pathlib import Path

import numpy as np

from lib.errors import DataError
from lib.files import atomic_path, read_json, require_absent, write_json
from lib.making.axis_examples import crop_profiles
from lib.making.axis_truth import LAMPS, asked_places
from lib.making.axis_verdict import WRONG_NM, KnownCandidate, fit_verdict
from lib.making.work import in_order
from lib.recognition.axis.fit import GRID, find_candidate
from lib.recognition.axis.reading import COLUMNS_PER_PLACE, NM_ORIGIN, NM_UNIT, profile_views
from lib.recognition.axis.verdict import CARD_NAME, EVIDENCE
from lib.recognition.band import band_profile, find_band
from lib.simulation.crops.crops import simulate_crops
from lib.simulation.photos.photos import simulate_photo
from lib.simulation.photos.truth import best_box

# Shares of what the network learns to read: lamps whose lines calibrate, the more the harder they
# are to read; every other line list; and light that tells no wavelength but by its colours.
SHARES = dict.fromkeys(LAMPS, 10.0) | {
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
# So that nothing drawn here is drawn by another training, or by a benchmark.
_STREAM = 60_000_000
_FEWEST_CANDIDATES = 100


def make_axis_network(
    output: Path,
    *,
    crops: int,
    crops_seed: int,
    epochs: int,
    seed: int,
    cache: Path,
    start: Path | None,
    rate: float,
    jobs: int,
    overwrite: bool,
) -> Path:
    """Simulate crops and train; return the path of the network, which is not yet frozen.

    Parameters
    ----------
    crops_seed, seed : int
        Of the simulated crops, and of the training.
    cache : Path
        Folder in which crops are kept.
    start : Path or None
        Network to go on from.
    rate : float
        Highest learning rate.
    """
    weights = output / "axis.keras"
    require_absent(weights, overwrite=overwrite)
    held, *training = make_shards(crops, crops_seed, cache, jobs)
    import keras

    from lib.making.axis_network import fit_axis_network

    views, nm = map(np.concatenate, zip(*map(load, training), strict=True))
    network = fit_axis_network(
        views,
        nm,
        load(held),
        columns_per_place=COLUMNS_PER_PLACE,
        seed=seed,
        epochs=epochs,
        start=start,
        rate=rate,
    )
    with atomic_path(weights) as temporary:
        # Not the compiled one: its optimizer's memory is twice as large as the network.
        keras.Model(network.inputs, network.outputs, name=network.name).save(temporary)
    card = {
        "seed": seed,
        "crops": len(views),
        "crops_seed": crops_seed,
        "epochs": epochs,
        "rate": rate,
        "backend": keras.backend.backend(),
    }
    if start is not None:
        card["start"] = read_json(start.parent / "training.json")
    write_json(output / "training.json", card)
    return weights


def make_shards(crops: int, seed: int, cache: Path, jobs: int) -> list[Path]:
    """Simulate all crops; the first shard is for validation."""
    sizes = [VALIDATION_CROPS]
    while sum(sizes[1:]) < crops:
        sizes.append(min(SHARD_CROPS, crops - sum(sizes[1:])))
    paths = [cache / f"crops-{seed}-{number:05d}-{size}.npz" for number, size in enumerate(sizes)]
    tasks = [
        (path, size, _STREAM + 100_000 * seed + number)
        for number, (path, size) in enumerate(zip(paths, sizes, strict=True))
    ]
    list(in_order(make_shard, tasks, jobs=jobs, what="crops"))
    return paths


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
        views.append(profile_views(crop_profiles(rng, batch.images)).astype(np.float16))
        places = batch.column_nm.reshape(len(batch), -1, COLUMNS_PER_PLACE).mean(axis=2)
        places[(places < SEEN_NM[0]) | (places > SEEN_NM[1])] = np.nan
        nm.append(((places - NM_ORIGIN) / NM_UNIT).astype(np.float32))
    return np.concatenate(views), np.concatenate(nm), lamps


def load(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return views and wavelengths of one file."""
    with np.load(path) as file:
        return file["views"], file["nm"]


def freeze_axis_network(output: Path) -> dict:
    """Freeze the trained network in `output`, measured on fresh crops; return its card."""
    weights = output / "axis.keras"
    if not weights.is_file():
        raise DataError(f"{weights}: no such file; expected a trained network")
    import keras

    from lib.making.axis_network import measure, turned
    from lib.making.freeze import freeze

    network = keras.models.load_model(weights, compile=False)
    views, nm, lamps = make_examples(VALIDATION_CROPS // 2, _STREAM - 1)
    told = np.ones(len(views), bool)
    views, nm = turned(views, nm, told, ~told)
    card = {
        "training": read_json(output / "training.json"),
        "validation": measure(network.predict(views, verbose=0), nm, lamps, NM_UNIT),
    }
    return freeze(network, output, views[:32], card, half=True)


def known_candidate(seed: int, number: int) -> KnownCandidate | None:
    """Return what a simulated photo of a known lamp leads to; None if to no candidate."""
    rng = np.random.default_rng([_STREAM + seed, number])
    lamp = list(LAMPS)[number % len(LAMPS)]
    photo = simulate_photo(rng, lamp)
    try:
        band = find_band(photo.image)
        profile = band_profile(band)
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


def make_axis_verdict(output: Path, *, photos: int, seed: int, jobs: int, overwrite: bool) -> dict:
    """Simulate photos of told lamps, fit the verdict on axes, write its card and return it."""
    path = output / CARD_NAME
    require_absent(path, overwrite=overwrite)
    tasks = [(seed, number) for number in range(photos)]
    found = in_order(known_candidate, tasks, jobs=jobs, what="photos")
    known = [candidate for candidate in found if candidate is not None]
    if len(known) < _FEWEST_CANDIDATES:
        raise DataError(f"--photos {photos}: too few to fit; expected 200 or more")
    verdict = fit_verdict(known)
    lamp = np.array([known[k].lamp for k in verdict.claiming])
    given, wrong = verdict.given, verdict.worst_nm >= WRONG_NM
    shares = {name: len(range(k, photos, len(LAMPS))) for k, name in enumerate(LAMPS)}
    card = {
        "weights": dict(zip(EVIDENCE, verdict.weights.round(4).tolist(), strict=True)),
        "offset": round(verdict.offset, 4),
        "least_probability": round(verdict.least_probability, 4),
        "error_scale": round(verdict.error_scale, 4),
        "fitted_on": {"photos": photos, "seed": seed, "candidates": len(known)},
        "given": {
            name: round(float((given & (lamp == name)).sum() / shares[name]), 3) for name in LAMPS
        },
        "wrong": round(float(wrong[given].mean()), 4),
    }
    write_json(path, card)
    return card
