"""The workers of a training: who they are, by TF_CONFIG, and whether they are there."""

import json
import socket
import time
from collections.abc import Sequence

from lib.errors import DataError

TF_CONFIG = "TF_CONFIG"
_EXAMPLE = (
    '{"cluster": {"worker": ["HOST:PORT", "HOST:PORT"]}, "task": {"type": "worker", "index": 0}}'
)
# A queue may start the workers minutes apart; TensorFlow itself would wait for ever.
_PATIENCE_S = 600.0


def read_tf_config(text: str) -> tuple[list[str], int]:
    """Return the addresses of the workers, the chief's first, and which of them this process is.

    Raises
    ------
    DataError
        If `text` is no JSON as https://www.tensorflow.org/guide/distributed_training describes,
        or names no worker.
    """
    try:
        config = json.loads(text)
    except json.JSONDecodeError as error:
        found = f"not valid JSON ({error})" if text else "not set"
        raise DataError(f"{TF_CONFIG}: {found}; expected {_EXAMPLE}") from error
    try:
        cluster, task = config["cluster"], config["task"]
        chiefs, workers = (list(cluster.get(job, [])) for job in ("chief", "worker"))
        index = {"chief": 0, "worker": len(chiefs)}[task["type"]] + int(task["index"])
        addresses = chiefs + workers
        for address in addresses:
            _host_and_port(address)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{TF_CONFIG}: received {text}; expected {_EXAMPLE}") from error
    if not addresses:
        raise DataError(f"{TF_CONFIG}: names no worker; expected {_EXAMPLE}")
    if not 0 <= index < len(addresses):
        raise DataError(
            f"{TF_CONFIG}: has {len(addresses)} workers, but this is number {index}; "
            f"expected 0 to {len(addresses) - 1}"
        )
    return addresses, index


def meet(addresses: Sequence[str], index: int, *, patience_s: float = _PATIENCE_S) -> None:
    """Wait until every other worker can be reached, this one listening meanwhile.

    TensorFlow's server, which listens at the same address afterwards, answers as well: nobody is
    left waiting who comes when others have gone on.

    Raises
    ------
    DataError
        If this worker's own port is taken, or another one cannot be reached in time.
    """
    _, port = _host_and_port(addresses[index])
    try:
        listener = socket.create_server(("", port), backlog=len(addresses))
    except OSError as error:
        raise DataError(
            f"worker {index}: cannot listen at {addresses[index]} ({error.strerror}); "
            "expected a free port"
        ) from error
    end = time.monotonic() + patience_s
    with listener:
        for number, address in enumerate(addresses):
            while number != index and not _answers(address):
                if time.monotonic() > end:
                    raise DataError(
                        f"worker {index}: worker {number} at {address} does not answer; "
                        "expected all workers of TF_CONFIG to be started"
                    )
                time.sleep(0.2)


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host:
        raise ValueError(address)
    return host.strip("[]"), int(port)


def _answers(address: str) -> bool:
    try:
        socket.create_connection(_host_and_port(address), timeout=2).close()
    except OSError:
        return False
    return True
