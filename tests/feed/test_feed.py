"""A consumer with `idexx_feed`: what it holds after gaps, repetitions, restarts, and changes that are not kept."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime
from typing import Any

import aiosqlite
import asyncpg
import pytest
from idexx_feed import CursorMoved, Feed, NotApplied, OfferFeed, Refused, Unavailable
from idexx_feed.asyncpg import AsyncpgStore
from idexx_feed.sqlalchemy import SqlalchemySessionStore, SqlalchemyStore
from idexx_feed.sqlite import SqliteStore
from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from tests.feed.conftest import Served

pytestmark = pytest.mark.anyio


class Consumer:
    """Holds the appointments' starts by id; counts snapshots and the changes that it has applied."""

    def __init__(self, served: Served, connection: aiosqlite.Connection) -> None:
        self.served = served
        self.connection = connection
        self.snapshots = 0
        self.changes: list[int] = []

    @asynccontextmanager
    async def following(self, **options: Any) -> AsyncIterator[Feed[aiosqlite.Connection]]:
        store = SqliteStore(self.connection)
        slug, prefix = self.served.clinic.slug, self.served.prefix
        async with Feed(self.served.url, slug, store=store, prefix=prefix, **options) as feed:
            yield feed

    async def apply(self, feed: Feed[aiosqlite.Connection]) -> None:
        """Waits for a batch, and applies it."""
        async with asyncio.timeout(20):
            batch = await anext(feed)
        async with batch as transaction:
            if batch.is_snapshot:
                await transaction.execute("delete from held")
            for one in batch.appointments:
                row = (str(one.appointment_id), one.start_time.isoformat())
                await transaction.execute("insert or replace into held values (?, ?)", row)
            for gone in batch.removed:
                await transaction.execute("delete from held where id = ?", (str(gone),))
        self.snapshots += batch.is_snapshot
        self.changes += [change.position or 0 for change in batch.changes]

    async def held(self) -> dict[str, str]:
        return dict(await self.connection.execute_fetchall("select id, start from held"))  # type: ignore[arg-type]

    async def catch_up(self, feed: Feed[aiosqlite.Connection], count: int) -> None:
        while len(self.changes) < count:
            await self.apply(feed)


async def test_each_change_is_applied_once_whatever_comes_twice_late_or_never(
    served: Served, sqlite: aiosqlite.Connection
) -> None:
    sync_id = uuid.uuid4()
    first = await served.appointment("09:00", sync_id)
    consumer = Consumer(served, sqlite)
    async with consumer.following() as feed:
        await consumer.apply(feed)
        assert (consumer.snapshots, await consumer.held()) == (1, {first: "09:00:00"})
        second = await served.appointment("09:30", sync_id)
        await consumer.catch_up(feed, 1)
        assert (await consumer.held())[second] == "09:30:00"

        # An event that never arrives: the next one shows the gap.
        await served.clinic.appear(sync_id, "10:00", "10:30")
        async with served.database.transaction() as connection:
            await connection.execute("select idexx_sync.number_changes($1)", served.clinic.clinic_id)
            await connection.execute("update idexx_sync.schedule_appointment_changes set published_at = now()")
        await served.appointment("10:30", sync_id)
        await consumer.catch_up(feed, 3)
        await served.send(f"evt.appointment.{served.clinic.slug}.added", "cannot be read")

        # Everything once more, in the wrong order.
        async with served.database.transaction() as connection:
            await connection.execute("update idexx_sync.schedule_appointment_changes set published_at = null")
        repeated = asyncio.create_task(consumer.catch_up(feed, 4))
        await served.log.declare()
        await served.publish()
        await served.clinic.disappear(sync_id, uuid.UUID(first))
        await served.publish()
        await repeated
    assert consumer.changes == [2, 3, 4, 5]
    assert consumer.snapshots == 1
    assert sorted((await consumer.held()).values()) == ["09:30:00", "10:00:00", "10:30:00"]


async def test_it_continues_at_its_cursor_and_reads_a_snapshot_only_where_changes_are_gone(
    served: Served, sqlite: aiosqlite.Connection
) -> None:
    sync_id = uuid.uuid4()
    consumer = Consumer(served, sqlite)
    async with consumer.following() as feed:
        await consumer.apply(feed)
        batch = await _next_after(served.appointment("09:00", sync_id), feed)
        with pytest.raises(aiosqlite.IntegrityError):
            async with batch as transaction:
                await transaction.executemany("insert into held values (?, 'x')", [("x",), ("x",)])
        with pytest.raises(NotApplied):
            await anext(feed)
    assert await consumer.held() == {}, "what failed is rolled back, with the cursor"
    async with consumer.following() as feed:
        await consumer.catch_up(feed, 1)
    for start in ("09:30", "10:00"):
        await served.appointment(start, sync_id)
    async with consumer.following() as feed:
        await consumer.catch_up(feed, 3)
        assert (consumer.snapshots, consumer.changes) == (1, [1, 2, 3])

    await served.appointment("10:30", sync_id)
    await served.clinic.pool.execute("delete from idexx_sync.schedule_appointment_changes where position = 4")
    async with consumer.following() as feed:
        await consumer.apply(feed)
        assert (consumer.snapshots, len(await consumer.held())) == (2, 4)
        await served.clinic.pool.execute("update idexx_sync.feeds set feed_id = gen_random_uuid()")
        await served.appointment("08:30", sync_id)
        await consumer.apply(feed)
        assert (consumer.snapshots, len(await consumer.held())) == (3, 5)


async def test_a_second_process_with_the_same_cursor_is_refused(
    served: Served, sqlite: aiosqlite.Connection
) -> None:
    consumer = Consumer(served, sqlite)
    async with consumer.following() as one, consumer.following() as two:
        first, second = await anext(one), await anext(two)
        async with first:
            pass
        with pytest.raises(CursorMoved, match="give each its own name"):
            async with second:
                pass
    assert not sqlite.in_transaction


@pytest.mark.parametrize("kind", ["asyncpg", "sqlalchemy", "session"])
async def test_the_cursor_is_stored_with_the_data_in_each_store(
    kind: str, served: Served, pool: asyncpg.Pool[Any], database_url: str
) -> None:
    engine = create_async_engine(_for_sqlalchemy(database_url))
    await pool.execute("create table held (id text primary key)")
    insert = "insert into held values ('a')"
    store: Any = {
        "asyncpg": AsyncpgStore(pool),
        "sqlalchemy": SqlalchemyStore(engine),
        "session": SqlalchemySessionStore(async_sessionmaker(engine)),
    }[kind]
    for attempt in range(2):
        async with Feed(served.url, served.clinic.slug, store=store, prefix=served.prefix) as feed:
            batch = await anext(feed)
            with pytest.raises(Exception, match="division by zero") if attempt == 0 else nullcontext():
                async with batch as transaction:
                    for statement in (insert, f"select 1 / {attempt}"):
                        await transaction.execute(statement if kind == "asyncpg" else text(statement))
        assert await pool.fetchval("select count(*) from held") == attempt
        cursor = await pool.fetchval("select cursor from idexx_feed_cursors")
        assert cursor == (str(batch.after) if attempt else "")
    await engine.dispose()


async def test_the_offer_is_held_through_bookings_rules_and_syncs(
    served: Served, sqlite: aiosqlite.Connection
) -> None:
    clinic, held, kinds = served.clinic, dict[datetime, int](), list[str]()
    async with OfferFeed(
        served.url, clinic.slug, store=SqliteStore(sqlite), prefix=served.prefix, check_every=0.2
    ) as feed:

        async def follow() -> None:
            async for batch in feed:
                async with batch:
                    if batch.is_snapshot:
                        held.clear()
                    held.update({start.starts_at: start.column_count for start in batch.starts})
                    for at in batch.closed:
                        held.pop(at, None)
                    kinds.extend(change.kind for change in batch.changes)

        task = asyncio.create_task(follow())
        booking = await clinic.booking("09:30")
        await clinic.booking("09:30")
        await served.publish()
        await _until_equal(held, clinic)
        await clinic.pool.execute("delete from public.vapi_bookings where id = $1", booking)
        await _until_equal(held, clinic)
        # Dates that are read for the first time cause no event of the offer; the end of the sync does.
        before = len(held)
        sync_id = await clinic.sync(
            *(await clinic.pool.fetchval("select array[current_date + 9, current_date + 10]"))
        )
        await served.send(f"evt.sync.{clinic.slug}.{sync_id}.completed", {"event": "completed"})
        await _until_equal(held, clinic)
        assert len(held) > before
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_it_says_what_is_wrong_and_ends_when_nothing_responds(
    served: Served, sqlite: aiosqlite.Connection
) -> None:
    store = SqliteStore(sqlite)
    async with Feed(served.url, "nowhere", store=store, prefix=served.prefix) as feed:
        with pytest.raises(Refused, match="nowhere") as refused:
            await anext(feed)
        assert refused.value.reason == "unknown_clinic"
    async with Feed(served.url, "elm", store=store, prefix=f"{served.prefix}x", patience=0.3) as feed:
        with pytest.raises(Unavailable, match=r"no gateway runs; given up after 0.3 s"):
            await anext(feed)
    with pytest.raises(Unavailable, match="NATS does not respond"):
        async with Feed("nats://127.0.0.1:9", "elm", store=store, patience=0.1):
            pass


async def _until_equal(held: dict[datetime, int], clinic: Any) -> None:
    async with asyncio.timeout(20):
        while held != await clinic.offer():
            await asyncio.sleep(0.02)


async def _next_after(cause: Any, feed: Any) -> Any:
    await cause
    async with asyncio.timeout(20):
        return await anext(feed)


def _for_sqlalchemy(url: str) -> str:
    return url.replace("postgresql://", "postgresql+asyncpg://")
