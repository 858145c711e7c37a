"""The folder that outlives a restart: SQLite's database, secret key; made at the first start."""

import os
import secrets
import tempfile
from pathlib import Path

from lib.errors import DataError
from lib.files import only_writer
from web.options import ServiceOptions

_SECRET_BYTES = 48
# Making key and database takes under a second, on a slow disk some.
_OTHER_START_S = 60.0


def start_django(options: ServiceOptions) -> None:
    """Configure Django for `options`, and create or migrate the state folder.

    Of processes that start at once on one folder each waits for the one before it.

    Raises
    ------
    DataError
        If the folder cannot be used.
    """
    import django
    from django.conf import settings

    from web.settings import make_settings
    from web.storage.database import migrate

    state = options.state
    make_folder(state)
    with only_writer(state, state / "lock", wait_s=_OTHER_START_S):
        settings.configure(**make_settings(options, read_secret_key(state)))
        django.setup()
        migrate()


def make_folder(state: Path) -> None:
    """Make the state folder, for its owner alone, if it is not there.

    Raises
    ------
    DataError
        If it cannot be made.
    """
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise DataError(f"{state}: cannot be used ({error.strerror or error})") from error


def read_secret_key(state: Path) -> str:
    """Return the secret key of a state folder, made at first use with owner-only rights.

    Raises
    ------
    DataError
        If the key cannot be made or read.
    """
    path = state / "secret_key"
    try:
        if not path.exists():
            _write_for_owner(path, secrets.token_urlsafe(_SECRET_BYTES))
        key = path.read_text(encoding="ascii")
    except OSError as error:
        raise DataError(f"{path}: cannot be used ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: holds bytes that no key has; remove it") from error
    if len(key) < _SECRET_BYTES:
        raise DataError(f"{path}: expected a key of {_SECRET_BYTES} or more characters; remove it")
    return key


def _write_for_owner(path: Path, text: str) -> None:
    """Write a file whole, for its owner alone."""
    handle, name = tempfile.mkstemp(dir=path.parent)  # made with owner-only rights
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(text)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
