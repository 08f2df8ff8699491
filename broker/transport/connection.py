"""The NATS connection of a process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import nats.errors
from dramatiq.errors import ConnectionClosed, ConnectionFailed
from dramatiq.logging import get_logger

from .client import OrderedClient
from .loop import log_failure
from .node_watch import NodeWatch

#: By default nats-py stops reconnecting after two minutes, and notices a dead peer after six.
STANDING_OPTIONS: dict[str, Any] = {
    "max_reconnect_attempts": -1,
    "reconnect_time_wait": 0.25,
    "connect_timeout": 2,
    "ping_interval": 5,
    "max_outstanding_pings": 2,
    "pending_size": 1024 * 1024,
    "skip_subject_validation": True,
}


class Connection:
    """Connects on first use, reconnects without limit, and runs callbacks when the connection is lost and
    restored."""

    def __init__(self, servers: list[str], options: dict[str, Any], timeout: float) -> None:
        self.timeout = timeout
        self.lost_callbacks: list[Callable[[], None]] = []
        self.back_callbacks: list[Callable[[], Awaitable[None]]] = []
        self._servers = servers
        self._options = {**STANDING_OPTIONS, **options}
        self._client: OrderedClient | None = None
        self._connecting = asyncio.Lock()
        self._up = asyncio.Event()
        self._last_error: Exception | None = None
        self._closed = False
        self._watching: asyncio.Task[None] | None = None
        self._logger: logging.Logger = get_logger(__name__, type(self))

    @property
    def is_up(self) -> bool:
        """Whether the connection is up at this moment."""
        return self._client is not None and self._client.is_connected

    @property
    def live_client(self) -> OrderedClient | None:
        """The client, or None while no server can be reached."""
        return self._client if self.is_up else None

    async def client(self) -> OrderedClient:
        """Returns the client, connecting on first use. Raises ConnectionFailed if no server responds in time."""
        client = self._client
        if client is not None and not client.is_closed:
            return client
        async with self._connecting:
            if self._client is None or self._client.is_closed:
                self._client = await self._connect()
                await self._report_connected()
            return self._client

    async def connected(self) -> OrderedClient:
        """Returns the client once a server can be reached; raises ConnectionClosed after `timeout` seconds."""
        client = await self.client()
        if not client.is_connected:
            try:
                async with asyncio.timeout(self.timeout):
                    await self._up.wait()
            except TimeoutError:
                raise ConnectionClosed(f"NATS is unreachable: {self._last_error or 'connection lost'}") from None
        return client

    def send(self, subject: str, payload: bytes = b"", reply: str = "") -> bool:
        """Publishes without confirmation; returns False if no server can be reached at this moment. Never
        raises."""
        client = self.live_client
        if client is None:
            return False
        client.post(subject, payload, reply)
        return True

    async def close(self, timeout: float = 2.0) -> None:
        """Sends what is buffered and closes the connection, within `timeout` seconds."""
        self._closed = True
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        client, self._client = self._client, None
        if client is None or client.is_closed:
            return
        try:
            async with asyncio.timeout(timeout):
                if client.is_connected:
                    await client.flush()
                await client.close()
        except (TimeoutError, OSError, nats.errors.Error) as error:
            self._logger.warning("Closing the connection to NATS failed: %s", error or type(error).__name__)

    async def _connect(self) -> OrderedClient:
        client = OrderedClient()
        try:
            async with asyncio.timeout(self.timeout):
                await client.connect(
                    self._servers,
                    error_cb=self._on_error,
                    disconnected_cb=self._on_lost,
                    reconnected_cb=self._on_back,
                    **self._options,
                )
        except (TimeoutError, OSError, nats.errors.Error) as error:
            await client.close()
            cause = self._last_error or error
            why = str(cause) or type(cause).__name__
            raise ConnectionFailed(
                f"No NATS server responds at {', '.join(map(_place, self._servers))} ({why}): "
                f"check that it runs, and that the address and the credentials are right"
                + tls_first_hint(why, "the client's option `tls_handshake_first`")
            ) from error
        # The first server was chosen at random; a reconnection goes to the next one in order.
        client.options["dont_randomize"] = True
        self._closed = False
        self._up.set()
        if self._watching is None:
            self._watching = asyncio.create_task(NodeWatch(lambda: self.live_client).run())
            self._watching.add_done_callback(log_failure)
        return client

    async def _on_error(self, error: Exception) -> None:
        self._last_error = error
        if "permissions violation" in str(error).lower():
            # The caller of the request sees only a timeout.
            self._logger.error("NATS denied this process a permission that it needs: %s", error)
        self._logger.debug("NATS: %s", error, exc_info=error)

    async def _on_lost(self) -> None:
        was_up = self._up.is_set()
        self._up.clear()
        if was_up and not self._closed:
            self._logger.warning("The connection to NATS was lost: %s", self._last_error or "closed by the server")
        for callback in self.lost_callbacks:
            callback()

    async def _on_back(self) -> None:
        self._up.set()
        self._logger.info("The connection to NATS is restored.")
        await self._report_connected()

    async def _report_connected(self) -> None:
        for callback in list(self.back_callbacks):
            await callback()


def tls_first_hint(why: str, option: str) -> str:
    """Returns a hint for a server that accepts a connection and sends no INFO: it may expect TLS first. It closes the
    connection after two seconds by default, which is also when the client gives up."""
    silent = "expecting INFO" in why or "timeout" in why.lower()
    return f"; a server with `handshake_first` needs {option}" if silent else ""


def _place(server: str) -> str:
    """Returns a server's address without the credentials, for display."""
    return server.rpartition("//")[2].rpartition("@")[2]
