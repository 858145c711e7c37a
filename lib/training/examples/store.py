"""Simulated examples: made once, over several processes, kept in files, drawn at random."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from tqdm.auto import tqdm

from lib.files import scratch_folder
from lib.parallel import map_in_order

Item = TypeVar("Item")
# Of one kind of example: arrays of shape (n, ...) by name.
Arrays = dict[str, np.ndarray]


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


class Examples:
    """Examples in shards, of which only what is taken is read: they may be larger than memory.

    Parameters
    ----------
    shards : sequence of dict
        Arrays of the same names in each.

    Attributes
    ----------
    shards : list of dict
    """

    def __init__(self, shards: Sequence[Arrays]):
        self.shards = list(shards)
        sizes = [len(next(iter(shard.values()))) for shard in self.shards]
        self._ends = np.cumsum(sizes)
        self._starts = self._ends - sizes

    def __len__(self) -> int:
        """Return the number of examples."""
        return int(self._ends[-1])

    def take(self, rows: np.ndarray) -> Arrays:
        """Return examples by their numbers, int (n,)."""
        shards = np.searchsorted(self._ends, rows, side="right")
        places = list(zip(shards, rows - self._starts[shards], strict=True))
        return {
            name: np.stack([self.shards[shard][name][row] for shard, row in places])
            for name in self.shards[0]
        }

    def joined(self) -> Arrays:
        """Return all examples, in memory."""
        return {
            name: np.concatenate([shard[name] for shard in self.shards]) for name in self.shards[0]
        }


def simulated(
    simulate: Callable[[int, int], Arrays],
    folder: Path,
    seed: int,
    numbers: Iterable[int],
    *,
    jobs: int,
    what: str,
) -> list[Arrays]:
    """Return shards of simulated examples, made where `folder` does not hold them yet.

    Parameters
    ----------
    simulate : callable
        Of a module; returns the arrays of a shard, given the seed and the shard's number.
    what : str
        What is simulated, for the progress bar.
    """
    paths = {number: folder / f"{seed}-{number:05d}" for number in numbers}
    missing = [(simulate, path, seed, n) for n, path in paths.items() if not path.exists()]
    list(in_order(_make, missing, jobs=jobs, what=what))
    return [
        {file.stem: np.load(file, mmap_mode="r") for file in sorted(path.glob("*.npy"))}
        for path in paths.values()
    ]


def _make(simulate: Callable[[int, int], Arrays], path: Path, seed: int, number: int) -> None:
    with scratch_folder(path.parent) as scratch:
        whole = scratch / path.name
        whole.mkdir()
        for name, array in simulate(seed, number).items():
            np.save(whole / f"{name}.npy", array)
        whole.rename(path)
