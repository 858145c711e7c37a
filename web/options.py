"""The options of the service, in one place."""

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_data_path

from lib.paths import DEFAULT_MODEL, IN_CHECKOUT, ROOT

# How long a client should wait that was refused for lack of room or of a database, seconds.
RETRY_S = 5

# A class's worth a request; more come in further ones.
MAX_PHOTOS = 20
# Where monitors ask whether the server is alive.
HEALTH_PATH = "/healthz"
# What the service keeps: beside the code in a checkout; of an installed program, whose folder the
# next version replaces, where the system keeps what programs save for a user.
STATE = ROOT / "web" / "state" if IN_CHECKOUT else user_data_path("spectrum", appauthor=False)


@dataclass(frozen=True)
class ServiceOptions:
    """How the service runs; s6's flags take these defaults.

    Attributes
    ----------
    host, port : str, int
        Where it listens.
    model : Path
        Folder of the frozen model.
    threads : int
        Photos worked on at the same time, each by an interpreter of its own.
    url_prefix : str
        Path of a proxy that the service lives below, "/spectra"; empty at the root.
    state : Path
        Folder of the secret key, and of SQLite's database.
    database : str or None
        URL of a PostgreSQL database that several servers share; None for SQLite.
    allowed_hosts : tuple of str
        Host names that requests may address, beside localhost and `host`.
    cors_origins : tuple of str
        Origins of other web applications whose scripts may call the API.
    behind_proxy : bool
        Whether one reverse proxy stands in front and speaks HTTPS.
    proxy_address : str
        From where that proxy connects.
    max_megabytes : int
        Bound on a request, in units of 2^20 bytes.
    max_megapixels : int
        Bound on a photo's width x height, in units of 10^6 pixels.
    token_rate, address_rate : int
        Requests a minute allowed to one token, and to one address; 0 switches the limit off.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    model: Path = DEFAULT_MODEL
    threads: int = os.cpu_count() or 1
    url_prefix: str = ""
    state: Path = STATE
    # It holds a password.
    database: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    behind_proxy: bool = False
    proxy_address: str = "127.0.0.1"
    max_megabytes: int = 32
    # The largest mode that phones save without asking for it is 50 megapixels.
    max_megapixels: int = 64
    token_rate: int = 120
    address_rate: int = 240

    @property
    def max_bytes(self) -> int:
        """Bound on a request in bytes."""
        return self.max_megabytes * 2**20

    @property
    def max_pixels(self) -> int:
        """Bound on a photo in pixels."""
        return self.max_megapixels * 10**6

    @property
    def local_only(self) -> bool:
        """Whether nobody but this machine's own users can reach the server."""
        return is_loopback(self.host) and not self.behind_proxy


def is_loopback(host: str) -> bool:
    """Return whether a host name or address means this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
