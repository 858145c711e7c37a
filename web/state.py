"""The folder that outlives a restart: database, secret key; made at the first start."""

import contextlib
import os
import secrets
import tempfile
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
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(_SECRET_BYTES))
        key = path.read_text(encoding="ascii")
    except OSError as error:
        raise DataError(f"{path}: cannot be used ({error.strerror or error})") from error
    if len(key) < _SECRET_BYTES:
        raise DataError(f"{path}: expected a key of {_SECRET_BYTES} or more characters; remove it")
    return key


def _write_once(path: Path, text: str) -> None:
    """Write a file whole, for its owner alone, unless another process was first."""
    handle, name = tempfile.mkstemp(dir=path.parent)  # made with owner-only rights
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(text)
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()
