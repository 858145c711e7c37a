"""Many simulations in order, over several processes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from lib.parallel import map_in_order
from lib.simulation.photos.photos import SimulatedPhoto, simulate_photo, simulate_scene

Item = TypeVar("Item")

# Part of the photos with a forced difficulty, beyond its natural rate.
HARD_SHARE = 0.4


def in_order(
    work: Callable[..., Item],
    tasks: Sequence[Iterable],
    *,
    jobs: int,
    what: str,
    cluster: str | None = None,
) -> Iterator[Item]:
    """Yield what `work` returns for the arguments of each task, in their order."""
    done = map_in_order(partial(_call, work), tasks, jobs=jobs, cluster=cluster)
    yield from tqdm(done, total=len(tasks), desc=what, disable=None)


def _call(work: Callable[..., Item], task: Iterable) -> Item:
    return work(*task)


def draw_photo(rng: np.random.Generator, scene_share: float, hard: Sequence[str]) -> SimulatedPhoto:
    """Return a scene without a spectrum, or a photo, at times with a `hard` difficulty forced."""
    if rng.random() < scene_share:
        return simulate_scene(rng)
    forced = rng.random() < HARD_SHARE
    return simulate_photo(rng, **({str(rng.choice(hard)): True} if forced else {}))
