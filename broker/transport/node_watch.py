"""Reconnects to another NATS node when the current one has lost its peers, so that it responds but cannot store.

A client cannot distinguish such a node from a slow one, so the watch waits TIMEOUT seconds. If only one server is
known, there is no alternative and the watch does nothing.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable

import nats.errors
from dramatiq.logging import get_logger

from .client import OrderedClient

#: How often JetStream's availability is checked, and how long it may be unavailable. Seconds.
INTERVAL, TIMEOUT = 2.0, 10.0


class NodeWatch:
    """Watches the connection of a process. Runs on the broker's loop."""

    def __init__(self, live_client: Callable[[], OrderedClient | None]) -> None:
        self._live_client = live_client
        #: When JetStream last responded on this connection; None: never, perhaps for lack of permission.
        self._heard: float | None = None
        self._logger: logging.Logger = get_logger(__name__, type(self))

    async def run(self) -> None:
        """Checks the node regularly until it is cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self._look()
            except Exception:
                self._logger.exception("The NATS node could not be checked; the next check is in %g s.", INTERVAL)

    async def _look(self) -> None:
        client = self._live_client()
        if client is None or len(client.servers) < 2:
            self._heard = None
        elif await _has_jetstream(client):
            self._heard = time.monotonic()
        elif self._heard is not None and time.monotonic() - self._heard > TIMEOUT:
            self._heard = None
            server = client.connected_url.netloc.rpartition("@")[2] if client.connected_url else "?"
            self._logger.warning("JetStream is not available at %s: connecting to another server.", server)
            await client.force_reconnect()


async def _has_jetstream(client: OrderedClient) -> bool:
    try:
        answer = json.loads((await client.request("$JS.API.INFO", timeout=INTERVAL)).data)
    except (TimeoutError, OSError, RuntimeError, ValueError, nats.errors.Error):  # RuntimeError: uvloop, closed
        return False
    return bool(answer.get("error", {}).get("code") != 503)
