"""Runs a temporary PostgreSQL for tests and benchmarks and removes it afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from ops.local.embedded.postgres import MAX_CONNECTIONS, PROBE_TIMEOUT, ROLE, find_programs, initdb
from ops.local.embedded.postgres_place import PostgresBroken, program_folder
from ops.local.embedded.postgres_user import as_owner, unprivileged_user
from ops.local.supervision.child import as_user, tail

#: Timeouts of its start and stop. Seconds.
START_TIMEOUT, STOP_TIMEOUT = 60.0, 30.0

#: Seconds between readiness checks.
INTERVAL = 0.05

PASSWORD = "scratch-server"  # noqa: S105 (only a socket in a folder of its own leads there)


@contextmanager
def scratch_postgres(*, durable: bool = True) -> Iterator[str]:
    """Yields the URL of a server that runs until the block ends, on a socket in a temporary folder.

    `durable=False`: it loses data if the machine fails, not if a process is killed. Then nothing waits for the disk.
    """
    user = unprivileged_user(_silent)
    programs = program_folder(find_programs(), user, _silent)
    with tempfile.TemporaryDirectory(prefix="idexx-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if user:
            as_owner(folder, user)
        asyncio.run(initdb(programs, folder, PASSWORD, user))
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", folder / "data", *_options(folder, durable)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **as_user(user),
            )
        try:
            url = f"postgresql://{ROLE}:{PASSWORD}@/postgres?host={folder}"
            asyncio.run(_until_ready(url, server, folder / "log"))
            yield url
        finally:
            _stop(server)


def _options(folder: Path, durable: bool) -> list[str]:
    settings: dict[str, object] = {
        "listen_addresses": "",
        "unix_socket_directories": folder,
        "max_connections": MAX_CONNECTIONS,
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    if not durable:
        settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


async def _until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        try:
            await (await asyncpg.connect(url, timeout=PROBE_TIMEOUT)).close()
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            if server.poll() is not None or time.monotonic() > deadline:
                raise PostgresBroken(f"PostgreSQL did not start: {tail(log)}") from None
            await asyncio.sleep(INTERVAL)
        else:
            return


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _silent(_: str) -> None:
    """Discards the text: the caller's output must contain only its own."""
