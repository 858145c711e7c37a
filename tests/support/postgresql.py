"""A PostgreSQL server of one's own, on a free port and new files: for tests and benchmarks."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Where Debian keeps them, one folder a version; elsewhere they are on the path.
_DEBIAN = Path("/usr/lib/postgresql")
# initdb refuses to work for root.
_ACCOUNT = "postgres"
_USER = "spectra"
# A second; on a machine that is busy with other things minutes.
_START_S = 240


def find_programs() -> Path | None:
    """Return the folder of initdb and pg_ctl, or None where they are not installed or of no use."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted(_DEBIAN.glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    folders = [one for one in folders if (one / "initdb").exists() and (one / "pg_ctl").exists()]
    if not folders or (_is_root() and not _account_exists()):
        return None
    return folders[0]


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _account_exists() -> bool:
    # Windows has none.
    import pwd

    try:
        pwd.getpwnam(_ACCOUNT)
    except KeyError:
        return False
    return True


@contextmanager
def running_postgresql(programs: Path) -> Iterator[str]:
    """Start a server on 127.0.0.1, yield the URL of its database, and end it."""
    password = secrets.token_hex()
    # Not among others' temporary files, whose folders the account may not enter.
    with tempfile.TemporaryDirectory(prefix="postgresql-") as name:
        folder = Path(name)
        (folder / "password").write_text(password)
        account = {}
        if _is_root():
            account = {"user": _ACCOUNT}
            for path in (folder, folder / "password"):
                shutil.chown(path, _ACCOUNT)
        data = folder / "data"
        _run(
            [programs / "initdb", "--pgdata", data, "--username", _USER, "--encoding", "UTF8"],
            [
                "--auth",
                "scram-sha-256",
                "--pwfile",
                folder / "password",
                "--no-locale",
                "--no-sync",
            ],
            **account,
        )
        port = _free_port()
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        control = [programs / "pg_ctl", "--pgdata", data, "--timeout", str(_START_S)]
        _run(control, ["--wait", "--log", folder / "log", "-o", options, "start"], **account)
        try:
            yield f"postgresql://{_USER}:{password}@127.0.0.1:{port}/postgres"
        finally:
            _run(control, ["--mode", "immediate", "stop"], **account)


def _run(*arguments: list, **account: str) -> None:
    # A server inherits what pg_ctl has open: with pipes, waiting for their end would take for ever.
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(
            [str(word) for part in arguments for word in part],
            cwd="/", stdin=subprocess.DEVNULL, stdout=said, stderr=said, **account,
        )  # fmt: skip
        if done.returncode:
            said.seek(0)
            raise RuntimeError(f"{arguments[0][0]}: {said.read()}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
