"""Runs a temporary PgBouncer in front of a PostgreSQL, for benchmarks and tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit

from engine.store.pool_mode import PoolMode
from ops.local.embedded.postgres_user import as_owner, unprivileged_user
from ops.local.supervision.child import as_user, tail

#: Timeouts of its start and stop, and the interval between two looks. Seconds.
START_TIMEOUT, STOP_TIMEOUT, INTERVAL = 30.0, 10.0, 0.05

#: The port in the socket's name.
PORT = 6432

#: The sessions of PostgreSQL that its clients share: fewer than there are clients, so they change sessions.
SESSIONS = 5


class PgBouncerMissing(Exception):
    """No PgBouncer is installed, or it does not start."""


def find_pgbouncer() -> str:
    """The path of the program, which Debian installs outside of a user's PATH."""
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise PgBouncerMissing("pgbouncer is not installed: ./ops/setup installs it where apt can")
    return found


@contextmanager
def pgbouncer(
    url: str, mode: PoolMode = PoolMode.TRANSACTION, settings: Mapping[str, object] = MappingProxyType({})
) -> Iterator[str]:
    """Yields the URL of a PgBouncer for the server at `url`, a socket's; it serves every database of the server.

    `settings` are PgBouncer's own, in addition.
    """
    program, user = find_pgbouncer(), unprivileged_user(lambda _: None)
    with tempfile.TemporaryDirectory(prefix="idexx-bouncer-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        config = folder / "pgbouncer.ini"
        config.write_text(_config(url, {**_settings(folder, mode), **settings}))
        if user:
            as_owner(folder, user)
            as_owner(config, user)
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [program, config],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **as_user(user),
            )
        try:
            _until_listening(server, folder)
            yield f"postgresql://postgres@/postgres?host={folder}&port={PORT}"
        finally:
            _stop(server)


def _settings(folder: Path, mode: PoolMode) -> Mapping[str, object]:
    return {
        "unix_socket_dir": folder,
        "listen_port": PORT,
        "auth_type": "any",
        "pool_mode": mode,
        "default_pool_size": SESSIONS,
        "max_client_conn": 500,
    }


def _config(url: str, settings: Mapping[str, object]) -> str:
    parts = urlsplit(url)
    host = parse_qs(parts.query)["host"][0]
    server = f"* = host={host} user={parts.username} password={parts.password}"
    return "\n".join(
        ["[databases]", server, "[pgbouncer]", *(f"{name} = {value}" for name, value in settings.items())]
    )


def _until_listening(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not list(folder.glob(".s.PGSQL.*")):
        if server.poll() is not None or time.monotonic() > deadline:
            raise PgBouncerMissing(f"pgbouncer did not start: {tail(folder / 'log')}")
        time.sleep(INTERVAL)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()  # it leaves at once
    try:
        server.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
