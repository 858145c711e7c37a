"""The service behind a real nginx, with the very configuration that docs/service.md gives."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from lib.paths import ROOT
from tests.support.running_service import running_service
from web.views.examples import FOLDER as EXAMPLES_FOLDER

PREFIX = "/spectra"
OTHER = "127.0.0.9"
# Where Debian puts it, for users whose PATH has no system programs.
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NGINX is None, reason="no nginx here: apt install nginx"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here"),
]


@pytest.fixture(scope="module")
def service(tmp_path_factory, shipped_model):
    """A server below a path that believes nginx."""
    flags = ("--behind-proxy", "--url-prefix", PREFIX, "--address-rate", "0")
    state = tmp_path_factory.mktemp("below") / "state"
    with running_service(state, *flags, model=shipped_model) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(service, tmp_path_factory):
    """The address of an nginx in front of the service, and the certificate that it shows."""
    folder = tmp_path_factory.mktemp("nginx")
    with running_nginx(folder, urlsplit(service.url).port) as port:
        yield f"https://localhost:{port}{PREFIX}", folder / "spectra.pem"


def documented() -> str:
    """Return nginx's file as the guide shows it."""
    guide = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    [found] = [
        block for block in re.findall(r"```\n(.*?)```", guide, re.DOTALL) if "limit_conn" in block
    ]
    return found


@contextmanager
def running_nginx(folder: Path, service_port: int):
    """Run nginx on a free port; nothing of its file changes but ports, files, and the location."""
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", folder / "spectra.key", "-out", folder / "spectra.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = documented()
    for old, new in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("server 127.0.0.1:8001;", f"server 127.0.0.1:{service_port};"),
        ("    server 127.0.0.1:8002;\n", ""),
        ("/etc/ssl/spectra", f"{folder}/spectra"),
        ("spectra.lab.example.org", "localhost"),
        ("location / {", f"location {PREFIX}/ {{"),
    ):
        assert old in text
        text = text.replace(old, new)
    spill = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"{'user root;' if os.geteuid() == 0 else ''} pid {folder}/pid; daemon off;\n"
        f"events {{ worker_connections 512; }}\nhttp {{ access_log off;\n{spill}{text}}}\n"
    )
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        [NGINX, "-c", file, "-p", folder, "-e", "stderr"], stdout=log, stderr=log
    )
    try:
        wait_for(port, process, folder / "log")
        yield port
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


def test_every_address_of_the_page_is_below_the_path(proxy, service):
    url, certificate = proxy
    with requests.Session() as session:
        # Some machines name a bundle of certificates, which would come before ours.
        session.trust_env, session.verify = False, str(certificate)
        page = session.get(url, timeout=20)
        assert page.url == f"{url}/login" and page.status_code == 200
        form = {"token": service.token, "csrfmiddlewaretoken": csrf_of(page.text)}
        session.headers["Referer"] = page.url
        home = session.post(page.url, form, timeout=20)
        assert (home.url, home.status_code) == (f"{url}/", 200)
        assert {cookie.path for cookie in session.cookies} == {f"{PREFIX}/"}
        assert all(cookie.secure for cookie in session.cookies)
        addresses = set(re.findall(r'(?:href|src|action|data-photo)="([^#"][^"]*)"', home.text))
        assert len(addresses) > 10
        for address in addresses:
            assert address.startswith(f"{PREFIX}/")
            if not address.endswith("logout"):
                assert session.get(urljoin(url, address), timeout=20).status_code == 200, address
        answer = session.post(
            f"{url}/page/identify",
            files={"photo": lamp()},
            headers={"X-CSRFToken": re.search(r'csrf-token" content="(\w+)"', home.text)[1]},
            timeout=60,
        )
        assert answer.status_code == 200 and answer.json()["status"] == "ok"


def test_the_api_is_where_its_schema_says(proxy, service):
    url, certificate = proxy
    schema = requests.get(f"{url}/api/v1/schema", verify=certificate, timeout=20).json()
    [base] = [server["url"] for server in schema["servers"]]
    answers = {
        path: requests.post(
            urljoin(url, base + path),
            files={"photo": lamp()},
            headers=service.headers,
            verify=certificate,
            timeout=60,
        )
        for path in schema["paths"]
        if path.endswith("/identify")
    }
    assert [answer.json()["status"] for answer in answers.values()] == ["ok"]
    assert requests.get(f"{url}/healthz", verify=certificate, timeout=5).text == "alive\n"
    elsewhere = requests.get(urljoin(url, "/healthz"), verify=certificate, timeout=5)
    assert elsewhere.status_code == 404


def test_slow_clients_are_ended_and_counted_by_address(proxy, service):
    url, certificate = proxy
    begun = time.monotonic()
    silent = [connect(url, certificate) for _ in range(3)]
    head = f"GET {PREFIX}/login HTTP/1.1\r\nHost: localhost\r\n"
    silent[1].sendall(head.encode())
    announced = head.replace("GET", "POST") + "Content-Length: 1000\r\n\r\n"
    silent[2].sendall(announced.encode() + b"x" * 10)
    trickling = connect(url, certificate)
    trickling.sendall(head.encode() + b"X: ")
    held = [connect(url, certificate) for _ in range(40)]
    for line in held:
        line.sendall(announced.encode())
    time.sleep(1)
    one_more = connect(url, certificate)
    one_more.sendall(head.encode() + b"\r\n")
    assert one_more.recv(100).startswith(b"HTTP/1.1 429")
    other = connect(url, certificate, OTHER)
    other.sendall(head.encode() + b"\r\n")
    assert other.recv(100).startswith(b"HTTP/1.1 200")
    lines = [*silent, trickling, *held]
    while lines and time.monotonic() - begun < 20:
        lines = [line for line in lines if not is_ended(line)]
        if trickling in lines:
            trickling.send(b"x")
        time.sleep(0.5)
    assert not lines
    for line in (*silent, trickling, *held, one_more, other):
        line.close()


def connect(url: str, certificate: Path, source: str = "127.0.0.1") -> ssl.SSLSocket:
    """Return a line to nginx, from an address of choice."""
    line = socket.create_connection(
        ("127.0.0.1", urlsplit(url).port), timeout=5, source_address=(source, 0)
    )
    context = ssl.create_default_context(cafile=certificate)
    return context.wrap_socket(line, server_hostname="localhost")


def is_ended(line: ssl.SSLSocket) -> bool:
    """Return whether the other side has closed a line."""
    line.setblocking(False)
    try:
        while line.recv(4096):
            pass
    except ssl.SSLWantReadError:
        return False
    except OSError:
        return True
    finally:
        line.setblocking(True)
    return True


def csrf_of(page: str) -> str:
    return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]


def lamp() -> tuple[str, bytes]:
    return "lamp.jpg", (EXAMPLES_FOLDER / "fluorescent.jpg").read_bytes()
