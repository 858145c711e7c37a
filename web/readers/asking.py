"""The server's one pool of photo readers, and how it is asked."""

from django.db import close_old_connections

from lib.errors import DataError
from web.readers.pool import Pool
from web.readers.work import Job, Reply

_pool: Pool | None = None


def use_pool(pool: Pool | None) -> None:
    """Make `pool` the one that all views use."""
    global _pool
    _pool = pool


def pool() -> Pool:
    """Return the pool.

    Raises
    ------
    DataError
        If the server has been started without one.
    """
    if _pool is None:
        raise DataError("no model is loaded")
    return _pool


def ask(job: Job, client: str) -> Reply:
    """Have a client's photo read and recognised, as `Pool.answer` does.

    A connection that is shared with other requests is given back before, as reading takes long.
    """
    close_old_connections()
    return pool().answer(job, client)
