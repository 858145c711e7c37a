"""Abuse the service, on this machine's loopback only: damaged photos, malformed requests.

Sends damaged photos of every format, requests that are no HTTP or lie about themselves, and what
schemathesis makes of the OpenAPI schema. Counts answers, looks for failures of the server (5xx),
readers that had to be given up, growth of memory and files left behind.

Reads:  models/default
Writes: the figures on stdout, as JSON with --json

    python benchmarks/fuzz_service.py --images 2000 --requests 500 --schema-seconds 120
"""

import argparse
import contextlib
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pillow_heif
import requests
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from lib.files import write_json
from lib.paths import DEFAULT_MODEL
from lib.simulation.photos.photos import simulate_photo
from tests.support.running_service import RunningService, running_service

_FORMATS = (
    ("JPEG", {}),
    ("JPEG", {"progressive": True}),
    ("PNG", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("TIFF", {"compression": "jpeg"}),
    ("TIFF", {}),
    ("BMP", {}),
    ("GIF", {}),
    ("WEBP", {}),
    ("AVIF", {}),
    ("HEIF", {}),
)
_PHOTO_PX = (320, 240)
_EXTREMES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00")
_WARM_UP = 200
_SILENCE_S = 2.0


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__, seed=True)
    parser.add_argument("--images", type=cli.positive_int, default=2000, help="damaged photos")
    parser.add_argument("--requests", type=cli.positive_int, default=500, help="malformed requests")
    parser.add_argument(
        "--schema-seconds", type=int, default=120, help="time for schemathesis, 0 for none"
    )
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: abuse(args), verbose=args.verbose)


def abuse(args: argparse.Namespace) -> None:
    """Start a server, abuse it, print what happened."""
    rng = random.Random(args.seed)
    flags = ("--token-rate", "0", "--address-rate", "0")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        # Whatever the service would spill to a temporary file shows here.
        environment = {"TMPDIR": str(scratch)}
        state = Path(folder) / "state"
        with running_service(state, *flags, model=args.model, environment=environment) as service:
            figures = run_all(service, args, rng)
            figures["files_left"] = sorted(path.name for path in scratch.rglob("*"))
            figures["state_files"] = sorted(path.name for path in state.iterdir())
    for name, value in figures.items():
        print(f"{name:26} {value}")
    if args.json:
        write_json(args.json, figures)


def run_all(service: RunningService, args: argparse.Namespace, rng: random.Random) -> dict:
    """Run every kind of abuse and return its figures."""
    seeds = seed_photos(args.seed)
    damaged_photos(service, seeds, _WARM_UP, rng)
    before = service.resident_bytes()
    images = damaged_photos(service, seeds, args.images, rng)
    after_images = service.resident_bytes()
    malformed = malformed_requests(service, args.requests, rng)
    schema = schemathesis(service, args.schema_seconds) if args.schema_seconds else {}
    events = service.events()
    return {
        "damaged_photos": args.images + _WARM_UP,
        "answers_to_photos": dict(sorted(images.items())),
        "malformed_requests": args.requests,
        "answers_to_requests": dict(sorted(malformed.items())),
        "schemathesis": schema,
        "answers_5xx": sum(event.get("status", 0) >= 500 for event in events),
        "readers_given_up": sum(event["event"] == "worker given up" for event in events),
        "traces": sum("trace" in event for event in events),
        "resident_before_mb": round(before / 1e6),
        "resident_after_photos_mb": round(after_images / 1e6),
        "resident_after_mb": round(service.resident_bytes() / 1e6),
        "bomb_50000x50000_ms": bomb_ms(service),
        "alive": requests.get(service.url + "/healthz", timeout=10).text.strip(),
    }


def seed_photos(seed: int) -> list[bytes]:
    """Return a small simulated photo in every format."""
    pillow_heif.register_heif_opener()
    picture = simulate_photo(np.random.default_rng(seed), "cfl_hg", large=False).image
    image = Image.fromarray(picture).resize(_PHOTO_PX)
    photos = []
    for name, options in _FORMATS:
        buffer = BytesIO()
        image.save(buffer, name, **options)
        photos.append(buffer.getvalue())
    return photos


def damage(photo: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Return a photo with one to a few things wrong with it."""
    data = bytearray(photo)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        # Headers decide what a decoder does: half of the damage goes there.
        place = (
            rng.randrange(min(len(data), 400)) if rng.random() < 0.5 else rng.randrange(len(data))
        )
        match rng.randrange(6):
            case 0:
                data[place] ^= 1 << rng.randrange(8)
            case 1:
                extreme = rng.choice(_EXTREMES)
                data[place : place + len(extreme)] = extreme
            case 2:
                del data[place : place + rng.randrange(1, 200)]
            case 3:
                data[place:place] = data[place : place + rng.randrange(1, 2000)]
            case 4:
                other = rng.choice(others)
                data[place:] = other[rng.randrange(len(other)) :]
            case 5:
                data[place : place + 8] = rng.randbytes(8)
        if not data:
            data = bytearray(b"\0")
    return bytes(data)


def damaged_photos(
    service: RunningService, seeds: list[bytes], count: int, rng: random.Random
) -> Counter:
    """Send damaged photos and count the statuses of their answers."""
    statuses = Counter()
    with requests.Session() as session:
        session.headers.update(service.headers)
        for index in range(count):
            photo = damage(seeds[index % len(seeds)], seeds, rng)
            answer = session.post(
                service.url + "/api/v1/identify", files={"photo": ("x", photo)}, timeout=60
            )
            statuses[answer.status_code] += 1
            answer.json()
    return statuses


def malformed_requests(service: RunningService, count: int, rng: random.Random) -> Counter:
    """Send bytes that are almost HTTP and count the statuses, or that the line was closed."""
    statuses = Counter()
    for _ in range(count):
        head, body = malformed(service, rng)
        statuses[talk(service, head + b"\r\n\r\n" + body)] += 1
    return statuses


def malformed(service: RunningService, rng: random.Random) -> tuple[bytes, bytes]:
    """Return head and body of a request with something wrong."""
    noise = rng.randbytes(rng.randrange(1, 300))
    token = f"Authorization: Token {service.token}".encode()
    post = b"POST /api/v1/identify HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + token
    form = post + b"\r\nContent-Type: multipart/form-data; boundary=x"
    length = f"\r\nContent-Length: {len(noise)}".encode()
    part = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="%s"\r\n\r\n%s\r\n--x--'
    name = rng.choice((b"", b"../../x", b"\xff\xfe", b"a" * 5000, b"CON", b"x\x00.jpg"))
    whole = part % (name, noise)
    choices = (
        (noise, b""),
        (b"GET " + noise.replace(b"\r", b"").replace(b"\n", b"") + b" HTTP/1.1", b""),
        (post + b"\r\n" + noise, b""),
        (post + b"\r\nContent-Length: -5", noise),
        (post + b"\r\nContent-Length: 99999999999999999999", noise),
        (post + b"\r\nContent-Length: 1\r\nContent-Length: 300", noise),
        (post + b"\r\nTransfer-Encoding: chunked", noise),
        (post + b"\r\nTransfer-Encoding: chunked\r\nContent-Length: 4", b"ffffffff\r\n" + noise),
        (post + b"\r\nContent-Type: image/png" + length, noise),
        (
            post + b"\r\nContent-Type: " + noise.replace(b"\n", b" ").replace(b"\r", b"") + length,
            noise,
        ),
        (form + length, noise),
        (form + f"\r\nContent-Length: {len(whole)}".encode(), whole),
        (form + f"\r\nContent-Length: {len(whole) - 20}".encode(), whole),
        (b"POST /api/v1/identify HTTP/1.1\r\nHost: " + noise[:40].hex().encode() + length, noise),
        (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close", b""),
        (b"GET /api/v1/calibrations/%2e%2e/%00 HTTP/1.1\r\nHost: localhost\r\n" + token, b""),
        (b"GET /static/../../web/state/secret_key HTTP/1.1\r\nHost: localhost", b""),
        (b"GET /static/%2e%2e/%2e%2e/settings.py HTTP/1.1\r\nHost: localhost", b""),
        (post + b"\r\nX: " + b"y" * 300_000, b""),
    )
    return rng.choice(choices)


def talk(service: RunningService, data: bytes) -> str:
    """Send bytes over a line of their own; return the answer's status, or how the line ended."""
    address = urlsplit(service.url)
    with (
        contextlib.suppress(OSError),
        socket.create_connection((address.hostname, address.port), timeout=_SILENCE_S) as line,
    ):
        line.sendall(data)
        # Nothing more will come: a server that waits for it must not wait for ever.
        line.shutdown(socket.SHUT_WR)
        found = re.match(rb"HTTP/1\.\d (\d{3})", line.recv(4096))
        return found[1].decode() if found else "closed"
    return "silent or reset"


def schemathesis(service: RunningService, seconds: int) -> dict:
    """Have schemathesis try the schema for so long; return its own figures."""
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{service.url}/api/v1/schema",
            "--header",
            f"Authorization: Token {service.token}",
            # What a schema allows is wider than what is a photo; an empty field is an absent one.
            "--exclude-checks=positive_data_acceptance,negative_data_rejection",
            f"--max-time={seconds}",
            "--continue-on-failure",
            "--no-color",
            "--seed=1",
        ],
        cwd=tempfile.gettempdir(),
        capture_output=True,
        text=True,
        timeout=seconds + 300,
        env=os.environ | {"COLUMNS": "200"},
    )
    cases = re.search(r"(\d+) generated", done.stdout)
    failures = re.findall(r"❌ (\S.*): (\d+)$", done.stdout, re.MULTILINE)
    return {"cases": int(cases[1]) if cases else 0, "rc": done.returncode, "failures": failures}


def bomb_ms(service: RunningService) -> dict[str, float]:
    """Return how long the refusal of a small file of 50,000 x 50,000 pixels takes, of 20 times."""
    image = Image.new("1", (50_000, 50_000))
    buffer = BytesIO()
    image.save(buffer, "PNG")
    times = []
    for _ in range(20):
        start = time.perf_counter()
        answer = requests.post(
            service.url + "/api/v1/identify",
            files={"photo": ("bomb.png", buffer.getvalue())},
            headers=service.headers,
            timeout=30,
        )
        times.append(1e3 * (time.perf_counter() - start))
        if answer.status_code != 422:
            raise RuntimeError(f"the bomb was answered by {answer.status_code}")
    return {"median": round(float(np.median(times)), 1), "worst": round(max(times), 1)}


if __name__ == "__main__":
    sys.exit(main())
