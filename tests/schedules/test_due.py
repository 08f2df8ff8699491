"""From a tick to a sync: the same tick is the same sync, and what cannot be carried out is not lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from actors.dispatcher import Dispatcher
from actors.gateway.admission import AdmissionControl
from actors.gateway.rejections import Rejections
from actors.gateway.schedule_reconciler import clock_of
from actors.gateway.schedule_ticks import TickConsumer
from actors.runtime.broker import build_broker
from actors.runtime.process import Runtime
from actors.settings import Settings
from broker import NatsBroker
from broker.primitives.cron_clock import Tick
from engine.credentials import Credentials
from engine.store.clinics import add_clinic, set_credentials
from engine.store.schedules import pause_schedule, set_schedule
from engine.store.vault import Vault, new_ring

pytestmark = pytest.mark.anyio

AT = datetime(2026, 11, 24, 6, 0, 0, 2000, tzinfo=UTC)


class Taken:
    """A tick as it was taken from the server, and what became of it there."""

    def __init__(self, at: datetime = AT, key: str = "elm", deliveries: int = 1) -> None:
        self.calls: list[str] = []
        message: Any = SimpleNamespace(ack_sync=self._ack, nak=self._nak)
        self.tick = Tick(key, at, deliveries, message)

    async def _ack(self, timeout: float) -> None:
        self.calls.append("acked")

    async def _nak(self, delay: float) -> None:
        self.calls.append("comes again")


class Harness:
    def __init__(self, settings: Settings, broker: NatsBroker, pool: asyncpg.Pool) -> None:
        self._broker = broker
        self._pool = pool
        self.process = Runtime(settings, broker)
        dispatcher, process = Dispatcher(broker, lambda _queue: None), self.process
        admitting = AdmissionControl(settings.limits, process.relay, dispatcher)
        rejections = Rejections(process.event_log, process.subjects)
        self._due = TickConsumer(process.database, clock_of(settings, broker), admitting, rejections)

    async def store(self, paused: bool = False, days: int = 3) -> None:
        async with self._pool.acquire() as connection:
            clinic = await add_clinic(connection, "elm", "Elm", "America/New_York")
            await set_credentials(connection, Vault.from_ring(new_ring()), clinic.id, Credentials("u", "p", "1"))
            await set_schedule(connection, clinic, "0 6 * * *", None, days)
            await pause_schedule(connection, clinic, paused)

    async def take(self, taken: Taken) -> list[str]:
        await asyncio.to_thread(self._broker.run, self._due.handle(taken.tick))
        return taken.calls

    async def syncs(self) -> list[Any]:
        return [row["id"] for row in await self._pool.fetch("select id from schedule_syncs order by created_at")]

    async def last(self) -> Any:
        return await self._pool.fetchrow("select * from idexx_sync.clinic_sync_schedules")


@pytest.fixture
def broker(nats_url: str, database_url: str, namespace: str) -> Iterator[tuple[Settings, NatsBroker]]:
    settings = Settings(nats_url=nats_url, database_url=database_url, subject_prefix=namespace)
    broker = build_broker(settings)
    yield settings, broker
    broker.close()


@pytest.fixture
async def harness(
    broker: tuple[Settings, NatsBroker], pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Harness]:
    """The database's time is that of the first tick, so the clinic's day does not change during a test."""

    async def time_of_the_tick(_connection: object) -> datetime:
        return AT

    for module in ("actors.gateway.schedule_ticks", "actors.gateway.admission"):
        monkeypatch.setattr(f"{module}.database_time", time_of_the_tick)
    harness = Harness(*broker, pool)
    await asyncio.to_thread(broker[1].run, harness.process.open())
    yield harness
    await asyncio.to_thread(broker[1].run, harness.process.close(), timeout=60)


async def test_a_tick_that_comes_twice_is_one_sync_though_the_first_has_ended(
    harness: Harness, pool: asyncpg.Pool
) -> None:
    await harness.store()
    assert await harness.take(Taken()) == ["acked"]
    [sync] = await harness.syncs()
    assert await harness.take(Taken(deliveries=2)) == ["acked"]
    await pool.execute("update schedule_syncs set status = 'completed'")
    assert await harness.take(Taken(deliveries=3)) == ["acked"]
    assert await harness.syncs() == [sync]
    last = await harness.last()
    assert (last["last_outcome"], last["last_sync_id"], last["last_tick_at"]) == ("started", sync, AT)
    assert await harness.take(Taken(AT + timedelta(hours=6))) == ["acked"]
    assert len(await harness.syncs()) == 2


async def test_only_a_sync_that_brings_the_same_dates_does_what_is_due(
    harness: Harness, pool: asyncpg.Pool
) -> None:
    await harness.store(days=3)
    await harness.take(Taken())
    await harness.take(Taken(AT + timedelta(hours=1)))
    assert len(await harness.syncs()) == 1
    assert (await harness.last())["last_outcome"] == "covered"
    await pool.execute("update idexx_sync.clinic_sync_schedules set days_ahead = 4")
    await harness.take(Taken(AT + timedelta(hours=2)))
    assert len(await harness.syncs()) == 2, "the one that runs does not bring the fourth day"
    await pool.execute("update schedule_syncs set dry_run = true")
    await harness.take(Taken(AT + timedelta(hours=3)))
    assert len(await harness.syncs()) == 3, "a dry run brings nothing"
    assert (await harness.last())["last_outcome"] == "queued"


async def test_a_tick_of_a_schedule_that_is_paused_or_gone_is_dropped(
    harness: Harness, pool: asyncpg.Pool
) -> None:
    await harness.store(paused=True)
    assert await harness.take(Taken()) == ["acked"]
    await pool.execute("delete from idexx_sync.clinic_sync_schedules")
    assert await harness.take(Taken()) == ["acked"]
    assert await harness.take(Taken(key="unknown")) == ["acked"]
    assert await harness.syncs() == []


async def test_a_tick_is_redelivered_a_limited_number_of_times_while_the_database_refuses(
    harness: Harness, pool: asyncpg.Pool
) -> None:
    await harness.store()
    await pool.execute("alter table schedule_syncs rename to elsewhere")
    assert await harness.take(Taken()) == ["comes again"]
    assert await harness.take(Taken(deliveries=5)) == ["acked"]
    await pool.execute("alter table elsewhere rename to schedule_syncs")
    assert await harness.take(Taken()) == ["acked"]
    assert len(await harness.syncs()) == 1
