"""One training by several workers of this machine, as people start it: for tests and benchmarks."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from lib.paths import ROOT

# What the processes say is for whoever waits for them.
QUIET = {"cwd": ROOT, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


def start_workers(
    flags: Sequence[object], workers: int, *, script: Path = ROOT / "s4_train.py"
) -> list[subprocess.Popen]:
    """Start one training by workers of this machine; the first is the chief.

    Parameters
    ----------
    flags : sequence
        Of s4_train.py, the same for all.
    script : Path
        What to run in its place.
    """
    addresses = free_addresses(workers)
    return [start_worker(flags, addresses, index, script=script) for index in range(workers)]


def start_worker(
    flags: Sequence[object], addresses: list[str], index: int, *, script: Path
) -> subprocess.Popen:
    """Start one of the workers at these addresses."""
    task = {"type": "worker", "index": index}
    config = json.dumps({"cluster": {"worker": addresses}, "task": task})
    command = [sys.executable, script, *flags, "--distribute", "multiworker"]
    return subprocess.Popen([*map(str, command)], env=os.environ | {"TF_CONFIG": config}, **QUIET)


def free_addresses(count: int) -> list[str]:
    """Return addresses of this machine where nobody listens."""
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [f"127.0.0.1:{listener.getsockname()[1]}" for listener in listeners]
