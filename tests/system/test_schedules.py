"""Scheduled syncs: the server's clock ticks, and each tick is one sync at most."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import nats
import pytest
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from broker.primitives.cron_clock import CronClock, Schedule
from engine.store.clinics import find_clinic
from engine.store.schedules import pause_schedule, set_schedule
from ops.sandbox.client import SandboxClinic
from tests.conftest import until
from tests.system.conftest import Asker, System

pytestmark = pytest.mark.anyio

EVERY_SECOND = "* * * * * *"

#: An hour of the clinics here that does not come during a test, nor the hour after it.
FAR = (datetime.now(ZoneInfo("America/Denver")) + timedelta(hours=11)).hour


class Harness:
    """What is stored of one clinic, and what the server keeps of it."""

    def __init__(self, pool: asyncpg.Pool, client: Client, prefix: str, slug: str) -> None:
        self.slug = slug
        self._pool = pool
        self._js = client.jetstream()
        self._stream = f"{prefix.upper()}_SCHEDULES"
        self._prefix = prefix

        async def connected() -> Client:
            return client

        self.clock = CronClock(connected, self._stream, prefix)

    async def schedule(
        self, cron: str = f"0 {FAR} * * *", timezone: str | None = None, paused: bool = False
    ) -> None:
        async with self._pool.acquire() as connection:
            clinic = await find_clinic(connection, self.slug)
            await set_schedule(connection, clinic, cron, timezone, 3)
            await pause_schedule(connection, clinic, paused)

    async def tick_each_second(self) -> None:
        """Such a schedule cannot be stored, so the reconciliation of the stream with the table removes it."""
        await self.clock.put(Schedule(self.slug, EVERY_SECOND, "UTC"))

    async def ticks(self, count: int) -> None:
        """Waits until the server has ticked so often."""
        first = (await self._js.stream_info(self._stream)).state.last_seq

        async def ticked() -> bool:
            return (await self._js.stream_info(self._stream)).state.last_seq >= first + count

        await until(ticked)

    async def waiting(self) -> int:
        """Ticks that no consumer has taken."""
        info = await self._js.stream_info(self._stream, subjects_filter=f"{self._prefix}.due.{self.slug}")
        return sum((info.state.subjects or {}).values())

    async def kept(self) -> list[tuple[str | None, str | None]]:
        """The text and the zone of each schedule that ticks."""
        found = []
        for token in sorted(await self.clock.there() or ()):
            message = await self._js.get_last_msg(self._stream, f"{self._prefix}.schedule.{token}")
            headers = message.headers or {}
            found.append((headers.get("Nats-Schedule"), headers.get("Nats-Schedule-Time-Zone")))
        return found

    async def keeps(self, *schedules: tuple[str, str]) -> None:
        async def they_are_there() -> bool:
            try:
                return await self.kept() == list(schedules)
            except NotFoundError:
                return False  # it is being replaced

        await until(they_are_there)

    async def lose_the_stream(self) -> None:
        await self._js.delete_stream(self._stream)

    async def is_declared(self) -> None:
        async def there() -> bool:
            return await self.clock.there() is not None

        await until(there)

    async def syncs(self) -> list[asyncpg.Record]:
        return await self._pool.fetch("select id, status, request_id from schedule_syncs order by created_at")

    async def last(self) -> Any:
        return await self._pool.fetchrow("select * from idexx_sync.clinic_sync_schedules")

    async def becomes(self, *outcomes: str) -> Any:
        """Waits until the last tick has led to one of these."""

        async def it_has() -> Any:
            row = await self.last()
            return row if row["last_outcome"] in outcomes else None

        return await until(it_has)


@pytest.fixture
async def harness(
    pool: asyncpg.Pool, nats_url: str, namespace: str, clinics: list[SandboxClinic]
) -> AsyncIterator[Harness]:
    client = await nats.connect(nats_url)
    harness = Harness(pool, client, namespace, clinics[0].slug)
    yield harness
    await client.close()


async def test_the_clock_ticks_while_nothing_of_ours_lives_and_what_piled_up_is_one_sync(
    system: System, harness: Harness
) -> None:
    await harness.clock.declare()
    began = datetime.now(UTC)
    await harness.schedule(timezone="America/Phoenix")
    await harness.tick_each_second()
    await harness.ticks(3)
    assert await harness.waiting() == 1, "ticks that no consumer took are merged"
    for name in ("one", "two"):
        await asyncio.to_thread(system.gateway, name)
    row = await harness.becomes(
        "started", "covered"
    )  # the clock may tick once more before the gateways replace it
    await harness.keeps((f"0 0 {FAR} * * *", "America/Phoenix"))
    [sync] = await harness.syncs()
    assert (sync["id"], sync["status"]) == (row["last_sync_id"], "in_progress")
    # A tick has the whole second in which it came.
    assert began - timedelta(seconds=1) < row["last_tick_at"] <= datetime.now(UTC)


async def test_what_is_due_while_a_sync_runs_is_done_by_it(system: System, harness: Harness, asker: Asker) -> None:
    await asyncio.to_thread(system.gateway)
    running = await asker.ask("sync", harness.slug, {"days_ahead": 3})
    await asyncio.to_thread(system.stop, "gateway")
    await harness.schedule()
    await harness.tick_each_second()
    await harness.ticks(1)
    await asyncio.to_thread(system.gateway, "again")
    row = await harness.becomes("covered")
    assert str(row["last_sync_id"]) == running["sync_id"]
    assert len(await harness.syncs()) == 1


async def test_a_schedule_follows_its_row_and_comes_back_when_the_server_has_lost_it(
    system: System, harness: Harness, pool: asyncpg.Pool
) -> None:
    await asyncio.to_thread(system.gateway)
    await harness.schedule(f"*/15 {FAR} * * 1-5")
    await harness.keeps((f"0 0,15,30,45 {FAR} * * 1,2,3,4,5", "America/Denver"))
    await harness.lose_the_stream()
    await harness.is_declared()
    await harness.keeps((f"0 0,15,30,45 {FAR} * * 1,2,3,4,5", "America/Denver"))
    await pool.execute("update clinics set timezone = 'America/Chicago' where slug = $1", harness.slug)
    await harness.keeps((f"0 0,15,30,45 {FAR} * * 1,2,3,4,5", "America/Chicago"))
    await harness.schedule(paused=True)
    await harness.keeps()
    assert await harness.syncs() == []


async def test_a_refused_tick_is_published_and_not_retried_without_end(
    system: System, harness: Harness, asker: Asker, pool: asyncpg.Pool
) -> None:
    await harness.clock.declare()
    await pool.execute("update clinics set login_failure = 'login_rejected' where slug = $1", harness.slug)
    await harness.schedule()
    rejected = await asker.client.subscribe(f"{asker.prefix}.evt.rejected.{harness.slug}")
    await harness.tick_each_second()
    await harness.ticks(1)
    await asyncio.to_thread(system.gateway)
    row = await harness.becomes("refused")
    assert "an operator has to set its credentials" in row["last_refusal"]
    assert b"login_rejected" in (await rejected.next_msg(timeout=10)).data

    async def nothing_waits() -> bool:
        return await harness.waiting() == 0

    await harness.keeps((f"0 0 {FAR} * * *", "America/Denver"))
    await until(nothing_waits)
    assert await harness.syncs() == []
