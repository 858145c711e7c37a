"""The production server: waitress, with bodies held in memory and refusals in JSON."""

import socket
import weakref
from typing import ClassVar

import waitress
from django.core.wsgi import get_wsgi_application
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask
from waitress.utilities import Error

from lib.files import json_text
from web.options import ServiceOptions

# Requests that wait for a reader hold a thread each; the page and its files need some beside.
_EXTRA_THREADS = 24
_MAX_CONNECTIONS = 200
# All bodies that are arriving or waiting together, in requests of the largest size: 256 MB.
_BODIES_AT_ONCE = 4
# A client that sends nothing for this long is let go.
_SILENCE_S = 30
_CODES = {
    400: ("bad_request", "The request is not HTTP that this server understands."),
    413: ("too_large", "The request is larger than this server takes."),
    431: ("headers_too_large", "The headers are larger than this server takes."),
    501: ("not_implemented", "This transfer encoding is not supported."),
    503: ("busy", "Too many uploads at once; come back in a few seconds."),
}


class _Busy(Error):
    code = 503
    reason = "Service Unavailable"


class BoundedParser(HTTPRequestParser):
    """Waitress's parser, with a bound on the bytes of all bodies together.

    Waitress receives a whole body before the application sees the request; without a common bound
    many clients together could fill the memory.
    """

    _living: ClassVar[weakref.WeakSet] = weakref.WeakSet()

    def __init__(self, adj):
        super().__init__(adj)
        self._living.add(self)

    def received(self, data: bytes) -> int:
        """Take a piece of the request."""
        count = super().received(data)
        if not self.completed and self.body_rcv is not None:
            held = sum(parser.body_bytes_received for parser in self._living)
            if held > _BODIES_AT_ONCE * self.adj.max_request_body_size:
                self.error = _Busy("")
                self.completed = True
        return count


class JsonErrorTask(ErrorTask):
    """Refusals of the server itself, in the form of all others."""

    def execute(self) -> None:
        """Write the answer and close the connection."""
        error = self.request.error
        code, message = _CODES.get(error.code, ("internal_error", "The server met a fault."))
        body = json_text({"code": code, "message": message}).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend(
            [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
        )
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    """A connection."""

    parser_class = BoundedParser
    error_task_class = JsonErrorTask


def create_server(options: ServiceOptions, listening: socket.socket):
    """Return a waitress server on a socket that listens, to be started with `run()`."""
    # The application itself refuses what exceeds its bound, in time to be heard; a body of twice
    # that is cut off.
    most = 2 * options.max_bytes
    proxy = (
        {
            "trusted_proxy": options.proxy_address,
            "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"},
        }
        if options.behind_proxy
        else {}
    )
    server = waitress.create_server(
        get_wsgi_application(),
        sockets=[listening],
        threads=options.threads + _EXTRA_THREADS,
        connection_limit=_MAX_CONNECTIONS,
        channel_timeout=_SILENCE_S,
        recv_bytes=2**16,
        max_request_body_size=most,
        # Nothing of a request or an answer spills to a temporary file.
        inbuf_overflow=most + 1,
        outbuf_overflow=most + 1,
        # The application must see that a proxy stands in between to ask for a login.
        clear_untrusted_proxy_headers=False,
        expose_tracebacks=False,
        ident=None,
        **proxy,
    )
    server.channel_class = Channel
    return server
