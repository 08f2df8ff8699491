"""The Coordinator: decides what a sync does next, and sends the messages that follow.

A message `coordinate` names a sync and nothing else. The step (`engine/steps/coordinate.py`) reads the sync's state
from the database and decides in one transaction: which spans to send to DateScrapers (never more in flight than
`SYNC_CONCURRENCY`), which dates to send to the Reconciler again, whether to look up missing appointments or to read
the dates again before a removal, whether to end the sync, and which queued syncs of the clinic to start. So a message
that is delivered twice, or late, does no harm.

After the commit the relay publishes the step's events, the workers of a sync that has ended are stopped, and the
messages are sent. A crash in between loses no sync: every gateway runs the `StalledSyncSweeper`, which does the next
step of a sync that is overdue, silent, or queued although it could run. It also ends a sync that has timed out.

It needs the database and NATS, and no portal.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

import dramatiq
import structlog

from actors.dispatcher import Dispatcher
from actors.observability.item_guard import ItemGuard
from actors.outbox.events import Relay
from actors.queues import COORDINATOR
from actors.runtime.process import Runtime
from actors.settings import Settings
from actors.worker import WorkerRuntime
from engine.steps.coordinate import coordinate as decide_next_step
from engine.store.database import Database
from engine.store.syncs.admission import need_attention
from engine.sync import Limits

log = structlog.get_logger(__name__)

#: Interval of the sweep for stalled syncs, in seconds: a time-out is recorded within a second.
SWEEP_INTERVAL = 0.5


def declare(worker: WorkerRuntime) -> None:
    """Declares the actor `coordinate`, and opens what it uses."""
    coordinator = worker.resource(COORDINATOR, partial(open_coordinator, dispatcher=worker.dispatcher))

    @dramatiq.actor(broker=worker.broker, queue_name=COORDINATOR)
    async def coordinate(sync_id: str, *, traceparent: str | None = None) -> None:
        sync = UUID(sync_id)
        async with worker.process.work_context("coordinate", sync, traceparent=traceparent):
            await coordinator.get().step(sync)


@asynccontextmanager
async def open_coordinator(process: Runtime, dispatcher: Dispatcher) -> AsyncIterator[Coordinator]:
    yield Coordinator(process.settings, process.database, process.relay, process.stop_workers, dispatcher)


class Coordinator:
    def __init__(
        self,
        settings: Settings,
        database: Database,
        relay: Relay,
        stop_workers: Callable[[UUID], Awaitable[None]],
        dispatcher: Dispatcher,
    ) -> None:
        """`stop_workers` is called with a sync that has ended."""
        self._limits = settings.limits
        self._removal_limit = settings.removal_limit
        self._database = database
        self._relay = relay
        self._stop_workers = stop_workers
        self._dispatcher = dispatcher

    async def step(self, sync_id: UUID) -> None:
        """Commits, then sends: events, stop messages to workers, dates to scrape, syncs to start."""
        decided = await decide_next_step(self._database, sync_id, self._limits, self._removal_limit)
        self._relay.poke(decided.clinic_id)
        if decided.stop_workers:
            await self._stop_workers(sync_id)
        await self._dispatcher.follow(sync_id, decided)


class StalledSyncSweeper:
    """Runs the next step of syncs that are overdue, silent, or waiting although a place is free.

    It sends no message to a Coordinator, since the Coordinators may be dead. Any number of processes may sweep:
    running a step twice does no harm.
    """

    def __init__(self, limits: Limits, database: Database, take_step: Callable[[UUID], Awaitable[None]]) -> None:
        """`take_step` is a Coordinator's step."""
        self._limits = limits
        self._database = database
        self._take_step = take_step
        self._guard = ItemGuard[UUID]("stalled sync")

    async def once(self) -> None:
        async with self._database.connection() as connection:
            found = await need_attention(connection, self._limits, self._limits.silent_after)
        await self._guard.each(found, self._step)

    async def _step(self, sync_id: UUID) -> None:
        log.info("stalled_sync_found", sync_id=str(sync_id))
        await self._take_step(sync_id)
