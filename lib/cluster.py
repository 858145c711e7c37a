"""A Dask cluster that the user has, as a place for the tasks of `lib.parallel`.

Its workers need this program with its networks and packages, of the very same versions, and the
photos under the paths that they have here. They need no other disk in common: whatever is written
is written by the client.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import cache, lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from uuid import uuid4

import cloudpickle
from distributed import Client, Future, KilledWorker, get_worker
from distributed.comm import CommClosedError

from lib.errors import DataError
from lib.files import sha256
from lib.paths import MODELS, ROOT, portable

_CONNECT_TIMEOUT_S = 15
# Between two looks at how many workers there are: they come and go.
_COUNT_EVERY_S = 5.0
# What decides the result of a photo beside the program and its networks.
_PACKAGES = (
    *("numpy", "opencv-python-headless", "pillow", "simplejpeg", "pillow-heif", "ai-edge-litert"),
)


@contextmanager
def open_cluster(
    address: str,
    work: Callable[[list], list],
    name: Callable[[list], str],
    reads: Callable[[object], Iterable[Path]] | None = None,
    models: Sequence[Path] = (),
) -> Iterator[tuple[Callable, Callable, Callable]]:
    """Yield what hands a chunk of items to the cluster, counts its threads, and cancels tasks.

    `work` does a chunk, `name` is what a user calls it, `reads` gives the absolute paths that an
    item's work reads, `models` are the folders of frozen classifiers that it loads.

    Raises
    ------
    DataError
        If no cluster answers, it has no worker, a worker has another version or other files, the
        connection is lost, or a chunk killed every worker that took it. Dask itself does again
        what a dead worker had in hand.
    """
    model_names = tuple(map(portable, models))
    expected = versions(model_names)
    try:
        client = Client(address, timeout=_CONNECT_TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise DataError(
            f"scheduler {address}: no Dask cluster answers ({error}); expected tcp://HOST:PORT"
        ) from error

    def submit(chunk: list) -> Future:
        sizes = _sizes(path for item in chunk for path in (reads(item) if reads else ()))
        # As bytes: Dask looks into lists and tuples for tasks of its own.
        terms = cloudpickle.dumps((model_names, expected, sizes))
        task = cloudpickle.dumps(partial(work, chunk))
        named = name(chunk).encode("utf-8", "backslashreplace").decode()
        return client.submit(_work_on_worker, terms, task, key=("spectrum", named, uuid4().hex))

    with client:
        _check_workers(client, address, model_names, expected)
        try:
            yield submit, _thread_counter(client), client.cancel
        except KilledWorker as error:
            raise DataError(
                f"{error.task[1]}: killed the workers that took it, the last "
                f"{error.last_worker.address}; expected more memory for each worker"
            ) from error
        except (CancelledError, CommClosedError) as error:
            raise DataError(f"scheduler {address}: the connection was lost; run again") from error


def _check_workers(
    client: Client, address: str, model_names: tuple[str, ...], expected: Mapping[str, str]
) -> None:
    """Refuse workers of another version before any of them works."""
    try:
        client.wait_for_workers(1, timeout=_CONNECT_TIMEOUT_S)
    except TimeoutError as error:
        raise DataError(f"scheduler {address}: it has no worker; expected one or more") from error
    for worker, wrong in client.run(
        _mismatch, model_names, expected, {}, on_error="return"
    ).items():
        if isinstance(wrong, BaseException):
            raise DataError(
                f"worker {worker}: cannot run this program ({wrong}); expected workers that "
                "were started in a folder with the same version of it"
            )
        if wrong:
            raise DataError(f"worker {worker}: {wrong}")


def _thread_counter(client: Client) -> Callable[[], int]:
    """Return a function that asks the scheduler for its workers' threads, now and then."""

    @lru_cache(maxsize=1)
    def count(_: int) -> int:
        return max(1, sum(client.nthreads().values()))

    return lambda: count(int(time.monotonic() / _COUNT_EVERY_S))


def versions(models: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the version of everything here that decides a result.

    Parameters
    ----------
    models : tuple of str
        Portable names of folders of frozen classifiers.

    Returns
    -------
    dict of str to str
        Hashes of the program and of each model; version numbers of the packages.
    """
    found = {"the program": _program_hash()}
    found |= {f"the model {name}": _model_hash(name) for name in models}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "none"
    return found


@cache
def _program_hash() -> str:
    """Return a hash of the library and of the networks that ship beside the classifier."""
    files = [path for path in (ROOT / "lib").rglob("*") if path.suffix in (".py", ".csv")]
    # The card of such a network has the name of its folder.
    folders = {path.parent for path in MODELS.glob("*/*.json") if path.stem == path.parent.name}
    return _hash_of(ROOT, [*files, *(path for folder in folders for path in folder.iterdir())])


@cache
def _model_hash(name: str) -> str:
    return _hash_of(ROOT / name, [ROOT / name / file for file in ("model.json", "model.tflite")])


def _hash_of(folder: Path, files: Iterable[Path]) -> str:
    named = {path.relative_to(folder).as_posix(): path for path in files if path.is_file()}
    text = "".join(f"{name} {sha256(named[name])}\n" for name in sorted(named))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _sizes(paths: Iterable[Path]) -> dict[str, int]:
    """Return the size in bytes of each file; what is not here is no worker's fault."""
    sizes = {}
    for path in paths:
        try:
            sizes[str(path)] = path.stat().st_size
        except OSError:
            continue
    return sizes


def _work_on_worker(terms: bytes, task: bytes) -> list:
    """Do a task on a worker, once it is sure to have what that needs."""
    # Workers may have come after the first look.
    if wrong := _mismatch(*cloudpickle.loads(terms)):
        raise DataError(f"worker {get_worker().address}: {wrong}")
    return cloudpickle.loads(task)()


def _mismatch(
    model_names: tuple[str, ...], expected: Mapping[str, str], sizes: Mapping[str, int]
) -> str | None:
    """Return what is different here from the client; None if nothing is."""
    found = versions(model_names)
    for name, value in expected.items():
        if found.get(name) != value:
            return (
                f"has another version of {name} ({found.get(name)}); expected {value}, as the "
                "client has"
            )
    for path, size in sizes.items():
        try:
            with Path(path).open("rb") as stream:
                own = os.fstat(stream.fileno()).st_size
        except OSError as error:
            return (
                f"cannot read {path} ({error.strerror}); expected the photos under the same path "
                "on every worker"
            )
        if own != size:
            return f"finds another file at {path} ({own:,} bytes; expected {size:,})"
    return None
