"""Two PostgreSQL servers for tests: a primary, and its standby, which confirms each commit."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from ops.local.embedded.postgres import ROLE, find_programs, initdb, options, run
from ops.local.embedded.postgres_place import program_folder
from ops.local.embedded.postgres_user import as_owner, unprivileged_user
from ops.local.supervision.child import as_user, tail
from tests.conftest import free_port, until

PASSWORD = "two-servers"


@dataclass
class Server:
    """A server on 127.0.0.1."""

    programs: Path
    folder: Path
    port: int
    user: str | None
    process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, database: str = "postgres", host: str = "") -> str:
        return f"postgresql://{ROLE}:{PASSWORD}@{host or self.host}/{database}"

    async def start(self) -> None:
        """Starts it; returns when it accepts connections."""
        process = self.process = self._spawn()

        async def ready() -> bool:
            assert process.poll() is None, tail(self.folder / "log")
            try:
                connection = await asyncpg.connect(self.url())
            except (OSError, asyncpg.CannotConnectNowError):
                return False
            await connection.close()
            return True

        await until(ready)

    def _spawn(self) -> subprocess.Popen[bytes]:
        argv = [self.programs / "postgres", "-D", self.folder / "data", *options(self.port)]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **as_user(self.user),
            )

    async def execute(self, statement: str, database: str = "postgres") -> None:
        connection = await asyncpg.connect(self.url(database))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def kill(self) -> None:
        """Kills all of its processes, as a crash of the machine would."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@dataclass(frozen=True)
class Pair:
    primary: Server
    standby: Server

    def url(self, database: str, parameters: str = "") -> str:
        """The URL of both, the standby first."""
        return f"{self.standby.url(database, f'{self.standby.host},{self.primary.host}')}?{parameters}"


@asynccontextmanager
async def postgres_pair() -> AsyncIterator[Pair]:
    """Yields a primary and its standby."""
    user = unprivileged_user(lambda _: None)
    programs = program_folder(find_programs(), user, lambda _: None)
    with tempfile.TemporaryDirectory(prefix="idexx-pair-", ignore_cleanup_errors=True) as name:
        _open_to_all(Path(name))
        primary, standby = [_server(programs, Path(name) / role, user) for role in ("primary", "standby")]
        try:
            await initdb(programs, primary.folder, PASSWORD, user)
            await primary.start()
            await _copy(primary, standby)
            await standby.start()
            await primary.execute("alter system set synchronous_standby_names = '*'")
            await primary.execute("alter system set synchronous_commit = 'remote_apply'")
            await primary.execute("select pg_reload_conf()")
            yield Pair(primary, standby)
        finally:
            primary.kill()
            standby.kill()


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o711)  # the user that runs PostgreSQL needs access to its data in this folder


def _server(programs: Path, folder: Path, user: str | None) -> Server:
    folder.mkdir()
    if user:
        as_owner(folder, user)
    return Server(programs, folder, free_port(), user)


async def _copy(primary: Server, standby: Server) -> None:
    argv: Sequence[str] = (
        *(str(primary.programs / "pg_basebackup"), "-d", primary.url(), "-D", str(standby.folder / "data")),
        *("--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream"),
    )
    await run(*argv, user=primary.user)
