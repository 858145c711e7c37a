"""Work over many items in order: in this process, in several, or on a Dask cluster.

Results come in the order of the items, and only some tasks are in flight at a time, so that memory
stays flat however many items there are. A process that dies costs time alone: its tasks are done
again.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Protocol, TypeVar

import cv2

from lib.errors import DataError

Item = TypeVar("Item")
Result = TypeVar("Result")

# Tasks in flight for each process: one at work, the others so that none waits for the client.
TASKS_PER_PROCESS = 3
# A task that was lost so often with its process is what kills it.
_MAX_LOSSES = 3
# Longer than the client is busy between two maps; their start costs a second or two.
_IDLE_S = 60
# How often a process looks whether the one that started it still lives.
_PARENT_EVERY_S = 1.0
# The processes are the parallelism; threads inside them would only compete.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def map_in_order(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    jobs: int = 1,
    cluster: str | None = None,
    per_task: int = 1,
    few: int = 2,
    reads: Callable[[Item], Iterable[Path]] | None = None,
    models: Sequence[Path] = (),
) -> Iterator[Result]:
    """Yield what `function` returns for each item, in the order of the items.

    Parameters
    ----------
    function : callable
        Of a module, or a `functools.partial` of such a one. What it raises is raised here.
    items : iterable
        Taken as they are needed.
    jobs : int
        Processes of this machine; without a meaning for a cluster.
    cluster : str, optional
        Address of a Dask scheduler, tcp://HOST:PORT. Its workers need what `lib.cluster` says.
    per_task : int
        Items handed out together: enough for a tenth of a second of work, or more.
    few : int
        Fewer items than this are worked on here; to start processes would cost more.
    reads : callable, optional
        For a cluster: the absolute paths that an item's work reads.
    models : sequence of Path
        For a cluster: folders of frozen classifiers that the function loads.

    Raises
    ------
    DataError
        If no cluster answers, a worker has another version of the program or of a model, a worker
        cannot read a path that can be read here, or an item kills every process that works on it.
    """
    items = iter(items)
    if cluster is not None:
        try:
            from lib.cluster import Cluster
        except ImportError as error:
            raise DataError("a cluster needs Dask: python -m pip install distributed") from error
        with Cluster(cluster, function, reads, models) as pool:
            yield from _map_windowed(pool, _chunks(items, per_task))
        return
    first = list(islice(items, few))
    items = chain(first, items)
    if len(first) < few:
        yield from map(function, items)
    elif jobs == 1:
        with _one_thread():
            yield from map(function, items)
    else:
        yield from _map_windowed(_Processes(function, jobs), _chunks(items, per_task))


class Pool(Protocol):
    """Where tasks are done."""

    def width(self) -> int:
        """Return how many tasks to keep in flight."""

    def submit(self, chunk: list) -> Future:
        """Hand out the work on some items."""

    def result(self, future: Future) -> list | None:
        """Wait for the results of a task; None if it was lost with its process."""


def _map_windowed(pool: Pool, chunks: Iterator[list]) -> Iterator:
    """Yield the results of each chunk in order, as many in flight as the pool is wide."""
    waiting: deque[tuple[list, Future]] = deque()
    losses = 0
    try:
        while True:
            for chunk in islice(chunks, max(0, pool.width() - len(waiting))):
                waiting.append((chunk, pool.submit(chunk)))
            if not waiting:
                return
            chunk, future = waiting[0]
            results = pool.result(future)
            if results is None:
                losses += 1
                if losses == _MAX_LOSSES:
                    raise DataError(
                        f"{_names(chunk)}: the process that worked on it died {losses} times; "
                        "expected more memory, or fewer --jobs"
                    )
                # Those that were done before keep their results; all others went with it.
                waiting = deque(
                    (one, old if _is_done(old) else pool.submit(one)) for one, old in waiting
                )
                continue
            waiting.popleft()
            losses = 0
            yield from results
    finally:
        for _, future in waiting:
            future.cancel()


def _is_done(future: Future) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _chunks(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while chunk := list(islice(items, size)):
        yield chunk


def _names(chunk: list) -> str:
    first = chunk[0] if len(chunk) == 1 else f"{chunk[0]} and {len(chunk) - 1} more"
    return str(first)[:200]


class _Processes:
    """Processes of this machine, kept for the next map for as long as they are needed soon.

    Parameters
    ----------
    function : callable
    jobs : int
    """

    def __init__(self, function: Callable, jobs: int):
        self._work = partial(work_alone, function)
        self._jobs = jobs

    def width(self) -> int:
        return TASKS_PER_PROCESS * self._jobs

    def submit(self, chunk: list) -> Future:
        # Its start-up is not worth a single photo.
        from joblib.externals.loky import get_reusable_executor

        # One that broke is replaced by a new one.
        pool = get_reusable_executor(
            self._jobs,
            timeout=_IDLE_S,
            env=_ONE_THREAD,
            initializer=_end_with,
            initargs=(os.getpid(),),
        )
        return pool.submit(self._work, chunk)

    def result(self, future: Future) -> list | None:
        try:
            return future.result()
        except BrokenProcessPool:
            return None


def _end_with(parent: int) -> None:
    """End this process soon after the one that started it, which may have been killed."""

    def wait() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_EVERY_S)
        os._exit(1)

    # Windows names the same parent for ever; there the process ends when it has nothing to do.
    threading.Thread(target=wait, daemon=True).start()


def work_alone(function: Callable[[Item], Result], chunk: list[Item]) -> list[Result]:
    """Work on some items in a process that is one of several."""
    cv2.setNumThreads(1)
    return [function(item) for item in chunk]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep OpenCV from using more than the one core that was asked for."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
