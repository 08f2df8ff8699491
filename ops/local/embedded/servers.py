"""Starts the embedded servers that the settings do not name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from ops.local.embedded.home import Home
from ops.local.embedded.leftovers import end_leftovers
from ops.local.embedded.nats_server import nats_server
from ops.local.embedded.postgres import postgres
from ops.local.supervision import Supervisor


@dataclass(frozen=True, slots=True)
class EmbeddedServers:
    """The URLs of NATS and PostgreSQL; `monitor_url` is that of the embedded nats-server."""

    nats_url: str
    database_url: str
    monitor_url: str | None = None


async def start_servers(
    home: Home,
    supervisor: Supervisor,
    *,
    nats_url: str | None = None,
    database_url: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> EmbeddedServers:
    """Starts each server whose URL is None, in a home that the caller holds.

    Raises `StartFailed`, and what `nats_server` and `postgres` raise.
    """
    await end_leftovers(home, say)
    monitor_url = None
    if nats_url is None:
        nats = nats_server(home)
        await supervisor.start(nats.command)
        nats_url, monitor_url = nats.url, nats.monitor_url
    if database_url is None:
        database = await postgres(home, say)
        await supervisor.start(database.command)
        database_url = database.url
    return EmbeddedServers(nats_url, database_url, monitor_url)


@asynccontextmanager
async def embedded_servers(
    home: Home, *, grace: float = 10.0, say: Callable[[str], None] = lambda _: None
) -> AsyncIterator[EmbeddedServers]:
    """Runs both servers until the block ends. Raises `HomeInUse`, and as `start_servers`."""
    with home.hold(datetime.now(UTC)) as announce:
        async with Supervisor(grace=grace, say=say, label=home.label) as supervisor:
            servers = await start_servers(home, supervisor, say=say)
            announce({"NATS_URL": servers.nats_url, "DATABASE_URL": servers.database_url})
            yield servers
