"""Attack the service, on this machine's loopback only; say what an honest client sees meanwhile.

Each attack has a new server, two readers of photos and about a minute. The attackers come from
127.0.0.1, the honest client from 127.0.0.9 and with a token of its own (Linux). The figures of a
run fill one column of the table; the other columns stay.

Reads:  models/default; with --root another checkout, whose s6_serve.py is attacked
Writes: --output

    python benchmarks/attack_service.py --column after
    python benchmarks/attack_service.py --only freeze health --root ../before --column before
"""

import argparse
import json
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import requests
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cli
from benchmarks.load_service import Peak
from lib.files import read_csv, write_csv
from lib.paths import ROOT
from lib.simulation.photos.photos import simulate_photo
from tests.support.running_service import RunningService, create_token, started

COLUMNS = ("attack", "measured", "before", "after")
RESULT = ROOT / "benchmarks" / "results" / "attacks.csv"
READERS = 2
_HONEST = "127.0.0.9"
_ATTACK_S = 30
_ANSWER_S = 60
_IDENTIFY, _CALIBRATIONS = "/api/v1/identify", "/api/v1/calibrations"
_EMPTY_PART = b"--b\r\n"
_FORM = {"Content-Type": "multipart/form-data; boundary=b"}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=list(ATTACKS), default=list(ATTACKS), metavar="ATTACK",
        help=f"some of {', '.join(ATTACKS)} (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--root", type=Path, default=ROOT, help="checkout to attack (default: this one)"
    )
    parser.add_argument(
        "--column", choices=COLUMNS[2:], help="column of the table to fill (default: print alone)"
    )
    parser.add_argument("--output", type=Path, default=RESULT, help="(default: %(default)s)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    return cli.run(lambda: attack_all(args), verbose=args.verbose)


def attack_all(args: argparse.Namespace) -> None:
    """Run the attacks one after the other, print what they measured, and keep it."""
    root = args.root.resolve()
    flags = ("--token-rate", "0", "--address-rate", "0", "--threads", str(READERS))
    for name in args.only:
        with tempfile.TemporaryDirectory() as folder:
            state = Path(folder) / "state"
            token = create_token(state, "attacker", root=root)
            honest = create_token(state, "honest", root=root)
            model = root / "models" / "default"
            with started(state, token, flags, model, root=root) as service:
                figures = ATTACKS[name](service, Client(service, honest))
                figures["server is alive afterwards"] = is_alive(service)
        for measured, value in figures.items():
            print(f"{name:12} {measured:60} {value}", flush=True)
        if args.column:
            keep(args.output, args.column, name, figures)


def keep(path: Path, column: str, attack: str, figures: dict) -> None:
    """Put the figures of one attack into one column of the table."""
    rows = read_csv(path, COLUMNS) if path.exists() else []
    table = {(row["attack"], row["measured"]): row for row in rows}
    for measured, value in figures.items():
        row = table.setdefault((attack, measured), dict.fromkeys(COLUMNS, ""))
        row |= {"attack": attack, "measured": measured, column: value}
    order = list(ATTACKS)
    write_csv(path, COLUMNS, sorted(table.values(), key=lambda row: order.index(row["attack"])))


def is_alive(service: RunningService) -> str:
    """Return "yes" if a monitor hears from the server within ten seconds."""
    try:
        answer = requests.get(service.url + "/healthz", timeout=10)
    except requests.RequestException as error:
        return f"no ({type(error).__name__})"
    return "yes" if answer.ok else f"no ({answer.status_code})"


@dataclass
class Client:
    """An honest one: it asks now and then, each time over a connection of its own.

    Attributes
    ----------
    service : RunningService
    token : str
        Its own.
    statuses : list of int
        Of its answers; 0 where none came in ten seconds.
    seconds : list of float
        How long each took.
    """

    service: RunningService
    token: str
    statuses: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def ask(self, path: str, data: bytes | None = None, within_s: float = 10) -> None:
        """Send one request and note its status and time."""
        headers = {"Authorization": f"Token {self.token}", "Connection": "close"}
        if data is not None:
            headers["Content-Type"] = "application/octet-stream"
        start = time.monotonic()
        try:
            with requests.Session() as session:
                session.mount("http://", _FromElsewhere())
                answer = session.request(
                    "GET" if data is None else "POST",
                    self.service.url + path, data=data, headers=headers, timeout=within_s,
                )  # fmt: skip
            self.statuses.append(answer.status_code)
        except requests.RequestException:
            self.statuses.append(0)
        self.seconds.append(time.monotonic() - start)

    def ask_while(
        self, busy: Callable[[], bool], path: str, data: bytes | None = None, within_s: float = 10
    ) -> None:
        """Ask twice a second for as long as the attack lasts, at least once."""
        while True:
            self.ask(path, data, within_s)
            if not busy():
                return
            time.sleep(0.5)

    def served(self) -> str:
        """Return how many requests were answered as they should be."""
        return f"{sum(status == 200 for status in self.statuses)} of {len(self.statuses)}"

    def worst_s(self) -> float:
        """Return how long the slowest request took."""
        return round(max(self.seconds), 2)

    def median_s(self) -> float:
        """Return how long half of the requests took at most."""
        return round(float(np.median(self.seconds)), 2)


class _FromElsewhere(requests.adapters.HTTPAdapter):
    """Connections that come from another address than the attackers'."""

    def init_poolmanager(self, *args, **kwargs) -> None:
        """Have all connections bound to the honest client's address."""
        super().init_poolmanager(*args, source_address=(_HONEST, 0), **kwargs)


def until(seconds: float) -> Callable[[], bool]:
    """Return a function that is true for so long."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def post(service: RunningService, path: str, **request) -> tuple[int, float, str]:
    """Send a request of the attacker's; return its status (0: none came), seconds, and text."""
    headers = service.headers | request.pop("headers", {})
    start = time.monotonic()
    try:
        answer = requests.post(service.url + path, headers=headers, timeout=_ANSWER_S, **request)
        status, text = answer.status_code, answer.text
    except requests.RequestException as error:
        status, text = 0, type(error).__name__
    return status, round(time.monotonic() - start, 2), text


def freeze(service: RunningService, honest: Client) -> dict:
    """Send forms of nothing but edges: to the API, and without a token to the login."""
    figures = {}
    for size in (40_000, 80_000):
        body = _EMPTY_PART * (size // len(_EMPTY_PART))
        with ThreadPoolExecutor(1) as attacker:
            sent = attacker.submit(post, service, _IDENTIFY, data=body, headers=_FORM)
            honest.ask_while(lambda sent=sent: not sent.done(), "/healthz", within_s=_ANSWER_S)
        status, seconds, _ = sent.result()
        figures[f"s to answer {size // 1000} kB of edges"] = seconds
        figures[f"status of {size // 1000} kB of edges"] = status
    cookie = requests.get(service.url + "/login", timeout=10).cookies["csrftoken"]
    headers = _FORM | {"Cookie": f"csrftoken={cookie}"}
    body = _EMPTY_PART * (10**6 // len(_EMPTY_PART))
    with ThreadPoolExecutor(1) as attacker:
        sent = attacker.submit(post, service, "/login", data=body, headers=headers)
        honest.ask_while(lambda: not sent.done(), "/healthz", within_s=_ANSWER_S)
    figures["s to answer 1 MB of edges at the login"] = sent.result()[1]
    figures["longest wait of the honest client, s"] = honest.worst_s()
    return figures


def instrument(service: RunningService) -> dict:
    """Return the document of an instrument, made from the lamp photo that ships."""
    lamp = ROOT / "web" / "static" / "web" / "examples" / "fluorescent.jpg"
    files, form = {"photo": ("lamp.jpg", lamp.read_bytes())}, {"name": "bench"}
    return json.loads(post(service, _CALIBRATIONS, files=files, data=form)[2])["document"]


def save(service: RunningService, document: str, name: str) -> tuple[int, float, str]:
    """Post an instrument's file."""
    files = {"instrument": ("instrument.json", document.encode("utf-8", "surrogatepass"))}
    return post(service, _CALIBRATIONS, files=files, data={"name": name})


def listing(service: RunningService, honest: Client) -> dict:
    """Save sixty instruments as large as they are taken, then ask for the list."""
    document = instrument(service)
    lines = document["axis"]["lines"]
    count = 820_000 // len(json.dumps(lines[0]) + ", ")
    while True:
        document["axis"]["lines"] = (lines * (count // len(lines) + 1))[:count]
        text = json.dumps(document)
        if save(service, text, "large")[0] == 201 or count < len(lines):
            break
        count //= 2
    saved = Counter(save(service, text, f"large {k}")[0] for k in range(59))
    before = service.resident_bytes()
    peak = Peak([service])
    honest.ask_while(until(0), _CALIBRATIONS, within_s=_ANSWER_S)
    peak.stop()
    return {
        "largest document taken, kB": round(len(text) / 1000),
        "documents saved": 1 + saved[201],
        "s to list them": honest.worst_s(),
        "status of the list": honest.statuses[-1],
        "memory of the list, MB": max(0, round((peak.bytes - before) / 1e6)),
    }


def hostile_documents(good: dict) -> list[str]:
    """Return instruments' files that none should take, as text."""

    def changed(**parts: object) -> str:
        return json.dumps({**good, **parts})

    def changed_axis(**parts: object) -> str:
        return changed(axis={**good["axis"], **parts})

    size = len(good["axis"]["coefficients"])
    negative = (-np.eye(size)).tolist()
    numbers = json.dumps(good).replace(str(good["axis"]["rms_nm"]), "%s", 1)
    nothing = {name: [None] * 20 for name in ("red", "green", "blue")}
    response = {"reference": "lamp", "range_nm": [400, 700], "nm": list(range(400, 700, 15))}
    return [
        *(numbers % text for text in ("9" * 5000, "1" + "0" * 400, "NaN", "Infinity", "-1e400")),
        "[" * 100_000 + "]" * 100_000,
        '{"axis":' * 50_000 + "1" + "}" * 50_000,
        changed(source=["a", "list"]),
        changed(source="half of a character \ud800"),
        changed(response=response | nothing),
        changed(response=response | {"red": [1e300] * 20} | {"green": [1.0] * 20}),
        changed(band={"start": 1e300, "stop": 2e300, "centre": [1e300], "half_height": 1e300}),
        changed(photo={"width": 10**400, "height": 1}),
        changed(dark={"frames": -1, "level": [1e308] * 3, "noise": [float("nan")] * 3}),
        changed_axis(coefficients=[[1], [2]]),
        changed_axis(coefficients=[10**400] * size),
        changed_axis(covariance=negative),
        changed_axis(covariance=[[1e308] * size] * size),
        changed_axis(lines="neon"),
        changed_axis(lines=[{"nm": 500.0, "px": float("inf"), "name": "x"}]),
        changed_axis(lamp={"a": 1}, model=[1]),
        changed_axis(range_px=[0.0, 1e308]),
        changed_axis(scale_px=0.0),
        changed_axis(uncertainty_nm=-1.0),
    ]


def hostile(service: RunningService, honest: Client) -> dict:
    """Save what is no instrument, use what was taken, and list all."""
    documents = hostile_documents(instrument(service))
    photo = lamp_photo(640, 480)
    statuses, lax, uses = Counter(), 0, Counter()
    for number, document in enumerate(documents):
        status, _, text = save(service, document, f"hostile {number}")
        statuses[status // 100] += 1
        lax += not is_strict(text)
        if status == 201:
            query = f"?calibration={json.loads(text)['id']}&include=measurement&include=spectrum"
            headers = {"Content-Type": "image/jpeg"}
            status, _, text = post(service, _IDENTIFY + query, data=photo, headers=headers)
            uses[status // 100] += 1
            lax += not is_strict(text)
    honest.ask(_CALIBRATIONS, within_s=_ANSWER_S)
    return {
        "documents": len(documents),
        "refused (4xx)": statuses[4],
        "saved": statuses[2],
        "answered 5xx or not at all": statuses[5] + statuses[0],
        "photos on saved ones answered 5xx or not at all": uses[5] + uses[0],
        "answers with NaN or Infinity": lax,
        "status of everybody's list afterwards": honest.statuses[-1],
        "traces in the log": sum("trace" in event for event in service.events()),
    }


def is_strict(text: str) -> bool:
    """Return whether a text is JSON as the standard knows it, or no JSON at all."""

    def refuse(name: str) -> None:
        raise ArithmeticError(name)

    try:
        json.loads(text, parse_constant=refuse)
    except ArithmeticError:
        return False
    except ValueError:
        return True
    return True


def memory(service: RunningService, honest: Client) -> dict:
    """Have both readers decode compressed FITS of the largest picture that is allowed."""
    from astropy.io import fits

    buffer = BytesIO()
    picture = fits.CompImageHDU(np.zeros((3, 8000, 8000), np.float32), compression_type="GZIP_1")
    fits.HDUList([fits.PrimaryHDU(), picture]).writeto(buffer)
    headers = {"Content-Type": "application/octet-stream"}
    peak = Peak([service])
    with ThreadPoolExecutor(READERS) as attackers:
        sent = [
            attackers.submit(post, service, _IDENTIFY, data=buffer.getvalue(), headers=headers)
            for _ in range(READERS)
        ]
    peak.stop()
    # What an honest client wants of a reader afterwards.
    honest.ask(_IDENTIFY, lamp_photo(1600, 1200), within_s=_ANSWER_S)
    return {
        "size of the file, kB": round(buffer.tell() / 1000),
        "memory at its peak, GB": round(peak.bytes / 1e9, 2),
        "statuses": " ".join(str(one.result()[0]) for one in sent),
        "status of an honest photo afterwards": honest.statuses[-1],
    }


class Trickle:
    """Connections on which a byte comes now and then, reopened as they are closed."""

    def __init__(self, service: RunningService, count: int, start: bytes):
        address = urlsplit(service.url)
        self._address, self._start = (address.hostname, address.port), start
        self._lines: list[tuple[socket.socket, float] | None] = [None] * count
        self.longest_s = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close all."""
        self._ended.set()
        self._thread.join()
        for line in filter(None, self._lines):
            line[0].close()

    def _run(self) -> None:
        while not self._ended.is_set():
            for place, line in enumerate(self._lines):
                if self._ended.is_set():
                    return
                self._lines[place] = self._open() if line is None else self._feed(*line)
            self._ended.wait(1.0)

    def _open(self) -> tuple[socket.socket, float] | None:
        try:
            line = socket.create_connection(self._address, timeout=5)
            line.sendall(self._start)
            line.setblocking(False)
        except OSError:
            return None
        return line, time.monotonic()

    def _feed(self, line: socket.socket, since: float) -> tuple[socket.socket, float] | None:
        try:
            line.send(b"x")
            # An answer, or the end of the line, says that the server is done with it.
            line.recv(1)
        except BlockingIOError:
            self.longest_s = max(self.longest_s, time.monotonic() - since)
            return line, since
        except OSError:
            pass
        line.close()
        return None


def trickle(service: RunningService, honest: Client) -> dict:
    """Hold 220 connections with heads that never end, a byte a second, without a token."""
    lines = Trickle(service, 220, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
    time.sleep(3)
    honest.ask_while(until(_ATTACK_S), "/api/v1/model", within_s=5)
    lines.stop()
    return {
        "honest requests answered": honest.served(),
        "their median, s": honest.median_s(),
        "longest life of an attacker's connection, s (of about 35)": round(lines.longest_s),
    }


def bodies(service: RunningService, honest: Client) -> dict:
    """Hold four bodies of 67 MB, but for their last bytes, without a token."""
    head = b"POST /api/v1/identify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 67100000\r\n\r\n"
    peak = Peak([service])
    lines = Trickle(service, 4, head + bytes(67_000_000))
    time.sleep(5)
    # As large as a phone's; what follows the end of a JPEG is nothing to a decoder.
    photo = lamp_photo(4000, 3000) + bytes(2_500_000)
    honest.ask_while(until(_ATTACK_S), _IDENTIFY, photo)
    lines.stop()
    peak.stop()
    return {
        "honest photos answered": honest.served(),
        "their median, s": honest.median_s(),
        "memory at its peak, MB": round(peak.bytes / 1e6),
        "longest life of an attacker's connection, s (of about 35)": round(lines.longest_s),
    }


def unread(service: RunningService, honest: Client) -> dict:
    """Ask sixty times for the largest script over each of forty lines, and read no answer."""
    script = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
    ask = f"GET {script} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    address, ended = urlsplit(service.url), until(2 * _ATTACK_S)
    lines = []
    for _ in range(40):
        line = socket.create_connection((address.hostname, address.port), timeout=5)
        line.sendall(60 * ask)
        lines.append(line)
    peak = Peak([service])
    honest.ask_while(ended, "/api/v1/model")
    peak.stop()
    for line in lines:
        line.close()
    return {
        "honest requests answered": honest.served(),
        "their median, s": honest.median_s(),
        "memory at its peak, MB": round(peak.bytes / 1e6),
    }


def share(service: RunningService, honest: Client) -> dict:
    """Keep all readers busy with four clients of one token, twenty large photos a request."""
    large, small = lamp_photo(4000, 3000), lamp_photo(1600, 1200)
    files = [("photo", ("x.jpg", large)) for _ in range(20)]
    busy = until(_ATTACK_S)

    def be_greedy() -> None:
        while busy():
            post(service, _IDENTIFY, files=files)

    # Both readers are started.
    for _ in range(READERS):
        honest.ask(_IDENTIFY, small, within_s=_ANSWER_S)
    honest = Client(service, honest.token)
    attackers = [threading.Thread(target=be_greedy, daemon=True) for _ in range(4)]
    for attacker in attackers:
        attacker.start()
    time.sleep(3)
    honest.ask_while(busy, _IDENTIFY, small, within_s=_ANSWER_S)
    for attacker in attackers:
        attacker.join()
    return {
        "honest photos answered": honest.served(),
        "their median, s": honest.median_s(),
        "their slowest, s": honest.worst_s(),
    }


def health(service: RunningService, honest: Client) -> dict:
    """Ask whether the server is alive while 64 clients send photos."""
    photo, busy = lamp_photo(1600, 1200), until(_ATTACK_S)
    headers = {"Content-Type": "image/jpeg"}

    def be_client() -> None:
        while busy():
            post(service, _IDENTIFY, data=photo, headers=headers)

    clients = [threading.Thread(target=be_client, daemon=True) for _ in range(64)]
    for client in clients:
        client.start()
    time.sleep(2)
    honest.ask_while(busy, "/healthz", within_s=_ANSWER_S)
    for client in clients:
        client.join()
    by_address = requests.get(
        service.url + "/healthz", headers={"Host": "192.0.2.7:8000"}, timeout=_ANSWER_S
    )
    return {
        "answered": honest.served(),
        "median, s": honest.median_s(),
        "slowest, s": honest.worst_s(),
        "status when asked by address": by_address.status_code,
        "what it says": by_address.text.strip(),
    }


def lamps(service: RunningService, honest: Client) -> dict:
    """Name the same lamp 3,000 times."""
    photo = {"photo": ("x.jpg", lamp_photo(1600, 1200))}
    post(service, _IDENTIFY, files=photo)
    status, seconds, _ = post(
        service, _IDENTIFY, files=photo, data={"lamp": "+".join(["neon"] * 3000)}
    )
    return {"s to answer": seconds, "status": status}


def lamp_photo(width: int, height: int) -> bytes:
    """Return a simulated photo of a lamp as JPEG."""
    picture = simulate_photo(np.random.default_rng(5), "cfl_hg", large=False).image
    image = Image.fromarray(picture).resize((width, height))
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


ATTACKS: dict[str, Callable[[RunningService, Client], dict]] = {
    "freeze": freeze,
    "list": listing,
    "instruments": hostile,
    "memory": memory,
    "heads": trickle,
    "bodies": bodies,
    "unread": unread,
    "share": share,
    "health": health,
    "lamps": lamps,
}


if __name__ == "__main__":
    sys.exit(main())
