"""Memory of a process that runs for years and now and then holds a large photo.

Only glibc, the C library of most Linux systems, needs and knows these calls; elsewhere they do
nothing.
"""

import ctypes
from collections.abc import Callable
from functools import cache

# From glibc's malloc.h.
_M_MMAP_THRESHOLD = -3
# glibc's own value at the start of a process, which it raises to 32 MB as it sees large blocks.
_LARGE_BYTES = 128 * 1024


def keep_large_blocks_apart() -> None:
    """Have every large block given back as soon as it is free.

    Otherwise uploads leave holes among small blocks in the memory of every thread: the server grew
    by 100 MB in 200 requests.
    """
    mallopt = _function("mallopt")
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def give_memory_back() -> None:
    """Return free memory to the system: 3 ms after a photo."""
    malloc_trim = _function("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


@cache
def _function(name: str) -> Callable[..., int] | None:
    try:
        return getattr(ctypes.CDLL(None), name)
    # Windows has no handle of the whole program, other C libraries have no such function.
    except (AttributeError, OSError, TypeError):
        return None
