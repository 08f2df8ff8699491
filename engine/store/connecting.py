"""Opens connections to PostgreSQL: several hosts in turn, and through poolers that give up sessions.

A pooler in transaction mode (Supabase's port 6543, PgBouncer with `pool_mode = transaction`) may run each transaction
of a client in another session of the server. What belongs to a session is lost there or appears in another client's
session: named prepared statements, `SET`, `LISTEN`, temporary tables, session advisory locks. The statements of this
package therefore use transaction scope only, and connections through a pooler send unnamed statements, which asyncpg
parses again each time (`statement_cache_size=0`).
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import asyncpg

from engine.store.pool_mode import PoolMode
from engine.store.server_errors import is_away

#: How often it is tried whether a pooler moves a client to another session.
PROBES = 3

#: Parameters of the URL that name a file.
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")


class NoHostUsable(OSError):
    """None of the hosts in the URL accepts a connection that fits `target_session_attrs`."""


@dataclass(frozen=True, slots=True)
class Host:
    """A server of the URL: a name or the folder of a socket."""

    name: str
    port: int | None

    def __str__(self) -> str:
        return self.name if self.port is None else f"{self.name}:{self.port}"


class Connector:
    """Opens the connections of one URL, and remembers which host was reached last and whether a pooler was found."""

    def __init__(self, url: str, pool_mode: PoolMode = PoolMode.AUTO) -> None:
        """`pgbouncer=true` in the URL, as Supabase writes it for Prisma, sets transaction mode."""
        self.url, is_marked = _without_pgbouncer(url)
        self.pool_mode = PoolMode.TRANSACTION if is_marked and pool_mode is PoolMode.AUTO else pool_mode
        self._finds_out = self.pool_mode is PoolMode.AUTO
        self._hosts = hosts_of(self.url)

    @property
    def has_other_hosts(self) -> bool:
        """Whether the URL names hosts that can take over from one that does not respond."""
        return len(self._hosts) > 1

    async def connect(self, *_: str | None, **options: Any) -> asyncpg.Connection[Any]:
        """Connects, as `asyncpg.connect` with these options; it can be the `connect` of a pool."""
        if self.pool_mode is PoolMode.AUTO:
            connection = await self._reach(options)
            if not await is_pooled(connection):
                self.pool_mode = PoolMode.SESSION
                return connection
            # Its mode remains unknown, and what suits transaction mode suits the other one.
            self.pool_mode = PoolMode.TRANSACTION
            await connection.close()
        if self.pool_mode is PoolMode.TRANSACTION:
            options = {**options, "statement_cache_size": 0}
        return await self._reach(options)

    def found_pooler(self) -> None:
        """Lets further connections do without named statements, unless the mode was set."""
        if self._finds_out:
            self.pool_mode = PoolMode.TRANSACTION

    async def _reach(self, options: dict[str, Any]) -> asyncpg.Connection[Any]:
        """Connects to the first host that fits, the last one reached first.

        asyncpg has one timeout for all hosts, so a host whose machine is gone would use it up.
        """
        _require_files(self.url)
        if not self.has_other_hosts:
            connection: asyncpg.Connection[Any] = await asyncpg.connect(self.url, **options)
            return connection
        options = {**options, "timeout": options["timeout"] / len(self._hosts)}
        if "target_session_attrs" not in _parameters(self.url):  # every process writes
            options["target_session_attrs"] = "read-write"
        failures = []
        for host in list(self._hosts):
            try:
                connection = await asyncpg.connect(self.url, host=host.name, port=host.port, **options)
            except (OSError, asyncpg.PostgresError, asyncpg.TargetServerAttributeNotMatched) as error:
                if isinstance(error, asyncpg.PostgresError) and not is_away(error):
                    raise
                failures.append(f"{host}: {str(error) or type(error).__name__}")
            else:
                self._hosts.remove(host)
                self._hosts.insert(0, host)
                return connection
        raise NoHostUsable("; ".join(failures))


async def connect(url: str, *, timeout: float) -> asyncpg.Connection[Any]:
    """Opens one connection without named prepared statements, which suits any pooler."""
    return await Connector(url, PoolMode.TRANSACTION).connect(timeout=timeout)


async def keeps_sessions(url: str, *, timeout: float) -> bool:
    """Whether each connection keeps a session of the server for itself, as `migrate` requires.

    A second client begins a transaction: in transaction mode it gets the session that the first client has just used,
    or the first client's next statement runs in another one. In a busy pool both can happen to look like session mode,
    so it is tried several times. A pooler that has no second session to give holds on to the first one.
    """
    first = await connect(url, timeout=timeout)
    try:
        if not await is_pooled(first):
            return True
        async with asyncio.timeout(timeout):
            second = await connect(url, timeout=timeout)
            try:
                return not any([await _changes_sessions(first, second) for _ in range(PROBES)])
            finally:
                second.terminate()
    except TimeoutError:
        return True
    finally:
        first.terminate()


async def _changes_sessions(first: asyncpg.Connection[Any], second: asyncpg.Connection[Any]) -> bool:
    before = await _session_of(first)
    async with second.transaction():
        return before == await _session_of(second) or before != await _session_of(first)


async def _session_of(connection: asyncpg.Connection[Any]) -> int:
    """The id of the server process that runs the connection's statements now."""
    # Without a name, even on a connection that caches statements: a pooler may be between.
    statement = await connection.prepare("select pg_backend_pid()", name="")
    session: int = await statement.fetchval()
    return session


async def is_pooled(connection: asyncpg.Connection[Any]) -> bool:
    """Whether a pooler is between: it announces itself as the server process, with an id of its own."""
    return await _session_of(connection) != connection.get_server_pid()


def hosts_of(url: str) -> list[Host]:
    """The hosts in a URL, in its order; empty if it cannot be read, which asyncpg then reports."""
    try:
        # Like asyncpg, end the user and password at the first @.
        before, _, behind = urlsplit(url).netloc.partition("@")
        parameters = _parameters(url)
        names = (unquote(behind or before) or parameters.get("host", "")).split(",")
        ports = parameters.get("port", "").split(",")
        ports = ports * len(names) if len(ports) == 1 else ports
        return [_host(name, port) for name, port in zip(names, ports, strict=True)]
    except ValueError:
        return []


def _host(text: str, port: str) -> Host:
    if found := re.fullmatch(r"(\[[^\]]*\]|[^:\[]*):(\d+)", text):
        text, port = found[1], found[2]
    return Host(text.strip("[]"), int(port) if port else None)


def _parameters(url: str) -> dict[str, str]:
    return dict(parse_qsl(url.partition("?")[2], keep_blank_values=True))


def _require_files(url: str) -> None:
    """Raises FileNotFoundError that names the parameter; the error of the TLS library names nothing."""
    parameters = _parameters(url)
    for name in _FILES:
        if (path := parameters.get(name)) and not Path(path).is_file():
            raise FileNotFoundError(f"{name}={path} in DATABASE_URL is not a file")


def _without_pgbouncer(url: str) -> tuple[str, bool]:
    """The URL without Prisma's parameter `pgbouncer`, which PostgreSQL would refuse, and whether it was true."""
    parameters = _parameters(url)
    if "pgbouncer" not in parameters:
        return url, False
    is_marked = parameters.pop("pgbouncer") == "true"
    return url.partition("?")[0] + (f"?{urlencode(parameters)}" if parameters else ""), is_marked
