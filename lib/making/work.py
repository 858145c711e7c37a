"""Many simulations in order, over several processes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from lib.simulation.photos.photos import SimulatedPhoto, simulate_photo, simulate_scene

Item = TypeVar("Item")

# Part of the photos with a forced difficulty, beyond its natural rate.
HARD_SHARE = 0.4


def in_order(
    work: Callable[..., Item], tasks: Sequence[Iterable], *, jobs: int, what: str
) -> Iterator[Item]:
    """Yield what `work` returns for the arguments of each task, in their order."""
    done = Parallel(n_jobs=jobs, return_as="generator")(delayed(work)(*task) for task in tasks)
    yield from tqdm(done, total=len(tasks), desc=what, disable=None)


def draw_photo(rng: np.random.Generator, scene_share: float, hard: Sequence[str]) -> SimulatedPhoto:
    """Return a scene without a spectrum, or a photo, at times with a `hard` difficulty forced."""
    if rng.random() < scene_share:
        return simulate_scene(rng)
    forced = rng.random() < HARD_SHARE
    return simulate_photo(rng, **({str(rng.choice(hard)): True} if forced else {}))
