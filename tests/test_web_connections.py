"""Connections of the service: what is slow is ended, and whoever holds most gives way."""

import json
import logging
import socket
import sys
import threading
import time
from contextlib import ExitStack

import pytest

OTHER = "127.0.0.9"
needs_two_addresses = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux has a second address for itself"
)


@pytest.fixture
def serve(django_service, caplog):
    """Start servers of the service's kind on a small application, and end them."""
    from waitress import wasyncore

    from web.serving.connections import Server

    caplog.set_level(logging.ERROR, "waitress.queue")
    ended, stack = threading.Event(), ExitStack()
    # As the service has it: nothing spills to a file.
    usual = {"threads": 2, "outbuf_overflow": 2**26, "outbuf_high_watermark": 2**26}

    def start(application=hello, **adjustments):
        listening = socket.create_server(("127.0.0.1", 0))
        server = Server(application, listening, **(usual | adjustments))

        def run():
            while not ended.is_set():
                wasyncore.loop(timeout=0.05, map=server._map, count=1)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        for end in (lambda: wasyncore.close_all(server._map), thread.join):
            stack.callback(end)
        return Caller(listening.getsockname(), stack)

    yield start
    ended.set()
    stack.close()


def hello(environ, start_response):
    size = len(environ["wsgi.input"].read())
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{size}".encode()]


class Caller:
    """Opens lines to a server."""

    def __init__(self, address, stack):
        self._address, self._stack = address, stack

    def __call__(self, data: bytes, source: str = "127.0.0.1") -> socket.socket:
        line = socket.create_connection(self._address, timeout=5, source_address=(source, 0))
        self._stack.callback(line.close)
        line.sendall(data)
        return line


def status_of(line) -> str:
    """Return the status of an answer; "" of a line that is closed without one."""
    try:
        return line.recv(4096)[9:12].decode()
    except ConnectionResetError:
        return ""


def body_of(line) -> bytes:
    answer = b""
    while piece := line.recv(4096):
        answer += piece
    return answer.partition(b"\r\n\r\n")[2]


def post(size: int, sent: int, **headers: str) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST / HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: {size}\r\n\r\n"
    return head.encode() + b"x" * sent


GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@needs_two_addresses
def test_connections_without_end_shut_nobody_else_out(serve, monkeypatch):
    monkeypatch.setattr("web.serving.connections.MAX_CONNECTIONS", 8)
    call = serve()
    held = [call(b"GET / HTTP/1.1\r\nX: ") for _ in range(24)]
    for _ in range(4):
        assert status_of(call(GET, OTHER)) == "200"
    # The oldest have given way, the youngest are there.
    assert status_of(held[0]) == ""
    held[-1].sendall(b"\r\n\r\n")
    assert status_of(held[-1]) == "200"


@pytest.mark.slow
def test_a_head_that_does_not_end_is_given_up(serve, monkeypatch):
    monkeypatch.setattr("web.serving.connections.HEAD_S", 0.2)
    line = serve()(b"GET / HTTP/1.1\r\nX: ")
    for _ in range(40):
        time.sleep(0.1)
        try:
            line.sendall(b"x")
        except OSError:
            return
    pytest.fail("a head may take for ever")


@pytest.mark.slow
def test_a_body_that_trickles_is_refused(serve, monkeypatch):
    monkeypatch.setattr("web.serving.connections.PACE_S", 0.3)
    line = serve()(post(10**6, 90_000))
    begun = time.monotonic()
    answer = body_of(line)
    assert json.loads(answer)["code"] == "too_slow"
    assert time.monotonic() - begun < 4


@pytest.mark.slow
def test_an_answer_that_is_not_read_is_given_up(serve, monkeypatch):
    monkeypatch.setattr("web.serving.connections.PACE_S", 0.3)

    def large(environ, start_response):
        start_response("200 OK", [("Content-Length", str(2**24))])
        return [bytes(2**24)]

    line = serve(large)(GET)
    time.sleep(3.5)
    with pytest.raises(ConnectionResetError):
        for _ in range(100):
            line.sendall(b"x")
            time.sleep(0.02)


@pytest.mark.slow
def test_a_slow_but_steady_body_is_taken(serve, monkeypatch):
    monkeypatch.setattr("web.serving.connections.PACE_S", 0.5)
    monkeypatch.setattr("web.serving.connections.PACE_BYTES", 100)
    line = serve()(post(2400, 0))
    for _ in range(24):
        line.sendall(b"x" * 100)
        time.sleep(0.1)
    assert status_of(line) == "200"


@pytest.mark.parametrize("ahead", [4, 60])
def test_clients_that_do_not_read_their_answers_keep_no_thread(serve, ahead):

    def large(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [bytes(2**22)] if environ["PATH_INFO"] == "/large" else [b"small"]

    call = serve(large, threads=1)
    call(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n" * ahead)
    time.sleep(0.5)
    assert status_of(call(GET)) == "200"


@needs_two_addresses
def test_bodies_that_are_held_give_way_to_those_of_others(serve):
    call = serve(max_request_body_size=1000)
    held = [call(post(990, 980)) for _ in range(4)]
    time.sleep(0.2)
    assert status_of(call(post(900, 900), OTHER)) == "200"
    # Its bytes are free once its line is closed, a moment after the answer.
    time.sleep(0.2)
    # What is announced counts: the next of the same is refused, or ends another, before it comes.
    held.append(call(post(990, 0)))
    held.append(call(post(990, 0)))
    busy = 0
    for line in held:
        line.settimeout(0.1)
        try:
            answer = line.recv(4096)
            busy += b" 503 " in answer and b"Retry-After: 5" in answer
        except TimeoutError:
            continue
    assert busy == 2


def test_behind_a_proxy_bodies_are_its_clients(serve):
    call = serve(
        max_request_body_size=1000,
        trusted_proxy="127.0.0.1",
        trusted_proxy_headers={"x-forwarded-for"},
    )
    for _ in range(4):
        call(post(990, 980, **{"X-Forwarded-For": "192.0.2.1"}))
    honest = call(post(900, 800, **{"X-Forwarded-For": "192.0.2.2"}))
    time.sleep(0.2)
    honest.sendall(b"x" * 100)
    assert status_of(honest) == "200"


def test_an_answered_body_makes_room(serve):
    call = serve(max_request_body_size=1000)
    assert [status_of(call(post(900, 900))) for _ in range(12)] == ["200"] * 12


@pytest.mark.parametrize("path", ["/healthz", "/spectra/healthz"])
def test_a_monitor_is_answered_while_every_thread_works(serve, path):
    go_on = threading.Event()

    def work(environ, start_response):
        if not environ["PATH_INFO"].endswith("/healthz"):
            go_on.wait(10)
        return hello(environ, start_response)

    call = serve(work, url_prefix="/spectra")
    working = [call(GET) for _ in range(6)]
    begun = time.monotonic()
    assert status_of(call(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())) == "200"
    assert time.monotonic() - begun < 1
    go_on.set()
    assert [status_of(line) for line in working] == ["200"] * 6
