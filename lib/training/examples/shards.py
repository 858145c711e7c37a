"""Many simulations in order, over several processes, kept in files."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from tqdm.auto import tqdm

from lib.files import atomic_path
from lib.parallel import map_in_order

Item = TypeVar("Item")


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


def make_shards(
    simulate: Callable[..., dict[str, np.ndarray]],
    tasks: Sequence[tuple],
    *,
    jobs: int,
    what: str,
) -> list[Path]:
    """Return the files of simulated arrays, made where they are not there.

    Parameters
    ----------
    simulate : callable
        Of a module; returns arrays by name.
    tasks : sequence of tuples
        The path of each file, and the arguments that `simulate` takes for it.
    what : str
        What is simulated, for the progress bar.
    """
    missing = [(simulate, *task) for task in tasks if not task[0].exists()]
    list(in_order(_make_shard, missing, jobs=jobs, what=what))
    return [path for path, *_ in tasks]


def _make_shard(simulate: Callable[..., dict[str, np.ndarray]], path: Path, *arguments) -> None:
    arrays = simulate(*arguments)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def load_shards(paths: Sequence[Path], *names: str) -> tuple[np.ndarray, ...]:
    """Return arrays of these names, each joined over all files."""
    parts = []
    for path in paths:
        with np.load(path) as file:
            parts.append([file[name] for name in names])
    return tuple(map(np.concatenate, zip(*parts, strict=True)))
