"""Opens short-lived connections for commands, with one clear error when a server cannot be reached."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import nats.errors
from nats.aio.client import Client

from actors.observability import tracing
from actors.runtime.nats_options import connect_options, servers
from actors.settings import load
from broker.transport.client import OrderedClient
from broker.transport.connection import tls_first_hint
from engine.errors import Unavailable
from engine.store.connecting import connect, hosts_of, keeps_sessions
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit

#: Seconds to wait for a connection.
CONNECT_TIMEOUT = 5.0

#: What asyncpg raises of its own while it connects.
_CONNECTING = (asyncpg.PostgresError, asyncpg.ClientConfigurationError, asyncpg.TargetServerAttributeNotMatched)


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """Yields a database connection. Raises `Unavailable`, and asyncpg's own errors after connecting."""
    with _reaching(url):
        connection = await connect(url, timeout=CONNECT_TIMEOUT)
    try:
        yield connection
    finally:
        await connection.close()


async def require_sessions(url: str, what: str) -> None:
    """Raises `CommandFailed` if a pooler in transaction mode is between; `what` requires a session."""
    with _reaching(url):
        if await keeps_sessions(url, timeout=CONNECT_TIMEOUT):
            return
    raise CommandFailed(
        f"PostgreSQL at {where(url)} is reached through a pooler in transaction mode, and {what} requires a session:"
        " set DATABASE_URL to the server itself, or to the pooler's port in session mode (Supabase: 5432, not 6543)",
        status=Exit.USAGE,
    )


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    """Raises `Unavailable` for what connecting raises."""
    try:
        yield
    except (OSError, TimeoutError, ValueError, *_CONNECTING) as error:
        problem = _problem(has_answered=isinstance(error, asyncpg.PostgresError))
        raise Unavailable(
            f"PostgreSQL at {where(url)} {problem} ({type(error).__name__}: {error}); "
            "check that it runs and that DATABASE_URL is right"
        ) from error


@asynccontextmanager
async def open_nats(url: str, *, keep: bool = False) -> AsyncIterator[Client]:
    """Yields a NATS connection. Raises `Unavailable`. With `keep`, it reconnects without limit when it is lost."""
    settings, reasons = load(), list[str]()
    tracing.configure(settings, "command line")

    async def note(error: Exception) -> None:
        reasons.append(str(error) or type(error).__name__)

    client = OrderedClient()
    try:
        # The client's own timeout does not cover a server that sends nothing, or only TLS.
        async with asyncio.timeout(2 * CONNECT_TIMEOUT):
            await client.connect(
                servers(url),
                connect_timeout=CONNECT_TIMEOUT,
                max_reconnect_attempts=2,
                reconnect_time_wait=0.2,
                allow_reconnect=True,
                error_cb=note,
                name="idexx-sync command line",
                **connect_options(settings),
            )
    except (OSError, TimeoutError, nats.errors.Error, ValueError) as error:
        await client.close()
        why = reasons[-1] if reasons else str(error) or type(error).__name__
        raise Unavailable(
            f"NATS at {where(url)} {_problem(has_answered='authorization' in why.lower())} ({why}); "
            f"check that it runs and that NATS_URL is right" + tls_first_hint(why, "NATS_TLS_HANDSHAKE_FIRST=true")
        ) from error
    if keep:
        client.options["max_reconnect_attempts"] = -1
    try:
        yield client
    finally:
        with suppress(OSError, nats.errors.Error):
            await client.close()


def _problem(*, has_answered: bool) -> str:
    return "rejects the credentials" if has_answered else "does not respond"


def where(url: str) -> str:
    """Returns host and port of a URL, or of several separated by commas, for display."""
    if len(urls := servers(url)) > 1:
        return ", ".join(map(where, urls))
    if "://" not in url and (bare := re.fullmatch(r"(?:.*@)?([\w.-]+:\d+)", url)):
        return bare[1]
    if len(hosts := hosts_of(url)) > 1:
        return ", ".join(map(str, hosts))
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname or "a local socket")
    except ValueError:
        return "(an address that cannot be parsed)"
