"""Work over many items in order: in this process, in several, or on a Dask cluster.

Results come in the order of the items, and only some tasks are in flight at a time, so that memory
stays flat however many items there are. A process that dies costs time alone: its tasks are done
again. `joblib.Parallel` gives neither: it takes items as fast as they are worked on, however slowly
the results are used, it ends with the first process that dies, and on Dask it waits for a task that
killed its workers for ever (joblib 1.6). Its processes, which outlive one map, are used here.
"""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from multiprocessing import active_children, resource_tracker
from pathlib import Path
from typing import TypeVar

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
# Windows has neither masks of signals nor a Ctrl-C for one process.
_HAS_MASKS = hasattr(signal, "pthread_sigmask")
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
        workers = _processes(function, jobs)
        yield from _map_windowed(*workers, _chunks(items, per_task), name)


def _map_windowed(
    submit: Callable[[list], Future],
    count: Callable[[], int],
    stop: Callable[[Collection[Future]], None],
    chunks: Iterator[list],
    name: Callable[[list], str],
) -> Iterator:
    """Yield the results of each chunk in order, some in flight for each of `count` processes.

    The death of one process breaks the pool. What was in flight is then done again, one at a time,
    so that nothing but the task that kills is blamed.
    """
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
        if futures:
            stop(futures)


def _chunks(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while chunk := list(islice(items, size)):
        yield chunk


def _name(reads: Callable[[Item], Iterable[Path]] | None, chunk: list[Item]) -> str:
    """Return what a user calls the items that are handed out together."""
    first = next(iter(reads(chunk[0])), chunk[0]) if reads else chunk[0]
    return str(first)[:200] + (f" and {len(chunk) - 1} more" if len(chunk) > 1 else "")


def _processes(
    function: Callable[[Item], Result], jobs: int
) -> tuple[Callable, Callable, Callable]:
    """Return what hands a chunk to processes of this machine, their number, and what stops them.

    They are kept for the next map, as long as there is one soon.
    """
    # Its start-up is not worth a single photo.
    from joblib.externals.loky import get_reusable_executor

    # Each call returns the same processes, or new ones if one of them died.
    pool = partial(
        get_reusable_executor,
        jobs,
        timeout=_IDLE_S,
        env=_ONE_THREAD,
        initializer=_start_process,
        initargs=(os.getpid(),),
    )

    def submit(chunk: list) -> Future:
        executor = pool()
        with _ctrl_c_blocked():
            return executor.submit(_work_until_stopped, function, chunk)

    def stop(futures: Collection[Future]) -> None:
        for future in futures:
            future.cancel()
        for process in active_children():
            if process.name.startswith("LokyProcess") and _HAS_MASKS:
                os.kill(process.pid, signal.SIGINT)
        pool().shutdown()

    return submit, lambda: jobs, stop


@contextmanager
def _ctrl_c_blocked() -> Iterator[None]:
    """Let the processes that are started here begin without an ear for Ctrl-C."""
    if not _HAS_MASKS:
        yield
        return
    # Its start would unblock.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_process(parent: int) -> None:
    """Heed Ctrl-C as `_process` does; end soon after the parent, which may have been killed."""
    signal.signal(signal.SIGINT, _process.stop)
    if _HAS_MASKS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])

    def wait() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_EVERY_S)
        os._exit(1)

    # Windows names the same parent for ever; there the process ends when it has nothing to do.
    threading.Thread(target=wait, daemon=True).start()


class _Process:
    """One of several processes: Ctrl-C ends what it works on and whatever it is given later.

    Between two chunks it only takes note: half a result would block the pool for ever, as would a
    chunk that a killed process has read half of.
    """

    def __init__(self):
        self._is_stopped = self._is_at_work = False

    def stop(self, *_: object) -> None:
        """Handle Ctrl-C, which may come twice: from the terminal and from the parent."""
        is_first, self._is_stopped = not self._is_stopped, True
        if is_first and self._is_at_work:
            raise KeyboardInterrupt

    def work(self, function: Callable[[Item], Result], chunk: list[Item]) -> list[Result]:
        """Work on some items, unless stopped."""
        self._is_at_work = True
        try:
            if self._is_stopped:
                raise KeyboardInterrupt
            return work_alone(function, chunk)
        finally:
            self._is_at_work = False


_process = _Process()


def _work_until_stopped(function: Callable[[Item], Result], chunk: list[Item]) -> list[Result]:
    return _process.work(function, chunk)


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
