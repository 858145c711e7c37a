"""The processes that read photos: started when needed, given up when a photo takes too long."""

import logging
import multiprocessing
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from lib.errors import DataError
from web.readers.work import Job, JobFailed, Limits, ModelInfo, Reply, StartFailed

log = logging.getLogger(__name__)

# Importing and loading takes about one second, ten on a machine that is busy with other things.
_START_S = 60.0
# How long a photo waits for its turn before the client is asked to come back.
_QUEUE_S = 20.0

_TOO_LONG = "takes too long to read; expected a photo as a camera or phone saves it"
_CRASHED = "cannot be read; expected a photo as a camera or phone saves it"


def read_photos(connection: Connection, model: Path, limits: Limits) -> None:
    """Be a worker; the imports are for that process alone."""
    from web.readers.worker import run

    run(connection, model, limits)


class Busy(Exception):
    """All workers are taken, and stayed so for longer than a client should wait."""


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
            message = self._receive(_START_S)
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
        self._connection.send(job)
        return self._receive(time_s)

    def stop(self) -> None:
        """End the process now."""
        self._process.kill()
        self._process.join()
        self._connection.close()
        self._process.close()

    def _receive(self, time_s: float):
        if not self._connection.poll(time_s):
            raise TimeoutError
        return self._connection.recv()


class Pool:
    """Up to `size` workers; the first is started at once, each further one when all are busy.

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
        self._give(self._first)
        return self.info

    def answer(self, job: Job) -> Reply:
        """Have a photo read and recognised.

        Raises
        ------
        Busy
            If no worker came free.
        WorkFailed
            If the program, not the photo, is at fault.
        """
        worker = self._take()
        try:
            reply = worker.ask(job, self.limits.time_s)
        except TimeoutError:
            self._give_up(worker, "timeout")
            return self._no_answer(job, _TOO_LONG)
        except (EOFError, OSError):
            self._give_up(worker, "crash")
            return self._no_answer(job, _CRASHED)
        except BaseException:
            self._give_up(worker, "interrupted")
            raise
        self._give(worker)
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

    def _take(self) -> Worker:
        deadline = time.monotonic() + _QUEUE_S
        while True:
            worker = self._next_idle(deadline)
            if worker.is_alive():
                return worker
            self._give_up(worker, "ended while idle")

    def _next_idle(self, deadline: float) -> Worker:
        with self._changed:
            while not self._idle:
                if self._count < self._size and not self._closed:
                    self._count += 1
                    threading.Thread(target=self._grow, daemon=True).start()
                if not self._changed.wait(deadline - time.monotonic()):
                    raise Busy
            # Last in, first out: what is not needed stays untouched and can be paged out.
            return self._idle.pop()

    def _grow(self) -> None:
        """Add a worker, started beside the requests that wait for one."""
        worker = None
        try:
            worker = self._new_worker()
            worker.wait_until_ready()
        except (DataError, OSError) as error:
            log.error("worker not started", extra={"fields": {"reason": str(error)}})
            with self._changed:
                self._count -= 1
            return
        self._give(worker)

    def _give(self, worker: Worker) -> None:
        with self._changed:
            if not self._closed:
                self._idle.append(worker)
                self._changed.notify()
                return
        worker.stop()

    def _give_up(self, worker: Worker, why: str) -> None:
        log.warning("worker given up", extra={"fields": {"why": why}})
        worker.stop()
        with self._changed:
            self._count -= 1
            # Whoever waits may now start another.
            self._changed.notify()

    def _no_answer(self, job: Job, why: str) -> Reply:
        answer = {**self.info.no_answer, "photo": job.name, "reason": f"{job.name}: {why}"}
        return Reply(answer)
