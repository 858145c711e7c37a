"""The folder that outlives a restart: database, secret key; made at the first start."""

import contextlib
import os
import secrets
from pathlib import Path

from lib.errors import DataError
from web.options import ServiceOptions

_SECRET_BYTES = 48


def start_django(options: ServiceOptions) -> None:
    """Configure Django for `options`, and create or migrate the state folder.

    Raises
    ------
    DataError
        If the folder cannot be used.
    """
    import django
    from django.conf import settings

    from web.settings import make_settings

    settings.configure(**make_settings(options, read_secret_key(options.state)))
    django.setup()
    migrate()


def migrate() -> None:
    """Bring the database to the form that this version of the program expects.

    Raises
    ------
    DataError
        If the database cannot be opened or written.
    """
    from django.core.management import call_command
    from django.db import DatabaseError, connection

    try:
        call_command("migrate", verbosity=0, interactive=False)
        Path(connection.settings_dict["NAME"]).chmod(0o600)
    except DatabaseError as error:
        name = connection.settings_dict["NAME"]
        raise DataError(f"{name}: not usable as the service's database ({error})") from error


def read_secret_key(state: Path) -> str:
    """Return the secret key of a state folder, made at first use with owner-only rights.

    Raises
    ------
    DataError
        If the folder or the key cannot be made or read.
    """
    path = state / "secret_key"
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Exclusive creation: two servers that start together agree on one key.
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as stream:
                stream.write(secrets.token_urlsafe(_SECRET_BYTES))
        key = path.read_text(encoding="ascii")
    except OSError as error:
        raise DataError(f"{path}: cannot be used ({error.strerror or error})") from error
    if len(key) < _SECRET_BYTES:
        raise DataError(f"{path}: expected a key of {_SECRET_BYTES} or more characters; remove it")
    return key
