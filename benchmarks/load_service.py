"""Load the service from many clients, on this machine's loopback only: one server and several.

First one server on SQLite, then as many as --servers says on one PostgreSQL database, which this
command starts. Readers of photos and clients are shared out among them, as a proxy does it. Beside
photos, requests for the model's facts are counted: they cost the server what it spends on every
request (token, rates, log), and its readers nothing.

Reads:  a folder of photos (--real, or $SPECTRA_REAL_DATA); models/default
Writes: --output

    python benchmarks/load_service.py --real ../shared/real --servers 1 2 --requests 500
"""

import argparse
import http.client
import itertools
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.errors import DataError
from lib.files import write_csv
from lib.images.folders import list_images
from lib.paths import DEFAULT_MODEL, ROOT
from tests.support.postgresql import find_programs, running_postgresql
from tests.support.running_service import RunningService, create_token, started
from web.storage.database import VARIABLE

COLUMNS = (
    *("database", "servers", "readers", "asked_for", "clients", "requests", "requests_per_s"),
    *("p50_ms", "p99_ms", "errors", "start_s", "before_mb", "peak_mb", "after_mb"),
)
RESULT = ROOT / "benchmarks" / "results" / "service.csv"
_SAMPLE_S = 0.2
_REQUEST_S = 120
# Requests for the model's facts, for each of a photo: they are that much cheaper.
_FACTS_PER_PHOTO = 4


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument(
        "--real",
        type=Path,
        default=os.environ.get("SPECTRA_REAL_DATA", "../shared/real"),
        help="folder that holds photos/ (default: %(default)s)",
    )
    parser.add_argument("--clients", type=cli.positive_int, default=16, help="(%(default)s)")
    parser.add_argument(
        "--requests", type=cli.positive_int, default=500, help="of photos (%(default)s)"
    )
    parser.add_argument(
        "--readers", type=cli.positive_int, default=os.cpu_count() or 1, help="(%(default)s)"
    )
    parser.add_argument(
        "--servers", type=cli.positive_int, nargs="*", default=[1, 2],
        help="numbers of servers on PostgreSQL; none: SQLite alone (default: 1 2)",
    )  # fmt: skip
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--output", type=Path, default=RESULT, help="(default: %(default)s)")
    return parser.parse_args(argv)


@dataclass
class Load:
    """What the clients saw."""

    seconds: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: measure(args), verbose=args.verbose)


def measure(args: argparse.Namespace) -> None:
    """Load one server after another, and several together; print and write what happened."""
    photos = [path.read_bytes() for path in list_images(args.real / "photos", recursive=True)]
    programs = find_programs()
    if args.servers and programs is None:
        raise DataError("expected PostgreSQL on this machine: apt install postgresql")
    rows = []
    # Of new files each, so that none finds what another has left.
    for database, count in [("sqlite", 1), *(("postgresql", count) for count in args.servers)]:
        with (
            tempfile.TemporaryDirectory() as folder,
            running_postgresql(programs) if database == "postgresql" else nullcontext() as url,
        ):
            environment = {VARIABLE: url} if url else {}
            rows += loaded(args, photos, Path(folder) / "state", count, database, environment)
        write_csv(args.output, COLUMNS, rows)


def loaded(
    args: argparse.Namespace,
    photos: list[bytes],
    state: Path,
    count: int,
    database: str,
    environment: dict[str, str],
) -> Iterator[dict]:
    """Start `count` servers, load them, and yield a row of `COLUMNS` for photos and for facts."""
    readers = max(1, args.readers // count)
    flags = ("--token-rate", "0", "--address-rate", "0", "--threads", str(readers))
    token = create_token(state, "load", environment)
    with ExitStack() as stack:
        services = [
            stack.enter_context(started(state, token, flags, args.model, environment))
            for _ in range(count)
        ]
        # The readers' start is no part of what is measured.
        run_clients(services, photos, args.readers, 2 * args.readers)
        for asked_for, bodies, requests in (
            ("photo", photos, args.requests),
            ("facts", [None], _FACTS_PER_PHOTO * args.requests),
        ):
            before = resident_bytes(services)
            peak = Peak(services)
            load, wall_s = run_clients(services, bodies, args.clients, requests)
            peak.stop()
            time.sleep(2)
            sizes = (before, peak.bytes, resident_bytes(services))
            values = (
                *(database, count, readers * count, asked_for, args.clients, len(load.seconds)),
                round(len(load.seconds) / wall_s, 1),
                *np.round(1e3 * np.percentile(load.seconds, [50, 99])).astype(int).tolist(),
                sum(status >= 500 for status in load.statuses) + len(load.problems),
                round(max(service.start_s for service in services), 2),
                *(round(size / 1e6) for size in sizes),
            )
            row = dict(zip(COLUMNS, values, strict=True))
            print(*(f"{name} {value}" for name, value in row.items()), sep=", ", flush=True)
            for problem in load.problems[:5]:
                print(problem, file=sys.stderr)
            yield row


def resident_bytes(services: list[RunningService]) -> int:
    """Return the memory of all servers and their readers."""
    return sum(service.resident_bytes() for service in services)


class Peak:
    """The largest resident memory of servers and readers while they are watched."""

    def __init__(self, services: list[RunningService]):
        self.bytes = 0
        self._services = services
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End watching."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_S):
            self.bytes = max(self.bytes, resident_bytes(self._services))


def run_clients(
    services: list[RunningService], bodies: list[bytes | None], clients: int, requests: int
) -> tuple[Load, float]:
    """Send all requests, each client one after the other; return what they saw and how long."""
    load = Load()
    numbers = iter(range(requests))
    # A client takes the next; the iterator's own step is one operation of the interpreter.
    next_body = itertools.cycle(bodies)
    threads = [
        threading.Thread(
            target=be_client, args=(services[client % len(services)], numbers, next_body, load)
        )
        for client in range(clients)
    ]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return load, time.monotonic() - start


def be_client(service: RunningService, numbers, next_body, load: Load) -> None:
    """Ask over one connection until the numbers end."""
    connection = connect(service)
    for _ in numbers:
        body = next(next_body)
        start = time.monotonic()
        try:
            load.statuses.append(ask(connection, service, body))
        except (OSError, http.client.HTTPException) as error:
            load.problems.append(repr(error))
            connection = connect(service)
        load.seconds.append(time.monotonic() - start)


def connect(service: RunningService) -> http.client.HTTPConnection:
    """Return a connection that is kept open."""
    address = urlsplit(service.url)
    return http.client.HTTPConnection(address.hostname, address.port, timeout=_REQUEST_S)


def ask(
    connection: http.client.HTTPConnection, service: RunningService, photo: bytes | None
) -> int:
    """Send a photo, or ask for the model's facts; return the status of the answer, whole JSON."""
    if photo is None:
        connection.request("GET", "/api/v1/model", headers=service.headers)
    else:
        headers = service.headers | {"Content-Type": "application/octet-stream"}
        connection.request("POST", "/api/v1/identify", photo, headers)
    answer = connection.getresponse()
    json.loads(answer.read())
    return answer.status


if __name__ == "__main__":
    sys.exit(main())
