"""What a process and those that it starts cost while something is done."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

_LOOK_EVERY_S = 0.25


@dataclass
class Cost:
    """Seconds by the clock and of processors, and the most memory that processes do not share.

    Of the process itself, of those that it started (workers), and of all at one time. A worker that
    ends between two looks takes the last quarter of a second with it.
    """

    seconds: float = 0.0
    client_cpu_s: float = 0.0
    workers_cpu_s: float = 0.0
    client_bytes: int = 0
    workers_bytes: int = 0
    bytes: int = 0

    @property
    def cpu_s(self) -> float:
        """Return the processor time of all."""
        return self.client_cpu_s + self.workers_cpu_s


@contextmanager
def watched(pid: int | None = None) -> Iterator[Cost]:
    """Watch a process, this one by default; what it yields is whole when the block has ended."""
    pid = os.getpid() if pid is None else pid
    cost, ended, start = Cost(), threading.Event(), time.perf_counter()
    # Workers of earlier work live on.
    before = {one: cpu_s for one, (cpu_s, _) in _look(pid).items()}
    last = dict(before)

    def note() -> None:
        found = _look(pid)
        last.update({one: cpu_s for one, (cpu_s, _) in found.items()})
        used = {one: cpu_s - before.get(one, 0.0) for one, cpu_s in last.items()}
        cost.client_cpu_s = used.pop(pid, 0.0)
        cost.workers_cpu_s = sum(used.values())
        held = {one: size for one, (_, size) in found.items()}
        client, workers = held.pop(pid, 0), sum(held.values())
        cost.client_bytes = max(cost.client_bytes, client)
        cost.workers_bytes = max(cost.workers_bytes, workers)
        cost.bytes = max(cost.bytes, client + workers)

    def watch() -> None:
        while not ended.wait(_LOOK_EVERY_S):
            note()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield cost
    finally:
        ended.set()
        watcher.join()
        note()
        cost.seconds = time.perf_counter() - start


def _look(pid: int) -> dict[int, tuple[float, int]]:
    """Return processor seconds and unshared bytes of a process and its children, by number."""
    found = {}
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return found
    for one in family:
        try:
            times = one.cpu_times()
            found[one.pid] = times.user + times.system, one.memory_full_info().uss
        except psutil.Error:
            continue
    return found
