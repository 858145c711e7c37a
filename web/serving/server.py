"""The production server: waitress, with bodies held in memory."""

import socket

from django.core.wsgi import get_wsgi_application

from web.options import ServiceOptions
from web.readers.pool import MAX_WAITING
from web.serving.connections import Server

# Requests that wait for a reader hold a thread each; the page and its files need some beside.
_EXTRA_THREADS = MAX_WAITING + 8
# A client that sends nothing for this long is let go.
_SILENCE_S = 30


def create_server(options: ServiceOptions, listening: socket.socket) -> Server:
    """Return a server on a socket that listens, to be started with `run()`."""
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
    return Server(
        get_wsgi_application(),
        listening,
        threads=options.threads + _EXTRA_THREADS,
        channel_timeout=_SILENCE_S,
        recv_bytes=2**16,
        max_request_body_size=most,
        # Nothing of a request or an answer spills to a temporary file.
        inbuf_overflow=most + 1,
        outbuf_overflow=most + 1,
        # Beyond this a thread would wait until the client reads; no answers come near it.
        outbuf_high_watermark=most,
        url_prefix=options.url_prefix,
        # The application must see that a proxy stands in between to ask for a login.
        clear_untrusted_proxy_headers=False,
        expose_tracebacks=False,
        ident=None,
        **proxy,
    )
