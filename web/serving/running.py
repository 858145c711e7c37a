"""Putting the service together: state, readers, server; and taking it apart again."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from lib.errors import DataError
from web.log import set_up_logging
from web.options import ServiceOptions
from web.readers.memory import keep_large_blocks_apart
from web.readers.pool import Pool
from web.readers.work import Limits
from web.storage.state import start_django


@contextmanager
def service(options: ServiceOptions) -> Iterator:
    """Yield a server that listens, ready for its `run()`.

    Raises
    ------
    DataError
        If the model, the state folder or the address cannot be used.
    """
    set_up_logging()
    keep_large_blocks_apart()
    listening = listen(options.host, options.port)
    pool = Pool(
        options.model,
        options.threads,
        Limits(max_bytes=options.max_bytes, max_pixels=options.max_pixels),
    )
    # The first reader loads its model while Django starts.
    pool.start()
    try:
        start_django(options)
        from web.readers import asking
        from web.serving import server

        pool.wait_until_ready()
        asking.use_pool(pool)
        yield server.create_server(options, listening)
    finally:
        pool.close()
        listening.close()


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address.

    Raises
    ------
    DataError
        If that is not possible.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise DataError(f"{host}:{port}: cannot listen there ({error})") from error


def address_of(options: ServiceOptions, server) -> str:
    """Return the address to open in a browser."""
    name = "127.0.0.1" if options.host in ("0.0.0.0", "::", "") else options.host
    name = f"[{name}]" if ":" in name else name
    return f"http://{name}:{server.effective_port}{options.url_prefix}/"


def advice(options: ServiceOptions) -> list[str]:
    """Return what whoever starts the server should know."""
    lines = []
    if not options.local_only:
        lines.append("The page asks for a token: make one with the subcommand create-token NAME")
    if not options.local_only and not options.behind_proxy:
        lines.append("Without HTTPS tokens cross the network unencrypted: see --behind-proxy")
    return lines
