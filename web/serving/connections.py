"""Connections: clients must keep pace, and where room ends, whoever holds most gives way.

Waitress receives whole requests before a thread works on them. Left to itself it waits for ever for
one that goes on arriving, byte by byte, and with a thread for clients that do not read their
answers; once it is full, it takes no more connections or bodies from anybody.
"""

import contextlib
import socket
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable

from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher
from waitress.utilities import Error

from web.gate.access import address_group
from web.options import HEALTH_PATH
from web.serving.refusals import JsonErrorTask

MAX_CONNECTIONS = 200
# Those that are about to end, the socket that listens and the one that wakes the server count too.
_MORE_CONNECTIONS = 56
# All bodies that are arriving or waiting together, in requests of the largest size: 256 MB.
BODIES_AT_ONCE = 4
# The head of a request, which fits into a few packets, has come by then.
HEAD_S = 10.0
# Of a body or an answer this much passes in each such time: 4 kB/s, a tenth of what a poor mobile
# network gives.
PACE_S, PACE_BYTES = 20.0, 80_000
# Requests sent ahead of their answers; browsers and proxies send none. Each costs memory or a
# thread until the client takes what it has asked for.
MAX_AHEAD = 4


class _Busy(Error):
    code = 503
    reason = "Service Unavailable"


class _TooSlow(Error):
    code = 408
    reason = "Request Timeout"


class Channel(HTTPChannel):
    """One connection, and how fast it moves."""

    error_task_class = JsonErrorTask

    def __init__(self, server: "Server", *args, **kwargs):
        self._doing: tuple = ()
        self._since, self._moved_bytes = time.monotonic(), 0
        super().__init__(server, *args, **kwargs)
        server.opened(self)

    def received(self, data: bytes) -> bool:
        """Take a piece of a request, or of several."""
        self._moved_bytes += len(data)
        taken = super().received(data)
        if self.takes_body():
            self.server.bound_bodies()
        if len(self.requests) > 1 + MAX_AHEAD:
            self.end()
        return taken

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send a piece of an answer; return how much of it the client takes."""
        sent = super().send(data, do_close)
        self._moved_bytes += sent
        return sent

    def keep_deadlines(self) -> None:
        """End what the client sends, or takes, too slowly; asked once a second."""
        doing = (self._waits_for(), self.request)
        if doing != self._doing:
            self._doing = doing
            self._restart()
        passed_s = time.monotonic() - self._since
        if doing[0] == "head" and passed_s > HEAD_S:
            self.end()
        elif passed_s > PACE_S:
            slow = self._moved_bytes < PACE_BYTES
            self._restart()
            if slow and doing[0] == "body":
                self.refuse(_TooSlow(""))
            elif slow and doing[0] == "answer":
                self.end()

    def end(self) -> None:
        """Close the connection, even if its client takes nothing that could be sent."""
        self.will_close = True
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def refuse(self, error: Error) -> None:
        """Answer the arriving request with an error, and drop what has come of it."""
        with self.requests_lock:
            request, self.request = self.request, None
            request.close()
            request.body_rcv = None
            request.error, request.completed = error, True
            self.requests.append(request)
            if len(self.requests) == 1:
                self.server.add_task(self)

    def takes_body(self) -> bool:
        """Return whether a body is arriving."""
        return self.request is not None and self.request.body_rcv is not None

    def held_bytes(self) -> int:
        """Return the size of all bodies that have come or have been announced."""
        requests = (request for request in [self.request, *self.requests] if request is not None)
        return sum(
            max(request.content_length, request.body_bytes_received)
            for request in requests
            if request.body_rcv is not None
        )

    def asker(self) -> str:
        """Return the client's address, or what it shares with the others of its network."""
        address = self.addr[0]
        request = next(iter(self.requests), self.request)
        if request is not None and address == self.adj.trusted_proxy:
            address = request.headers.get("X_FORWARDED_FOR", address).rpartition(",")[2].strip()
        return address_group(address)

    def _waits_for(self) -> str:
        """Return what is to come by way of the client; "" where nothing is."""
        if self.total_outbufs_len:
            return "answer"
        if self.requests or self.request is None:
            return ""
        return "body" if self.request.headers_finished else "head"

    def _restart(self) -> None:
        self._since, self._moved_bytes = time.monotonic(), 0


class Server(TcpWSGIServer):
    """Waitress's server on a socket that listens; `adjustments` are waitress's own."""

    channel_class = Channel

    def __init__(self, application: Callable, listening, **adjustments):
        # Holds a channel for as long as a thread works on its request, even if it has been closed.
        self._living: weakref.WeakSet[Channel] = weakref.WeakSet()
        # What needs no work never waits behind what does.
        self._at_once = ThreadedTaskDispatcher()
        self._at_once.set_thread_count(1)
        super().__init__(
            application,
            _sock=listening,
            bind_socket=False,
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            connection_limit=MAX_CONNECTIONS + _MORE_CONNECTIONS,
            cleanup_interval=1,
            **adjustments,
        )

    def add_task(self, task: Channel) -> None:
        """Have a thread answer a channel's first request."""
        request = task.requests[0]
        # A proxy passes the path on with the prefix or without.
        asks_health = (HEALTH_PATH, self.adj.url_prefix + HEALTH_PATH)
        at_once = request.error or request.path in asks_health
        (self._at_once if at_once else self.task_dispatcher).add_task(task)

    def readable(self) -> bool:
        """Whether the server may listen; a clock that was set back does not delay maintenance."""
        latest = time.time() + self.adj.cleanup_interval
        self.next_channel_cleanup = min(self.next_channel_cleanup, latest)
        return super().readable()

    def maintenance(self, now: float) -> None:
        """Close what is silent, as waitress does it, and what is slow."""
        super().maintenance(now)
        for channel in self.active_channels.values():
            channel.keep_deadlines()

    def opened(self, channel: Channel) -> None:
        """Note a new connection; if there are too many, have one give way."""
        self._living.add(channel)
        all_open = [one for one in self.active_channels.values() if not one.will_close]
        if len(all_open) > MAX_CONNECTIONS:
            # Rather one that waits for its client than one that its client waits for; the oldest.
            held = _held(all_open, lambda _: 1)
            max(all_open, key=lambda one: (held[one], not one.requests, -one.creation_time)).end()

    def bound_bodies(self) -> None:
        """If all bodies together are too large, have one that is arriving give way."""
        bound = BODIES_AT_ONCE * self.adj.max_request_body_size
        living = list(self._living)
        while sum(channel.held_bytes() for channel in living) > bound:
            held = _held(living, Channel.held_bytes)
            arriving = filter(Channel.takes_body, living)
            largest = max(arriving, key=lambda one: (held[one], one.held_bytes()), default=None)
            if largest is None:
                return
            largest.refuse(_Busy(""))


def _held(channels: Iterable[Channel], weight: Callable[[Channel], int]) -> dict[Channel, int]:
    """Return for each channel what its asker holds over all channels."""
    askers = {channel: channel.asker() for channel in channels}
    total = Counter()
    for channel, asker in askers.items():
        total[asker] += weight(channel)
    return {channel: total[asker] for channel, asker in askers.items()}
