"""On which machines joblib works: this one, or a Dask cluster that the user has."""

from collections.abc import Iterator
from contextlib import contextmanager

from joblib import parallel_config

from lib.errors import DataError

BACKENDS = ("loky", "dask")
_CONNECT_TIMEOUT_S = 15


@contextmanager
def joblib_backend(backend: str, scheduler: str | None = None) -> Iterator[None]:
    """Let joblib work in processes of this machine ("loky") or on a cluster ("dask").

    The workers of a cluster need this project, its packages and the same disk: photos are read
    and analyses written by each worker.

    Raises
    ------
    DataError
        If the cluster cannot be reached, or Dask is not installed.
    """
    if backend == "loky":
        yield
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise DataError("backend dask: expected the package; pip install distributed") from error
    try:
        client = Client(scheduler, timeout=_CONNECT_TIMEOUT_S)
    except (OSError, ValueError) as error:
        raise DataError(
            f"scheduler {scheduler}: no Dask cluster answers ({error}); expected tcp://HOST:PORT"
        ) from error
    with client, parallel_config(backend="dask"):
        yield
