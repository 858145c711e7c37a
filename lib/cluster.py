"""A Dask cluster that the user has, as a place for the tasks of `lib.parallel`.

Its workers need this program with its networks and packages, of the very same versions, and the
photos under the paths that they have here. They need no other disk in common: whatever is written
is written by the client.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cloudpickle
from distributed import Client, Future, KilledWorker, get_worker
from distributed.comm import CommClosedError

from lib.errors import DataError
from lib.files import sha256
from lib.parallel import TASKS_PER_PROCESS, work_alone
from lib.paths import MODELS, ROOT, portable

_CONNECT_TIMEOUT_S = 15
# Between two looks at how many workers there are: they come and go.
_COUNT_EVERY_S = 5.0
# What decides the result of a photo beside the program and its networks.
_PACKAGES = (
    *("numpy", "scipy", "opencv-python-headless", "pillow", "pillow-heif", "ai-edge-litert"),
)


class Cluster:
    """The workers at a scheduler, each of the same version as this program.

    Parameters
    ----------
    address : str
        tcp://HOST:PORT of the scheduler.
    function : callable
        What to do with each item.
    reads : callable, optional
        The absolute paths that an item's work reads.
    models : sequence of Path
        Folders of frozen classifiers that the function loads.

    Raises
    ------
    DataError
        If no cluster answers, it has no worker, or a worker has another version.
    """

    def __init__(
        self,
        address: str,
        function: Callable,
        reads: Callable[[object], Iterable[Path]] | None = None,
        models: Sequence[Path] = (),
    ):
        self._address, self._function, self._reads = address, function, reads
        self._models = tuple(map(portable, models))
        self._expected = identity(self._models)
        self._counted_at = -_COUNT_EVERY_S
        self._width = TASKS_PER_PROCESS
        try:
            self._client = Client(address, timeout=_CONNECT_TIMEOUT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise DataError(
                f"scheduler {address}: no Dask cluster answers ({error}); expected tcp://HOST:PORT"
            ) from error

    def __enter__(self) -> "Cluster":
        """Refuse workers of another version before any of them works."""
        try:
            self._check_workers()
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        """Leave the cluster to others."""
        self._client.close()

    def _check_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=_CONNECT_TIMEOUT_S)
        except TimeoutError as error:
            raise DataError(
                f"scheduler {self._address}: it has no worker; expected one or more"
            ) from error
        said = self._client.run(identity, self._models, on_error="return")
        for worker, found in said.items():
            if isinstance(found, BaseException):
                raise DataError(
                    f"worker {worker}: cannot run this program ({found}); expected workers that "
                    "were started in a folder with the same version of it"
                )
            _refuse_other_version(worker, found, self._expected)

    def width(self) -> int:
        """Return how many tasks keep all the workers of now busy."""
        now = time.monotonic()
        if now - self._counted_at > _COUNT_EVERY_S:
            self._counted_at = now
            threads = sum(self._client.nthreads().values())
            self._width = TASKS_PER_PROCESS * max(1, threads)
        return self._width

    def submit(self, chunk: list) -> Future:
        """Hand out the work on some items."""
        paths = [path for item in chunk for path in (self._reads(item) if self._reads else ())]
        # As bytes: Dask looks into lists and tuples for tasks of its own.
        terms = cloudpickle.dumps((self._models, self._expected, _sizes(paths)))
        task = cloudpickle.dumps((self._function, chunk))
        return self._client.submit(_work, terms, task, pure=False)

    def result(self, future: Future) -> list:
        """Wait for the results of a task. Dask itself does again what a dead worker had in hand.

        Raises
        ------
        DataError
            If the scheduler is gone, or the task killed every worker that took it.
        """
        try:
            return future.result()
        except KilledWorker as error:
            raise DataError(
                f"scheduler {self._address}: a task killed the workers that took it, the last "
                f"{error.last_worker.address}; expected more memory for each worker"
            ) from error
        except (CancelledError, CommClosedError) as error:
            raise DataError(
                f"scheduler {self._address}: the connection was lost; run again"
            ) from error


def identity(models: tuple[str, ...] = ()) -> dict[str, str]:
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
    files += [path for folder in folders for path in folder.iterdir() if path.is_file()]
    return _hash_of({path.relative_to(ROOT).as_posix(): path for path in files})


@cache
def _model_hash(name: str) -> str:
    paths = {file: ROOT / name / file for file in ("model.json", "model.tflite")}
    return _hash_of({file: path for file, path in paths.items() if path.is_file()})


def _hash_of(files: Mapping[str, Path]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name} {sha256(files[name])}\n".encode())
    return digest.hexdigest()[:16]


def _sizes(paths: Iterable[Path]) -> dict[str, int]:
    """Return the size in bytes of each file; what is not here is no worker's fault."""
    sizes = {}
    for path in paths:
        try:
            sizes[str(path)] = path.stat().st_size
        except OSError:
            continue
    return sizes


def _work(terms: bytes, task: bytes) -> list:
    """Work on some items on a worker, once it is sure to have what they need."""
    models, expected, sizes = cloudpickle.loads(terms)
    worker = get_worker().address
    # Workers that came after the first look.
    _refuse_other_version(worker, identity(models), expected)
    for path, size in sizes.items():
        _refuse_other_file(worker, Path(path), size)
    return work_alone(*cloudpickle.loads(task))


def _refuse_other_version(
    worker: str, found: Mapping[str, str], expected: Mapping[str, str]
) -> None:
    for name, value in expected.items():
        if found.get(name) != value:
            raise DataError(
                f"worker {worker}: has another version of {name} ({found.get(name)}); "
                f"expected {value}, as here"
            )


def _refuse_other_file(worker: str, path: Path, size: int) -> None:
    try:
        with path.open("rb"):
            found = path.stat().st_size
    except OSError as error:
        raise DataError(
            f"worker {worker}: cannot read {path} ({error.strerror}); expected the photos under "
            "the same path on every worker"
        ) from error
    if found != size:
        raise DataError(
            f"worker {worker}: finds another file at {path} ({found:,} bytes; expected {size:,})"
        )
