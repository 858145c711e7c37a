"""The network that reads a line through a photo, trained on simulated photos alone.

Lines are those along which the shipped band network sees spectra, and others drawn near the truth.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lib.files import atomic_path
from lib.litert import open_network
from lib.making.band import HARD as HARD_TO_FIND
from lib.making.trace_views import belongs, draw_window, ends_of, half_height, trace_targets
from lib.making.work import draw_photo, in_order
from lib.recognition.find.orders import first_window
from lib.recognition.find.search import find_candidates
from lib.recognition.find.trace_view import PLACES, look_along
from lib.recognition.straighten import Geometry
from lib.simulation.photos.truth import BandTruth

SHARD_PHOTOS = 50
# Part of the photos that show no spectrum: of these only false candidates are learned from.
SCENE_SHARE = 0.35
# Held back for validation.
VALIDATION_SHARE = 0.048
HARD = (*HARD_TO_FIND, "overlay", "saturated")
# Beside the lines that the finder sees, windows drawn about the bands.
WINDOWS_PER_PHOTO = 4
# So that no photo is one that the band network was trained on.
_STREAM = 7_000_000


def make_trace_network(
    output: Path,
    *,
    photos: int,
    epochs: int,
    seed: int,
    cache: Path,
    teachers: Sequence[Path],
    jobs: int,
    overwrite: bool,
) -> dict:
    """Simulate lines, train, freeze into `output`; return the network's card.

    Parameters
    ----------
    cache : Path
        Folder in which lines are kept.
    teachers : sequence of Path
        Folders of trace networks whose opinions are learned.
    """
    networks = [open_network(folder) for folder in teachers]
    shards = -(-photos // SHARD_PHOTOS)
    list(in_order(make_shard, [(seed, n, cache) for n in range(shards)], jobs=jobs, what="lines"))
    from lib.making.trace_fit import fit_trace_network

    paths = [cache / f"lines-{seed}-{number:04d}.npz" for number in range(shards)]
    held = max(1, round(VALIDATION_SHARE * shards))
    return fit_trace_network(
        paths[:-held],
        paths[-held:],
        output,
        seed=seed,
        epochs=epochs,
        teachers=networks,
        overwrite=overwrite,
    )


def make_shard(seed: int, number: int, folder: Path) -> None:
    """Make the examples of `SHARD_PHOTOS` simulated photos, unless they are there."""
    path = folder / f"lines-{seed}-{number:04d}.npz"
    if path.exists():
        return
    rng = np.random.default_rng([_STREAM + seed, number])
    examples = []
    for _ in range(SHARD_PHOTOS):
        photo = draw_photo(rng, SCENE_SHARE, HARD)
        found = [candidate.geometry for candidate in find_candidates(photo.image)]
        examples += lines_of(rng, photo.image, photo.truth.boxes, found)
    light, targets = (np.stack(part).astype(np.float16) for part in zip(*examples, strict=True))
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, light=light, targets=targets)


def lines_of(
    rng: np.random.Generator,
    image: np.ndarray,
    boxes: Sequence[BandTruth],
    found: Sequence[Geometry],
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return pairs of light and targets along the lines found in a photo and near its bands."""
    whole = [box for box in boxes if box.part == "whole"]
    windows = [(line, first_window(line)) for line in found]
    if whole:
        for _ in range(WINDOWS_PER_PHOTO):
            box = whole[rng.integers(len(whole))]
            lines = [line for line in found if belongs(line, box)] or [jittered(rng, box)]
            windows.append((lines[rng.integers(len(lines))], draw_window(rng, *ends_of(box))))
    examples = []
    for line, window in windows:
        view = look_along(image, line, *window)
        edges = view.to_photo(np.arange(PLACES + 1))
        examples.append((view.light, trace_targets(edges, line, whole)))
    return examples


def jittered(rng: np.random.Generator, box: BandTruth) -> Geometry:
    """Return a line near a band, as the finder might have seen it."""
    first, last = ends_of(box)
    half = half_height(box)
    shift, slope = rng.normal(0, 0.25 * half), rng.normal(0, 0.2 * half / max(last - first, 2))
    middle = (first + last) / 2
    line = np.polynomial.Polynomial(box.centre_line)
    line = line + shift + np.polynomial.Polynomial([-slope * middle, slope])
    tall = max(half * np.exp(rng.normal(0, 0.2)), 0.5)
    return Geometry(box.axis, float(first), float(last - 1), tuple(map(float, line.coef)), tall)
