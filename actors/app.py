"""The four actors and the broker they share: `dramatiq actors.app --queues coordinator` runs a Coordinator.

Each actor runs a step of the engine and sends the messages that follow. Commit, send, ack: the step commits, then
the messages are sent, and the broker acks when the actor returns. A crash between any two only repeats work.

Dramatiq retries our own failures only (an unreachable server, a full mailbox). A portal failure is not an
exception; the Coordinator retries the date by the table in `engine.retry`.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import dramatiq

from actors.coordinator import step
from actors.dispatcher import COORDINATOR, DATE_SCRAPER, NOTIFIER, RECONCILER
from actors.observability import error_reports, tracing
from actors.observability.logging import configure
from actors.runtime.broker import build_broker
from actors.settings import load
from actors.worker import WorkerRuntime
from engine.steps import reconcile as engine_reconcile
from engine.steps import scrape as engine_scrape

settings = load()
configure(settings)
error_reports.configure(settings, "worker")
tracing.configure(settings, "worker")
broker = build_broker(settings)
worker_runtime = WorkerRuntime(settings, broker)
broker.add_middleware(worker_runtime)
dramatiq.set_broker(broker)

#: Time that the notifier needs at most for one try, beside the receiver's own time, in milliseconds.
TRY_LIMIT = 60_000

#: Delay before a DateScraper retries a date that another worker holds, in seconds.
COME_BACK_AFTER = 3.0


@dramatiq.actor(broker=broker, queue_name=COORDINATOR)
async def coordinate(sync_id: str, *, traceparent: str | None = None) -> None:
    sync = UUID(sync_id)
    async with worker_runtime.process.about("coordinate", sync, traceparent=traceparent):
        await step(worker_runtime.process, worker_runtime.dispatcher, sync)


@dramatiq.actor(broker=broker, queue_name=DATE_SCRAPER, time_limit=settings.sync_timeout_ms + 60_000)
async def scrape_date(sync_id: str, day: str, days: int = 1, *, traceparent: str | None = None) -> None:
    sync, lead = UUID(sync_id), date.fromisoformat(day)
    async with worker_runtime.process.about("scrape_date", sync, lead, traceparent):
        done = await engine_scrape.scrape_dates(worker_runtime.context, sync, lead, days)
        if done.clinic_id is not None:
            worker_runtime.process.relay.poke(done.clinic_id)
        await worker_runtime.dispatcher.reconcile_dates(sync, done.reconcile)
        if done.coordinate:
            await worker_runtime.dispatcher.report(sync)
        if done.wrong_key is not None:
            worker_runtime.tell_wrong_key(done.wrong_key)
        if done.retry_later:
            after = COME_BACK_AFTER if done.wrong_key is None else engine_scrape.LEFT_FOR
            await worker_runtime.dispatcher.scrape_dates_later(sync, lead, days, after)


@dramatiq.actor(broker=broker, queue_name=RECONCILER)
async def reconcile_date(sync_id: str, day: str, *, traceparent: str | None = None) -> None:
    process, sync, when = worker_runtime.process, UUID(sync_id), date.fromisoformat(day)
    async with process.about("reconcile_date", sync, when, traceparent):
        done = await engine_reconcile.reconcile_date(process.database, sync, when, process.removal_limit.settle)
        if done is not None:
            process.relay.poke(done.clinic_id)
            if done.is_last:
                await worker_runtime.dispatcher.report(sync)


@dramatiq.actor(broker=broker, queue_name=NOTIFIER, time_limit=settings.webhook_timeout_ms + TRY_LIMIT)
async def notify(delivery_id: str, *, traceparent: str | None = None) -> None:
    await worker_runtime.notifier.notify(UUID(delivery_id), traceparent)
