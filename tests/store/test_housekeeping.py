"""What has had its time goes, in small steps; what is still needed stays."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.events import Event
from engine.store.reconciling import Lifetimes, sweep
from engine.store.syncs import events
from tests.store.harness import Harness, appointment, snapshot

pytestmark = pytest.mark.anyio

LATER = datetime.now(UTC) + timedelta(days=400)


async def counted(harness: Harness, table: str) -> int:
    found: int = await harness.pool.fetchval(f"select count(*) from {table}")
    return found


async def test_what_has_had_its_time_goes_in_small_steps(harness: Harness) -> None:
    await harness.sync(0, {n: [appointment(n, n)] for n in range(3)})
    await harness.pool.execute("update idexx_sync.schedule_appointment_changes set published_at = now()")
    async with harness.pool.acquire() as connection:
        for step in ({"snapshots": 2, "changes": 2}, {"snapshots": 1, "changes": 1}, {}):
            swept = await sweep(connection, LATER, step=2)
            assert {kind: count for kind, count in swept.items() if count} == step
    assert len(await harness.stored()) == 3


async def test_what_is_young_stays(harness: Harness) -> None:
    await harness.sync(0, {0: [appointment(1)]})
    await harness.pool.execute("update idexx_sync.schedule_appointment_changes set published_at = now()")
    async with harness.pool.acquire() as connection:
        swept = await sweep(connection, datetime.now(UTC), Lifetimes())
    assert set(swept.values()) == {0}


async def test_what_is_not_published_or_belongs_to_a_sync_that_runs_stays(harness: Harness) -> None:
    sync = await harness.start_sync(0, 0)
    await harness.scrape(sync, snapshot(0, 0, [appointment(1)]))
    async with harness.pool.acquire() as connection:
        swept = await sweep(connection, LATER)
    assert set(swept.values()) == {0}
    assert await counted(harness, "idexx_sync.schedule_snapshots") == 1


async def test_events_go_when_their_sync_has_ended_and_they_are_published(harness: Harness) -> None:
    sync = await harness.start_sync(0, 0)
    async with harness.pool.acquire() as connection:
        await events.record(connection, sync, Event.STARTED)
        for status, published, gone in (
            ("in_progress", "now()", 0),
            ("completed", "null", 0),
            ("completed", "now()", 1),
        ):
            await connection.execute("update schedule_syncs set status = $1", status)
            await connection.execute(f"update idexx_sync.schedule_sync_events set published_at = {published}")
            assert (await sweep(connection, LATER))["events"] == gone


async def test_held_removals_that_wait_for_a_decision_stay(harness: Harness) -> None:
    many = [appointment(n) for n in range(50)]
    await harness.sync(0, {0: many})
    sync = await harness.sync(10, {0: many[:5]})
    async with harness.pool.acquire() as connection:
        assert (await sweep(connection, LATER))["held"] == 0
        await connection.execute(
            "update idexx_sync.schedule_held_removals set decided_at = now() where sync_id = $1", sync
        )
        assert (await sweep(connection, LATER))["held"] == 45
