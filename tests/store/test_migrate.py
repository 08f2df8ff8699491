"""The schema, brought up to date: twice, on nothing, on the old tables, by two processes at once."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.clinic import Clinic
from engine.schedule import Room, ScheduleConfig, same_hours
from engine.store.clinics import remove_clinic
from engine.store.migrate import FOLDER, MigrationChanged, WrongEncoding, migrate, pending
from engine.store.reconciling import refresh_slots, save_schedule_config
from tests.conftest import open_pool
from tests.store.harness import Harness, appointment, by_key, day

pytestmark = pytest.mark.anyio

ALL = sorted(path.stem for path in FOLDER.glob("*.sql"))
OLD_TABLES = (Path(__file__).parent / "old_tables.sql").read_text()


@pytest.fixture
async def empty_url(postgres_url: str) -> AsyncIterator[str]:
    name = f"e{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"create database {name}")
    yield postgres_url.replace("/postgres?", f"/{name}?")
    await connection.execute(f"drop database {name} with (force)")
    await connection.close()


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[asyncpg.Pool[Any]]:
    async with open_pool(empty_url, 4) as pool:
        yield pool


async def test_a_second_migration_applies_nothing(pool: asyncpg.Pool[Any]) -> None:
    async with pool.acquire() as connection:
        assert await migrate(connection) == []
        assert await pending(connection) == []


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_a_database_that_cannot_hold_every_name_is_refused_before_anything_is_made(
    empty: asyncpg.Pool[Any], empty_url: str, encoding: str
) -> None:
    name = f"l{uuid.uuid4().hex[:12]}"
    await empty.execute(f"create database {name} encoding '{encoding}' locale 'C' template template0")
    connection = await asyncpg.connect(empty_url, database=name)
    try:
        with pytest.raises(WrongEncoding, match=f"encoding is {encoding}, .* encoding 'UTF8' template template0"):
            await migrate(connection)
        assert await connection.fetchval("select count(*) from pg_tables where schemaname = 'public'") == 0
    finally:
        await connection.close()
        await empty.execute(f"drop database {name}")


async def test_every_statement_may_run_again(pool: asyncpg.Pool[Any]) -> None:
    for path in sorted(FOLDER.glob("*.sql")):
        await pool.execute(path.read_text())


async def test_an_empty_database_gets_everything_once_though_two_processes_begin_at_once(
    empty_url: str,
) -> None:
    connections = [await asyncpg.connect(empty_url) for _ in range(2)]
    assert await pending(connections[0]) == ALL
    applied = await asyncio.gather(*(migrate(connection) for connection in connections))
    assert sorted(applied, key=len) == [[], ALL]
    for connection in connections:
        await connection.close()


async def test_a_migration_that_was_changed_is_refused(empty: asyncpg.Pool[Any], tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("create table a ()")
    async with empty.acquire() as connection:
        await migrate(connection, tmp_path)
        (tmp_path / "0001_a.sql").write_text("create table b ()")
        with pytest.raises(MigrationChanged, match="0001_a"):
            await migrate(connection, tmp_path)


@pytest.fixture
async def old(empty: asyncpg.Pool[Any]) -> Harness:
    """The clinic of the old tables, migrated."""
    await empty.execute(OLD_TABLES)
    async with empty.acquire() as connection:
        assert await migrate(connection) == ALL
    row = await empty.fetchrow("select id, slug, name from clinics")
    assert row is not None
    return Harness(empty, Clinic(row["id"], row["slug"], row["name"], "UTC"))


async def test_the_old_tables_keep_their_rows_and_the_next_sync_goes_on_with_them(old: Harness) -> None:
    row_id = await old.row_id(1)
    seen = appointment(1, patient_name="New", room_id=None)
    await old.sync(0, {0: [seen]})
    assert await old.stored() == by_key(seen)
    assert await old.row_id(1) == row_id
    assert await old.kinds(1) == ["updated"]
    assert await old.kinds(2) == ["removed"]
    assert await old.pool.fetchval("select update_slot_counts_bulk($1, $2, $2)", old.clinic.id, day(0)) == 1


async def test_a_slot_of_the_old_tables_may_go_though_a_removed_appointment_points_at_it(old: Harness) -> None:
    await old.pool.execute("update schedule_appointments set slot_id = (select id from schedule_slots)")
    await old.sync(0, {0: []})
    config = ScheduleConfig(same_hours(range(7), 10 * 60, 11 * 60), 15, (Room("a", "A"),))
    async with old.pool.acquire() as connection, connection.transaction():
        await save_schedule_config(connection, old.clinic.id, config)
        counts = await refresh_slots(connection, old.clinic, old.dates(0, 0))
    assert counts.removed == 1


async def test_a_clinic_of_the_old_tables_can_be_removed(old: Harness) -> None:
    async with old.pool.acquire() as connection:
        await remove_clinic(connection, old.clinic.id)
    assert await old.pool.fetchval("select count(*) from schedule_appointments") == 0
