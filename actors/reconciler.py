"""The Reconciler: brings the stored appointments of a span's dates in line with their snapshots.

A DateScraper that has stored the snapshots of a span sends `reconcile_date` with the sync and one of the dates; the
snapshots stay in the database. The step (`engine/steps/reconcile.py`) locks the sync and takes all scraped dates of
the span: for each it compares the snapshot with the stored appointments, writes what was added, changed and went
missing, and closes the date, all in one transaction. A snapshot that is older than the newest one of its date
changes nothing, and a date that is closed stays as it is; so a message that is delivered twice does no harm.

After the commit the relay publishes the step's events at once. If the date was the sync's last open one, the
Coordinator is notified and ends the sync. If the message is dead-lettered, its date fails (`actors/give_up.py`).

It needs only the database: no browser, no portal, no resource of its own.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from uuid import UUID

import dramatiq

from actors.give_up import give_up_dates_of
from actors.queues import RECONCILER
from actors.worker import WorkerRuntime
from engine.steps import reconcile


def declare(worker: WorkerRuntime) -> None:
    """Declares the actor `reconcile_date`, and the handler of its dead-lettered messages."""
    worker.on_dead_message("reconcile_date", partial(give_up_dates_of, worker=worker))

    @dramatiq.actor(broker=worker.broker, queue_name=RECONCILER)
    async def reconcile_date(sync_id: str, day: str, *, traceparent: str | None = None) -> None:
        process, sync, when = worker.process, UUID(sync_id), date.fromisoformat(day)
        async with process.about("reconcile_date", sync, when, traceparent):
            done = await reconcile.reconcile_date(process.database, sync, when, process.removal_limit.settle)
            if done is not None:
                process.relay.poke(done.clinic_id)
                if done.is_last:
                    await worker.dispatcher.report(sync)
