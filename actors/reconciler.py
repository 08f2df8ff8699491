"""The Reconciler: brings the stored appointments of a span's dates in line with their snapshots.

A DateScraper that has stored the snapshots of a span sends `reconcile_date` with the sync and one of the dates; the
snapshots stay in the database. The step (`engine/steps/reconcile.py`) locks the sync and takes all scraped dates of
the span: for each it compares the snapshot with the stored appointments, writes what was added, changed and went
missing, and closes the date, all in one transaction. A snapshot that is older than the newest one of its date
changes nothing, and a date that is closed stays as it is; so a message that is delivered twice does no harm.

After the commit the relay publishes the step's events at once. If the date was the sync's last open one, the
Coordinator is notified and ends the sync. If the message is dead-lettered, its date fails
(`actors/runtime/give_up.py`).

It needs the database and NATS: no browser, no portal.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from functools import partial
from uuid import UUID

import dramatiq
from dramatiq import MessageProxy

from actors.dispatcher import Dispatcher
from actors.outbox.events import Relay
from actors.queues import RECONCILER
from actors.runtime.give_up import give_up_dates_of
from actors.runtime.process import Runtime
from actors.worker import WorkerRuntime
from engine.steps import reconcile
from engine.store.database import Database


def declare(worker: WorkerRuntime) -> None:
    """Declares the actor `reconcile_date`, what it uses, and the handler of its dead-lettered messages."""
    reconciler = worker.resource(RECONCILER, partial(open_reconciler, dispatcher=worker.dispatcher))

    async def give_up(message: MessageProxy) -> None:
        process = worker.process
        await give_up_dates_of(message, process.database, process.work_context, worker.dispatcher)

    worker.on_dead_message("reconcile_date", give_up)

    @dramatiq.actor(broker=worker.broker, queue_name=RECONCILER)
    async def reconcile_date(sync_id: str, day: str, *, traceparent: str | None = None) -> None:
        sync, when = UUID(sync_id), date.fromisoformat(day)
        async with worker.process.work_context("reconcile_date", sync, when, traceparent):
            await reconciler.get().reconcile(sync, when)


@asynccontextmanager
async def open_reconciler(process: Runtime, dispatcher: Dispatcher) -> AsyncIterator[Reconciler]:
    yield Reconciler(process.database, process.relay, dispatcher, process.settings.removal_limit.settle)


class Reconciler:
    def __init__(self, database: Database, relay: Relay, dispatcher: Dispatcher, settle: timedelta) -> None:
        """`settle` is the time within which a missing appointment may still be moving."""
        self._database = database
        self._relay = relay
        self._dispatcher = dispatcher
        self._settle = settle

    async def reconcile(self, sync_id: UUID, day: date) -> None:
        """Commits, then sends."""
        done = await reconcile.reconcile_date(self._database, sync_id, day, self._settle)
        if done is not None:
            self._relay.poke(done.clinic_id)
            if done.is_last:
                await self._dispatcher.report(sync_id)
