"""What the tests of lib.parallel do with each item: alone here, as processes import it anew."""

import os
import signal
import time

from lib.errors import DataError

LONG_S = 100


def doubled(number):
    return 2 * number


def whose(_):
    time.sleep(0.05)
    return os.getpid()


def long_from_2(number):
    time.sleep(LONG_S if number >= 2 else 0.1)
    return number


def killed_at(marks, limit, number, slow=None):
    """Kill the process that works on number 5, the first `limit` times."""
    if number == slow:
        time.sleep(1)
    if number == 5 and (made := len(list(marks.iterdir()))) < limit:
        (marks / str(made)).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refused_at_3(number):
    if number == 3:
        raise DataError("3: expected another number")
    return number


def first_byte(path):
    return path.read_bytes()[0]
