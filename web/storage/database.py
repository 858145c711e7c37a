"""Where tokens, calibrations and counts of requests lie: SQLite, or PostgreSQL by DATABASE_URL.

SQLite serves one server process, which counts requests in its own memory. On PostgreSQL any number
of them, on one machine or several, are one service: what one has saved the others know at once, and
a client's requests are counted together, whichever process they reach.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from lib.errors import DataError
from web.options import ServiceOptions

# The variable's name is the custom of hosting services and of Django's world.
VARIABLE = "DATABASE_URL"
# Seconds that a writer waits for another one before SQLite gives up.
_SQLITE_TIMEOUT_S = 20
# Rate limits remember this many tokens and addresses.
_REMEMBERED_CLIENTS = 10_000
_RATES_TABLE = "web_rates"
# A request holds a connection for some milliseconds and none while its photo is read, so that a few
# serve all threads; PostgreSQL's own default is 100 for all of its clients together. After the
# database was restarted the pool tries its broken ones one after the other, each later than the
# last: those that nobody needs are therefore closed soon.
_CONNECTIONS = 8
_IDLE_S = 30
_CONNECT_S = 10
# Migrating takes under a second, with many saved calibrations some.
_OTHER_MIGRATION_S = 60
# Any number that other programs on the same database do not lock on.
_MIGRATION_LOCK = 0x5BEC7A
_SCHEMES = ("postgresql", "postgres")
_EXPECTED = "expected postgresql://USER:PASSWORD@HOST:PORT/NAME"

_counting = threading.Lock()


def database_settings(options: ServiceOptions) -> dict:
    """Return Django's settings of the database, and of the memory of request rates.

    Raises
    ------
    DataError
        If the URL names no PostgreSQL database, or its packages are not installed.
    """
    database = _postgresql(options.database) if options.database else _sqlite(options)
    cache = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    if options.database:
        cache = {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": _RATES_TABLE,
        }
    return {
        "DATABASES": {"default": database},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "CACHES": {"default": cache | {"OPTIONS": {"MAX_ENTRIES": _REMEMBERED_CLIENTS}}},
    }


def _sqlite(options: ServiceOptions) -> dict:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": options.state / "service.sqlite3",
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": _SQLITE_TIMEOUT_S,
            "transaction_mode": "IMMEDIATE",
            # A kill in the middle of a write loses that write and nothing else.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        },
    }


def _postgresql(url: str) -> dict:
    # The URL holds a password: nothing but its scheme is ever repeated.
    scheme, separator, _ = url.partition("://")
    if scheme not in _SCHEMES:
        received = f"one of {scheme!r}" if separator else "something else"
        raise DataError(f"{VARIABLE}: {_EXPECTED}, received {received}")
    if not all(map(find_spec, ("dj_database_url", "psycopg", "psycopg_pool"))):
        raise DataError(f"{VARIABLE}: needs the packages of requirements-postgresql.txt")
    import dj_database_url

    try:
        database = dj_database_url.parse(url, conn_max_age=0, conn_health_checks=True)
    except ValueError as error:
        raise DataError(
            f"{VARIABLE}: {_EXPECTED}, received one whose parts are not percent-encoded"
        ) from error
    if not database["NAME"]:
        raise DataError(f"{VARIABLE}: {_EXPECTED}, received one without a NAME")
    given = {"connect_timeout": _CONNECT_S} | database.get("OPTIONS", {})
    pool = {"min_size": 1, "timeout": _CONNECT_S, "max_size": _CONNECTIONS, "max_idle": _IDLE_S}
    return dict(database) | {"OPTIONS": given | {"pool": pool}}


def migrate() -> None:
    """Bring the database to the form that this version of the program expects.

    Raises
    ------
    DataError
        If the database cannot be reached, opened or written.
    """
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import CommandError, call_command
    from django.db import DatabaseError, connection

    try:
        if connection.vendor == "postgresql":
            with _only_migrator():
                call_command("migrate", verbosity=0, interactive=False)
                call_command("createcachetable", verbosity=0)
            # Also where nothing else follows: a command that lists tokens.
            connection.close()
        else:
            call_command("migrate", verbosity=0, interactive=False)
            Path(connection.settings_dict["NAME"]).chmod(0o600)
    except (DatabaseError, CommandError, ImproperlyConfigured) as error:
        said = " ".join(str(error).split())
        raise DataError(
            f"{name_of(connection)}: not usable as the service's database ({said})"
        ) from error


def name_of(connection) -> str:
    """Return what a person calls a database: its file, or its host and name."""
    settings = connection.settings_dict
    if connection.vendor != "postgresql":
        return str(settings["NAME"])
    return f"{VARIABLE} ({settings['HOST'] or 'this machine'}, {settings['NAME']})"


@contextmanager
def _only_migrator() -> Iterator[None]:
    """Let one process at a time, of all machines, migrate a PostgreSQL database.

    The lock is that of a connection of its own, and ends with it, however this process ends. A pool
    would keep trying to connect, and hide why that fails.
    """
    import psycopg
    from django.db import DatabaseError, connection

    try:
        with psycopg.connect(**connection.get_connection_params(), autocommit=True) as own:
            own.execute(f"SET lock_timeout = '{_OTHER_MIGRATION_S}s'")
            own.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
            yield
    except psycopg.Error as error:
        raise DatabaseError(str(error)) from error


@contextmanager
def counting_alone(key: str) -> Iterator[None]:
    """Let one request at a time read and write what is remembered under `key`.

    Between processes as well, where they share a database.
    """
    from django.db import connection, transaction

    if connection.vendor != "postgresql":
        with _counting:
            yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        yield
