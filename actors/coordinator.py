"""Runs a Coordinator step and sends what follows; sweeps for stalled syncs."""

from __future__ import annotations

from uuid import UUID

import structlog

from actors.dispatcher import Dispatcher
from actors.item_guard import ItemGuard
from actors.runtime.process import Runtime
from engine.steps.coordinate import coordinate
from engine.store.syncs.admission import need_attention

log = structlog.get_logger(__name__)

#: Interval of the sweep for stalled syncs, in seconds: a time-out is recorded within a second.
SWEEP_INTERVAL = 0.5


async def step(process: Runtime, dispatcher: Dispatcher, sync_id: UUID) -> None:
    """Commits, then sends: events, stop messages to workers, dates to scrape, syncs to start."""
    decided = await coordinate(process.database, sync_id, process.limits, process.removal_limit)
    process.relay.poke(decided.clinic_id)
    if decided.stop_workers:
        await process.stop_workers(sync_id)
    await dispatcher.follow(sync_id, decided)


class StalledSyncSweeper:
    """Runs the next step of syncs that are overdue, silent, or waiting although a place is free.

    It sends no message to a Coordinator, since the Coordinators may be dead. Any number of processes may sweep:
    running a step twice does no harm.
    """

    def __init__(self, process: Runtime, dispatcher: Dispatcher) -> None:
        self._process = process
        self._dispatcher = dispatcher
        self._guard = ItemGuard[UUID]("stalled sync")

    async def once(self) -> None:
        limits = self._process.limits
        async with self._process.database.connection() as connection:
            found = await need_attention(connection, limits, limits.silent_after)
        await self._guard.each(found, self._step)

    async def _step(self, sync_id: UUID) -> None:
        log.info("sync_needs_attention", sync_id=str(sync_id))
        await step(self._process, self._dispatcher, sync_id)
