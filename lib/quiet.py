"""Silence for libraries in C++, whose notes on stderr no setting turns off."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Two threads that redirect at the same time could leave stderr redirected for good.
_one_at_a_time = threading.RLock()


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send what the process writes to stderr to nowhere while the block runs.

    For imports and loading alone: what other threads say meanwhile is lost too. Exceptions pass.
    """
    if sys.stderr is None:
        yield
        return
    with _one_at_a_time:
        sys.stderr.flush()
        stderr = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            os.close(nowhere)
