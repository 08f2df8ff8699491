"""Removes expired rows in small, frequent steps. Any number of gateways may do it at once."""

from __future__ import annotations

import structlog

from actors.observability.item_guard import ItemGuard
from engine.store.database import Database
from engine.store.reconciling.retention import KINDS, sweep_kind
from engine.store.syncs.reading import database_time

log = structlog.get_logger(__name__)

#: Seconds between two steps. A step removes at most a thousand rows of each kind.
INTERVAL = 30.0


class Retention:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = ItemGuard[str]("retention")

    async def once(self) -> None:
        await self._guard.each(KINDS, self._sweep)

    async def _sweep(self, kind: str) -> None:
        async with self._database.transaction() as connection:
            removed = await sweep_kind(connection, kind, await database_time(connection))
        if removed:
            log.info("expired_rows_removed", kind=kind, removed=removed)
