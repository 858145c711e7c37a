"""s6_serve.py started as people start it: for the tests and benchmarks of the service."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from lib.paths import DEFAULT_MODEL, ROOT
from web.storage.database import VARIABLE

# Two seconds; on a machine that is busy with other things a minute and more.
_START_S = 240
_STOP_S = 30


@dataclass
class RunningService:
    """A server in a process of its own.

    Attributes
    ----------
    url : str
        Without a slash at the end.
    token : str
        A valid one.
    state : Path
        Its state folder.
    process : psutil.Popen
    log : list of str
        Its lines on stderr so far.
    start_s : float
        From the command to the printed address.
    """

    url: str
    token: str
    state: Path
    process: psutil.Popen
    start_s: float
    log: list[str] = field(default_factory=list)

    @property
    def headers(self) -> dict[str, str]:
        """The header that the API asks for."""
        return {"Authorization": f"Token {self.token}"}

    def processes(self) -> list[psutil.Process]:
        """Return the server and the readers that it has started."""
        return [self.process, *self.process.children(recursive=True)]

    def resident_bytes(self) -> int:
        """Return the resident memory of all processes together.

        Linux tells what part of a page shared by several is one's own (the proportional set size);
        elsewhere shared pages count in each process.
        """
        total = 0
        for process in self.processes():
            try:
                if psutil.LINUX:
                    total += process.memory_full_info().pss
                else:
                    total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total

    def events(self) -> list[dict]:
        """Return the lines of the log, parsed; a line that is no JSON is left out."""
        return [json.loads(line) for line in list(self.log) if line.startswith("{")]


def run_command(
    *arguments: str, environment: dict | None = None, root: Path = ROOT
) -> subprocess.CompletedProcess:
    """Run s6_serve.py, of this checkout or of the one in `root`, to its end."""
    return subprocess.run(
        [sys.executable, "s6_serve.py", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=_START_S,
        env=_environment(environment),
    )


def _environment(added: dict | None) -> dict[str, str]:
    """Return what a server finds set: never the database of whoever runs tests."""
    kept = {name: value for name, value in os.environ.items() if name != VARIABLE}
    return kept | (added or {})


def create_token(state: Path, name: str, environment: dict | None = None, root: Path = ROOT) -> str:
    """Make a token as people make it and return it."""
    arguments = ("create-token", name, "--state", str(state))
    done = run_command(*arguments, environment=environment, root=root)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.splitlines()[-1]


@contextmanager
def running_service(
    state: Path, *flags: str, model: Path = DEFAULT_MODEL, environment: dict | None = None
) -> Iterator[RunningService]:
    """Start a server on a free port of 127.0.0.1, yield it, and end it."""
    token = create_token(state, f"test {time.time_ns()}", environment)
    with started(state, token, flags, model, environment) as service:
        yield service


@contextmanager
def started(
    state: Path,
    token: str,
    flags: Sequence[str] = (),
    model: Path = DEFAULT_MODEL,
    environment: dict | None = None,
    root: Path = ROOT,
) -> Iterator[RunningService]:
    """Start a server, of the checkout in `root`, on a state folder that has its token already."""
    command = [sys.executable, "s6_serve.py", "--port", "0", "--state", str(state)]
    start = time.monotonic()
    process = psutil.Popen(
        [*command, "--model", str(model), *flags],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(environment),
    )
    log: list[str] = []
    reader = threading.Thread(target=_collect, args=(process.stderr, log), daemon=True)
    reader.start()
    try:
        line = process.stdout.readline()
        found = re.search(r"http://\S+:(\d+)(/\S*)", line)
        if not found:
            process.wait(_START_S)
            reader.join(_STOP_S)
            raise RuntimeError(f"no address printed: {line!r} {''.join(log)}")
        url = f"http://127.0.0.1:{found[1]}{found[2]}".rstrip("/")
        yield RunningService(url, token, state, process, time.monotonic() - start, log)
    finally:
        stop(process)
        reader.join(_STOP_S)
        process.stdout.close()
        process.stderr.close()


def _collect(stream: Iterator[str], lines: list[str]) -> None:
    for line in stream:
        lines.append(line)


def stop(process: psutil.Popen) -> None:
    """End a server as a service manager does, or by force if it does not listen."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_STOP_S)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(_STOP_S)
