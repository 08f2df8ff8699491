"""A message that is dead-lettered closes the dates it was about, in a worker of any queue."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from dramatiq import Message, MessageProxy

from actors import coordinator, date_scraper, notifier, reconciler
from actors.queues import COORDINATOR, DATE_SCRAPER, NOTIFIER, RECONCILER
from actors.runtime.broker import build_broker
from actors.settings import Settings
from actors.worker import WorkerRuntime
from engine.clinic import Clinic
from engine.failure import Reason
from engine.store.database import Database
from engine.store.syncs.dates import dates_of
from engine.sync import DateStatus
from tests.store.test_syncs import TODAY, ask

pytestmark = pytest.mark.anyio

BOOTED = cast("Any", SimpleNamespace(consumer_whitelist={RECONCILER}))


@pytest.mark.parametrize(
    ("queue", "actor", "span", "failed"),
    [
        (DATE_SCRAPER, "scrape_date", [2], 2),
        (DATE_SCRAPER, "scrape_date", [], 1),
        (RECONCILER, "reconcile_date", [], 1),
        (COORDINATOR, "coordinate", None, 0),
        (NOTIFIER, "notify", None, 0),
    ],
)
async def test_the_dates_of_a_dead_message_fail_and_the_coordinator_is_notified(
    nats_url: str,
    database_url: str,
    namespace: str,
    database: Database,
    clinic: Clinic,
    queue: str,
    actor: str,
    span: list[int] | None,
    failed: int,
) -> None:
    sync_id = (await ask(database, clinic)).sync_id
    settings = Settings(nats_url=nats_url, database_url=database_url, subject_prefix=namespace)
    broker = build_broker(settings)
    worker = WorkerRuntime(settings, broker)
    for module in (coordinator, date_scraper, reconciler, notifier):
        module.declare(worker)
    arguments = (str(sync_id),) if span is None else (str(sync_id), TODAY.isoformat(), *span)
    message = MessageProxy(Message(queue, actor, arguments, {}, {}))
    await asyncio.to_thread(worker.before_worker_boot, broker, BOOTED)
    try:
        await asyncio.to_thread(worker.after_nack, broker, message)
        async with database.connection() as connection:
            dates = await dates_of(connection, sync_id)
        assert [each.status is DateStatus.FAILED for each in dates] == [n < failed for n in range(3)]
        assert [each.reason for each in dates[:failed]] == [Reason.DELIVERIES_EXHAUSTED] * failed
        assert (await asyncio.to_thread(broker.mailbox, COORDINATOR)).messages == min(failed, 1)
    finally:
        await asyncio.to_thread(worker.after_worker_shutdown, broker, BOOTED)
        broker.close()
