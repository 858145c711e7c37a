"""The server's one pool of photo readers, and its metrics of the model."""

from lib.errors import DataError
from web.pool import Pool

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
