"""The duty to remove what has had its time: one small step, often. Any number of gateways may do it at once."""

from __future__ import annotations

import structlog

from actors.processes import Process
from engine.store.reconciling import sweep
from engine.store.syncs.reading import database_time

log = structlog.get_logger(__name__)

#: Between two steps, in seconds. A step removes at most a thousand rows of each kind.
INTERVAL = 30.0


class Housekeeping:
    def __init__(self, process: Process) -> None:
        self._process = process

    async def once(self) -> None:
        async with self._process.database.transaction() as connection:
            removed = await sweep(connection, await database_time(connection))
        if any(removed.values()):
            log.info("housekeeping", **removed)
