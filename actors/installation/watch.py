"""Watches what concerns all clinics: portals, full disks, storage that confirms no write, clocks, key rings.

It looks every `INTERVAL` seconds and keeps what it found, for the overview and the metrics.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from dramatiq.errors import BrokerConnectionError

from actors.health.nats_storage import require_storage
from actors.installation import Facts, FirstSeen, PostgresqlFacts, installation_items
from actors.runtime.portal_limits import PortalLimits, PortalState
from actors.settings import Settings
from broker import NatsBroker
from engine.attention import Attention
from engine.clock_skew import skew
from engine.errors import EngineError, Unavailable
from engine.store.attention import clinics_left
from engine.store.clinics import portal_addresses
from engine.store.database import Database, accepts_writes
from engine.store.disk_room import is_disk_full
from engine.store.syncs.reading import database_time
from engine.task_group import task_group

INTERVAL = 10.0
#: How long one look may take, and NATS to reply to a ping, in seconds.
WITHIN, FLUSH_WITHIN = 8.0, 2

T = TypeVar("T")


class InstallationWatch:
    """Call `once` every `INTERVAL` seconds; `items` has what it found last."""

    def __init__(self, settings: Settings, broker: NatsBroker, database: Database) -> None:
        home = settings.idexx_sync_home.expanduser()
        self._folders = (home, home / "postgres", Path(tempfile.gettempdir()))
        self._settings = settings
        self._broker = broker
        self._database = database
        self._limits: PortalLimits | None = None
        self._first_seen = FirstSeen()
        #: Of the portals, as of the database's last response.
        self._addresses: list[str] = []
        self.items: Sequence[Attention] = ()

    async def once(self) -> None:
        default = Facts()
        async with task_group() as group:
            portals = group.create_task(_within(self._portals(), default.portals))
            stores = group.create_task(_within(self._stores(), default.stores))
            postgresql = group.create_task(_within(self._postgresql(), default.postgresql))
            free = group.create_task(asyncio.to_thread(free_space, self._folders))
        facts = Facts(portals.result(), stores.result(), postgresql.result(), free.result())
        now = datetime.now(UTC)
        self.items = self._first_seen.of(installation_items(facts, now), now)

    async def _portals(self) -> Sequence[PortalState]:
        if self._limits is None:
            self._limits = PortalLimits(self._settings, await self._broker.client())
        return await self._limits.read(self._addresses)

    async def _stores(self) -> bool:
        """Whether NATS confirms a write."""
        client = await self._broker.client()
        try:
            await require_storage(self._broker)
        except Unavailable as error:
            if isinstance(error.__cause__, BrokerConnectionError):
                raise
            # A server that hangs has another alert; a flush without a connection ends at once.
            await client.flush(FLUSH_WITHIN)
            if not client.is_connected:
                raise
            return False
        return True

    async def _postgresql(self) -> PostgresqlFacts:
        async with self._database.connection() as connection:
            self._addresses = await portal_addresses(connection)
            before = datetime.now(UTC)
            differs = skew(before, await database_time(connection), datetime.now(UTC))
            facts = PostgresqlFacts(
                await accepts_writes(connection), differs=differs, left=await clinics_left(connection)
            )
            return replace(facts, is_disk_full=await is_disk_full(connection))


async def _within(look: Coroutine[Any, Any, T], default: T) -> T:
    """The result of a look; `default` if the server does not respond, which has an alert of its own."""
    with suppress(TimeoutError, EngineError, BrokerConnectionError):
        async with asyncio.timeout(WITHIN):
            return await look
    return default


def free_space(folders: Sequence[Path]) -> Mapping[Path, int]:
    """The free bytes of the folders' disks, each disk once, at the first of its folders."""
    found: dict[int, tuple[Path, int]] = {}
    for folder in folders:
        with suppress(OSError):  # it does not exist on this machine, or is another user's
            found.setdefault(folder.stat().st_dev, (folder, shutil.disk_usage(folder).free))
    return dict(found.values())
