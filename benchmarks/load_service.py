"""Load the service with real photos from many clients, on this machine's loopback only.

Reads:  a folder of photos (--real, or $SPECTRA_REAL_DATA); models/default
Writes: the figures on stdout, as JSON with --json

    python benchmarks/load_service.py --real ../shared/real --clients 16 --requests 2000
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
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from benchmarks.running_service import RunningService, running_service
from lib.files import write_json
from lib.images import list_images
from lib.paths import DEFAULT_MODEL

_SAMPLE_S = 0.2
_REQUEST_S = 120


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument(
        "--real",
        type=Path,
        default=os.environ.get("SPECTRA_REAL_DATA", "../shared/real"),
        help="folder that holds photos/ (default: %(default)s)",
    )
    parser.add_argument("--clients", type=cli.positive_int, default=16)
    parser.add_argument("--requests", type=cli.positive_int, default=2000)
    parser.add_argument("--threads", type=cli.positive_int, default=os.cpu_count() or 1)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
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
    """Start a server, load it, print what happened."""
    photos = [path.read_bytes() for path in list_images(args.real / "photos", recursive=True)]
    flags = ("--token-rate", "0", "--address-rate", "0", "--threads", str(args.threads))
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder) / "state", *flags, model=args.model) as service,
    ):
        after_start = service.resident_bytes()
        first_s = first_answer(service, photos[0])
        before = service.resident_bytes()
        peak = Peak(service)
        load, wall_s = run_clients(service, photos, args.clients, args.requests)
        peak.stop()
        time.sleep(2)
        figures = {
            "photos": len(photos),
            "mean_photo_kb": round(np.mean([len(data) for data in photos]) / 1e3),
            "clients": args.clients,
            "requests": len(load.seconds),
            "readers": args.threads,
            "start_s": round(service.start_s, 2),
            "start_to_first_answer_s": round(service.start_s + first_s, 2),
            "requests_per_s": round(len(load.seconds) / wall_s, 1),
            "p50_ms": round(1e3 * float(np.percentile(load.seconds, 50))),
            "p99_ms": round(1e3 * float(np.percentile(load.seconds, 99))),
            "errors": sum(status >= 500 for status in load.statuses) + len(load.problems),
            "statuses": {str(s): load.statuses.count(s) for s in sorted(set(load.statuses))},
            "resident_after_start_mb": round(after_start / 1e6),
            "resident_before_mb": round(before / 1e6),
            "resident_after_mb": round(service.resident_bytes() / 1e6),
            "resident_peak_mb": round(peak.bytes / 1e6),
        }
    for name, value in figures.items():
        print(f"{name:26} {value}")
    for problem in load.problems[:5]:
        print(problem, file=sys.stderr)
    if args.json:
        write_json(args.json, figures)


def first_answer(service: RunningService, photo: bytes) -> float:
    """Return how long the first photo takes, seconds."""
    start = time.monotonic()
    ask(connect(service), service, photo)
    return time.monotonic() - start


class Peak:
    """The largest resident memory of the server and its readers while it is watched."""

    def __init__(self, service: RunningService):
        self.bytes = 0
        self._service = service
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End watching."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_S):
            self.bytes = max(self.bytes, self._service.resident_bytes())


def run_clients(
    service: RunningService, photos: list[bytes], clients: int, requests: int
) -> tuple[Load, float]:
    """Send all requests, each client one after the other; return what they saw and how long."""
    load = Load()
    numbers = iter(range(requests))
    # A client takes the next number; the iterator's own step is one operation of the interpreter.
    next_photo = itertools.cycle(photos)
    threads = [
        threading.Thread(target=be_client, args=(service, numbers, next_photo, load))
        for _ in range(clients)
    ]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return load, time.monotonic() - start


def be_client(service: RunningService, numbers, next_photo, load: Load) -> None:
    """Send photos over one connection until the numbers end."""
    connection = connect(service)
    for _ in numbers:
        photo = next(next_photo)
        start = time.monotonic()
        try:
            load.statuses.append(ask(connection, service, photo))
        except (OSError, http.client.HTTPException) as error:
            load.problems.append(repr(error))
            connection = connect(service)
        load.seconds.append(time.monotonic() - start)


def connect(service: RunningService) -> http.client.HTTPConnection:
    """Return a connection that is kept open."""
    address = urlsplit(service.url)
    return http.client.HTTPConnection(address.hostname, address.port, timeout=_REQUEST_S)


def ask(connection: http.client.HTTPConnection, service: RunningService, photo: bytes) -> int:
    """Send a photo as a body and return the answer's status; its JSON must be whole."""
    headers = service.headers | {"Content-Type": "application/octet-stream"}
    connection.request("POST", "/api/v1/identify", photo, headers)
    answer = connection.getresponse()
    json.loads(answer.read())
    return answer.status


if __name__ == "__main__":
    sys.exit(main())
