"""Processes of this machine, as a place for the tasks of `lib.parallel`.

joblib keeps them for the next map. They end with the process that started them, whatever ended it.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import active_children, resource_tracker

from joblib.externals.loky import get_reusable_executor

# Longer than the client is busy between two maps; their start costs a second or two.
_IDLE_S = 60
# How often a process looks whether the one that started it still lives.
_PARENT_EVERY_S = 1.0
# Windows has neither masks of signals nor a Ctrl-C for one process.
_HAS_MASKS = hasattr(signal, "pthread_sigmask")
# The processes are the parallelism; threads inside them would only compete.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def start_processes(work: Callable[[list], list], jobs: int) -> tuple[Callable, Callable, Callable]:
    """Return what hands a chunk to processes of this machine, their number, and what stops them.

    They are kept for the next map, as long as there is one soon.
    """
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
        with _ctrl_c_deferred():
            return pool().submit(_work_until_stopped, work, chunk)

    def stop(futures: Collection[Future]) -> None:
        for future in futures:
            future.cancel()
        for process in active_children():
            if process.name.startswith("LokyProcess") and _HAS_MASKS:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGINT)
        pool().shutdown()

    return submit, lambda: jobs, stop


@contextmanager
def _ctrl_c_deferred() -> Iterator[None]:
    """Start processes whole, and without an ear for Ctrl-C, which is raised here afterwards.

    One whose parent was interrupted while it handed over what to do would wait for the rest.
    """
    if not _HAS_MASKS or threading.current_thread() is not threading.main_thread():
        yield
        return
    # Its start would unblock.
    resource_tracker.ensure_running()
    came = []
    # What other threads of this process hear is handled in this one.
    handler = signal.signal(signal.SIGINT, lambda *_: came.append(True))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        signal.signal(signal.SIGINT, handler)
        if came:
            raise KeyboardInterrupt


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

    def do(self, work: Callable[[list], list], chunk: list) -> list:
        """Work on a chunk, unless stopped."""
        self._is_at_work = True
        try:
            if self._is_stopped:
                raise KeyboardInterrupt
            return work(chunk)
        finally:
            self._is_at_work = False


_process = _Process()


def _work_until_stopped(work: Callable[[list], list], chunk: list) -> list:
    return _process.do(work, chunk)
