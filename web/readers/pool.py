"""The processes that read photos: started when needed, given up when a photo takes too long."""

import logging
import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

from lib.errors import DataError
from web.readers.work import Job, JobFailed, Limits, ModelInfo, Reply, StartFailed

log = logging.getLogger(__name__)

# Importing and loading takes about one second, ten on a machine that is busy with other things.
_START_S = 60.0
# Photos of all clients that wait for a reader, each with a thread of the server: a class's worth.
MAX_WAITING = 64

_TOO_LONG = "takes too long to read; expected a photo as a camera or phone saves it"
_CRASHED = "cannot be read; expected a photo as a camera or phone saves it"


def read_photos(connection: Connection, model: Path, limits: Limits) -> None:
    """Be a worker; the imports are for that process alone."""
    from web.readers.worker import run

    run(connection, model, limits)


class Busy(Exception):
    """No worker came free in time, or others with fewer photos waiting went before."""


class WorkFailed(Exception):
    """A worker met a fault of the program."""


class Worker:
    """One process with a model loaded.

    Raises
    ------
    DataError
        If it cannot load the model.
    """

    def __init__(self, target: Callable, model: Path, limits: Limits):
        # Spawned everywhere: forking a server with threads can deadlock.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=target, args=(theirs, model, limits), daemon=True, name="photo-reader"
        )
        self._process.start()
        # With only the worker holding its end, its death shows here as the end of the pipe.
        theirs.close()

    def wait_until_ready(self) -> ModelInfo:
        """Return what the worker says of its model, once it has loaded it."""
        try:
            with self._deadline(_START_S):
                message = self._connection.recv()
        except (EOFError, OSError, TimeoutError) as error:
            self.stop()
            raise DataError("a process that reads photos could not be started") from error
        if isinstance(message, StartFailed):
            self.stop()
            raise DataError(message.message)
        return message

    def is_alive(self) -> bool:
        """Return whether the process still runs; the system may have ended it for its memory."""
        return self._process.is_alive()

    def ask(self, job: Job, time_s: float) -> Reply | JobFailed:
        """Return the reply; TimeoutError, EOFError or OSError if there will be none."""
        with self._deadline(time_s):
            # A process that is stopped takes no more than fits into the pipe.
            self._connection.send(job)
            return self._connection.recv()

    def stop(self) -> None:
        """End the process now."""
        self._process.kill()
        self._process.join()
        self._connection.close()
        self._process.close()

    @contextmanager
    def _deadline(self, time_s: float) -> Iterator[None]:
        """End the process after so long, and thereby whatever waits for its end of the pipe."""
        over = threading.Event()

        def end() -> None:
            over.set()
            self._process.kill()

        timer = threading.Timer(time_s, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (EOFError, OSError) as error:
            if over.is_set():
                raise TimeoutError from error
            raise
        finally:
            timer.cancel()
            timer.join()


@dataclass(eq=False)
class _Turn:
    """A photo that waits for a reader: whose it is, and what became of it."""

    client: str
    worker: Worker | None = None
    gave_way: bool = False


class Pool:
    """Up to `size` workers; the first is started at once, each further one when all are busy.

    Clients take turns, however many photos each of them has waiting: a worker goes to whoever has
    fewest. As a photo may take `limits.time_s`, and its turn comes after that at the latest, one
    client's slow photos delay another's and do not shut them out.

    Parameters
    ----------
    model : Path
        Folder of the frozen model.
    size : int
        Photos read at the same time.
    limits : Limits
        Bounds on one photo.
    target : callable(Connection, Path, Limits)
        What a worker runs; it must be importable by name.
    """

    def __init__(
        self,
        model: Path,
        size: int,
        limits: Limits,
        *,
        target: Callable[[Connection, Path, Limits], None] = read_photos,
    ):
        self.limits = limits
        self.info: ModelInfo | None = None
        self._new_worker = lambda: Worker(target, Path(model).resolve(), limits)
        self._size = size
        self._changed = threading.Condition()
        self._idle: list[Worker] = []
        self._waiting: list[_Turn] = []
        # By client: photos being read, and when a worker was last given.
        self._reading: Counter[str] = Counter()
        self._given: Counter[str] = Counter()
        self._times = count(1)
        self._count = 0
        self._closed = False
        self._first: Worker | None = None

    def start(self) -> None:
        """Start the first worker without waiting for it."""
        self._count = 1
        self._first = self._new_worker()

    def wait_until_ready(self) -> ModelInfo:
        """Wait for the first worker and return what it says of the model.

        Raises
        ------
        DataError
            If the model cannot be loaded.
        """
        self.info = self._first.wait_until_ready()
        self._add(self._first)
        return self.info

    def answer(self, job: Job, client: str) -> Reply:
        """Have a photo read and recognised, in its client's turn.

        Raises
        ------
        Busy
            If no worker came free in `limits.wait_s`, or too many photos wait already.
        WorkFailed
            If the program, not the photo, is at fault.
        """
        worker = self._take(client)
        try:
            reply = worker.ask(job, self.limits.time_s)
        except TimeoutError:
            self._give_up(worker, client, "timeout")
            return self._no_answer(job, _TOO_LONG)
        except (EOFError, OSError):
            self._give_up(worker, client, "crash")
            return self._no_answer(job, _CRASHED)
        except BaseException:
            self._give_up(worker, client, "interrupted")
            raise
        self._give_back(worker, client)
        if isinstance(reply, JobFailed):
            raise WorkFailed
        return reply

    def close(self) -> None:
        """End all workers that are idle; busy ones end with the server's process."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.stop()

    def _take(self, client: str) -> Worker:
        deadline = time.monotonic() + self.limits.wait_s
        while True:
            worker = self._wait_for_turn(client, deadline)
            if worker.is_alive():
                return worker
            self._give_up(worker, client, "ended while idle")

    def _wait_for_turn(self, client: str, deadline: float) -> Worker:
        turn = _Turn(client)
        with self._changed:
            self._waiting.append(turn)
            if len(self._waiting) > MAX_WAITING:
                self._make_way()
            self._hand_out()
            self._changed.wait_for(
                lambda: turn.worker or turn.gave_way, deadline - time.monotonic()
            )
            if turn.worker is None:
                if not turn.gave_way:
                    self._waiting.remove(turn)
                raise Busy
            return turn.worker

    def _make_way(self) -> None:
        """Send the last photo away of the client who has most waiting."""
        waiting = Counter(turn.client for turn in self._waiting)
        turn = max(reversed(self._waiting), key=lambda turn: waiting[turn.client])
        self._waiting.remove(turn)
        turn.gave_way = True
        self._changed.notify_all()

    def _hand_out(self) -> None:
        """Give idle workers to whoever has fewest, then to whoever was given one longest ago."""
        while self._idle and self._waiting:
            turn = min(
                self._waiting,
                key=lambda turn: (self._reading[turn.client], self._given[turn.client]),
            )
            self._waiting.remove(turn)
            # Last in, first out: what is not needed stays untouched and can be paged out.
            turn.worker = self._idle.pop()
            self._reading[turn.client] += 1
            self._given[turn.client] = next(self._times)
            self._changed.notify_all()
        if self._waiting and self._count < self._size and not self._closed:
            self._count += 1
            threading.Thread(target=self._grow, daemon=True).start()

    def _grow(self) -> None:
        """Add a worker, started beside the requests that wait for one."""
        try:
            worker = self._new_worker()
            worker.wait_until_ready()
        except (DataError, OSError) as error:
            log.error("worker not started", extra={"fields": {"reason": str(error)}})
            with self._changed:
                self._count -= 1
            return
        self._add(worker)

    def _add(self, worker: Worker) -> None:
        """Let a worker have its next photo."""
        with self._changed:
            if not self._closed:
                self._idle.append(worker)
                self._hand_out()
                return
        worker.stop()

    def _give_back(self, worker: Worker, client: str) -> None:
        with self._changed:
            self._reading[client] -= 1
        self._add(worker)

    def _give_up(self, worker: Worker, client: str, why: str) -> None:
        log.warning("worker given up", extra={"fields": {"why": why}})
        worker.stop()
        with self._changed:
            self._reading[client] -= 1
            self._count -= 1
            # Whoever waits may now start another.
            self._hand_out()

    def _no_answer(self, job: Job, why: str) -> Reply:
        answer = {**self.info.no_answer, "photo": job.name, "reason": f"{job.name}: {why}"}
        return Reply(answer)
