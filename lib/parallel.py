"""Work over many items in order: in this process, in several, or on a Dask cluster.

Results come in the order of the items, and only some tasks are in flight at a time, so that memory
stays flat however many items there are. A process that dies costs time alone: its tasks are done
again. `joblib.Parallel` gives neither: it takes items as fast as they are worked on, however slowly
the results are used, it ends with the first process that dies, and on Dask it waits for a task that
killed its workers for ever (joblib 1.6). Its processes, which outlive one map, are used here.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import cv2

from lib.errors import DataError

if TYPE_CHECKING:
    from concurrent.futures import Future

Item = TypeVar("Item")
Result = TypeVar("Result")

# Tasks in flight for each process: one at work, the others so that none waits for the client.
TASKS_PER_PROCESS = 3
# A task that was lost so often with its process is what kills it.
_MAX_LOSSES = 3


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
        Of a module, or a `functools.partial` of such a one. What it raises is raised here, with a
        note that names the item.
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
        The absolute paths that an item's work reads, the one that names it first.
    models : sequence of Path
        For a cluster: folders of frozen classifiers that the function loads.

    Raises
    ------
    DataError
        If no cluster answers, a worker has another version of the program or of a model, a worker
        cannot read a path that can be read here, or an item kills every process that works on it.
    """
    items = iter(items)
    name = partial(_name, reads)
    if cluster is not None:
        try:
            from lib.cluster import open_cluster
        except ImportError as error:
            raise DataError("a cluster needs Dask: python -m pip install distributed") from error
        with open_cluster(cluster, partial(work_alone, function), name, reads, models) as workers:
            yield from _map_windowed(*workers, _chunks(items, per_task), name)
        return
    first = list(islice(items, few))
    items = chain(first, items)
    if len(first) < few:
        yield from (_work(function, item) for item in items)
    elif jobs == 1:
        with _one_thread():
            yield from (_work(function, item) for item in items)
    else:
        # joblib's start-up is not worth a single photo.
        from lib.processes import start_processes

        workers = start_processes(partial(work_alone, function), jobs)
        yield from _map_windowed(*workers, _chunks(items, per_task), name)


def _map_windowed(
    submit: "Callable[[list], Future]",
    count: Callable[[], int],
    stop: "Callable[[Collection[Future]], None]",
    chunks: Iterator[list],
    name: Callable[[list], str],
) -> Iterator:
    """Yield the results of each chunk in order, some in flight for each of `count` processes.

    The death of one process breaks the pool. What was in flight is then done again, one at a time,
    so that nothing but the task that kills is blamed.
    """
    # Of a single photo the import would be a large part of the start.
    from concurrent.futures.process import BrokenProcessPool

    waiting: deque[list] = deque()
    futures: deque[Future] = deque()
    losses = alone = 0
    try:
        while True:
            free = TASKS_PER_PROCESS * count() - len(waiting)
            waiting.extend(islice(chunks, max(0, free)))
            if not waiting:
                return
            try:
                for chunk in islice(waiting, len(futures), 1 if alone else None):
                    futures.append(submit(chunk))
                results = futures[0].result()
            except BrokenProcessPool as error:
                losses += 1
                if losses == _MAX_LOSSES:
                    raise DataError(
                        f"{name(waiting[0])}: the process that worked on it died {losses} times; "
                        "expected more memory, or fewer --jobs"
                    ) from error
                futures.clear()
                alone = len(waiting)
                continue
            waiting.popleft()
            futures.popleft()
            losses, alone = 0, max(0, alone - 1)
            yield from results
    finally:
        if waiting:
            stop(futures)


def _chunks(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while chunk := list(islice(items, size)):
        yield chunk


def _name(reads: Callable[[Item], Iterable[Path]] | None, chunk: list[Item]) -> str:
    """Return what a user calls the items that are handed out together."""
    first = next(iter(reads(chunk[0])), chunk[0]) if reads else chunk[0]
    return str(first)[:200] + (f" and {len(chunk) - 1} more" if len(chunk) > 1 else "")


def work_alone(function: Callable[[Item], Result], chunk: list[Item]) -> list[Result]:
    """Work on some items in a process that is one of several."""
    cv2.setNumThreads(1)
    return [_work(function, item) for item in chunk]


def _work(function: Callable[[Item], Result], item: Item) -> Result:
    try:
        return function(item)
    except Exception as error:
        error.add_note(f"while working on {str(item)[:200]}")
        raise


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep OpenCV from using more than the one core that was asked for."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
