"""Connections: a request must arrive in time, and where room ends, whoever holds most gives way.

Waitress receives whole requests before a thread works on them. Left to itself it waits for ever for
one that goes on arriving, byte by byte, and takes no more connections or bodies once it is full,
from anybody.
"""

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
# Of a body this much comes in each such time: 4 kB/s, a tenth of what a poor mobile network gives.
BODY_S, BODY_BYTES = 20.0, 80_000


class _Busy(Error):
    code = 503
    reason = "Service Unavailable"


class _TooSlow(Error):
    code = 408
    reason = "Request Timeout"


class Channel(HTTPChannel):
    """One connection, with the time that its present request has taken to arrive."""

    error_task_class = JsonErrorTask

    def __init__(self, server: "Server", *args, **kwargs):
        self.since = time.monotonic()
        self._bytes_then = 0
        super().__init__(server, *args, **kwargs)
        server.opened(self)

    def received(self, data: bytes) -> bool:
        """Take a piece of a request, or of several."""
        before = self.request
        taken = super().received(data)
        if self.request is not before:
            self._restart()
        if self.request is not None and self.request.body_rcv is not None:
            self.server.bound_bodies()
        return taken

    def keep_deadlines(self) -> None:
        """End what arrives too slowly; asked once a second."""
        request, passed_s = self.request, time.monotonic() - self.since
        if request is None:
            return
        if self.requests:
            # Not read on before the one in front is answered.
            self._restart()
        elif not request.headers_finished:
            self.will_close |= passed_s > HEAD_S
        elif passed_s > BODY_S:
            if request.body_bytes_received - self._bytes_then < BODY_BYTES:
                self.refuse(_TooSlow(""))
            self._restart()

    def refuse(self, error: Error) -> None:
        """Answer the request that is arriving with an error, and forget what there is of it."""
        with self.requests_lock:
            request, self.request = self.request, None
            request.close()
            request.body_rcv = None
            request.error, request.completed = error, True
            self.requests.append(request)
            if len(self.requests) == 1:
                self.server.add_task(self)

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

    def _restart(self) -> None:
        self.since = time.monotonic()
        self._bytes_then = 0 if self.request is None else self.request.body_bytes_received


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
            last = max(all_open, key=lambda one: (held[one], not one.requests, -one.since))
            last.will_close = True

    def bound_bodies(self) -> None:
        """If all bodies together are too large, have one that is arriving give way."""
        bound = BODIES_AT_ONCE * self.adj.max_request_body_size
        living = list(self._living)
        while sum(channel.held_bytes() for channel in living) > bound:
            held = _held(living, Channel.held_bytes)
            arriving = (one for one in living if one.request is not None and one.held_bytes())
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
