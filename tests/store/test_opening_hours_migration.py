"""The migration that brings hours over, from the tables of the version before it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.schedule import Room, ScheduleConfig, same_hours
from engine.store.migrate import FOLDER, migrate
from engine.store.reconciling import load_schedule_config
from tests.store.test_migrate import empty, empty_url

__all__ = ["empty", "empty_url"]

pytestmark = pytest.mark.anyio

NAME = "0013_opening_hours"

OLD_ROWS = """
insert into clinics (id, slug, name, timezone) values
    ('00000000-0000-0000-0000-000000000001', 'elm', 'Elm', 'UTC'),
    ('00000000-0000-0000-0000-000000000002', 'oak', 'Oak', 'UTC'),
    ('00000000-0000-0000-0000-000000000003', 'ash', 'Ash', 'UTC');
insert into clinic_schedule_config (clinic_id, opens, closes, days_of_week, slot_minutes, rooms) values
    ('00000000-0000-0000-0000-000000000001', '07:30', '19:00', '{1,3,6}', 20, '[{"id": "1", "name": "Exam 1"}]'),
    ('00000000-0000-0000-0000-000000000003', '08:00', '18:00', '{1}', 15, null);
insert into schedule_slots (clinic_id, date, start_time, end_time, capacity, booked_count, starts_at, ends_at)
select c.id, '2026-03-02', t, t + interval '15 min', 2, case when t = '08:00' then 1 else 0 end, now(), now()
from clinics c, unnest('{08:00,09:00}'::time[]) t
"""


@pytest.fixture
async def migrated(empty: asyncpg.Pool[Any], tmp_path: Path) -> asyncpg.Pool[Any]:
    for path in sorted(FOLDER.glob("*.sql")):
        if path.stem < NAME:
            shutil.copy(path, tmp_path)
    async with empty.acquire() as connection:
        await migrate(connection, tmp_path)
        await connection.execute(OLD_ROWS)
        assert NAME in await migrate(connection)
    return empty


async def config_of(pool: asyncpg.Pool[Any], slug: str) -> ScheduleConfig:
    async with pool.acquire() as connection:
        clinic_id = await connection.fetchval("select id from clinics where slug = $1", slug)
        return await load_schedule_config(connection, clinic_id)


async def test_hours_that_were_stored_are_kept(migrated: asyncpg.Pool[Any]) -> None:
    assert await config_of(migrated, "elm") == ScheduleConfig(
        same_hours([1, 3, 6], 450, 1140), 20, (Room("1", "Exam 1"),)
    )
    assert await config_of(migrated, "oak") == ScheduleConfig()
    assert await config_of(migrated, "ash") == ScheduleConfig(same_hours([1], 480, 1080), 15)


async def test_slots_from_invented_hours_are_closed_and_the_others_stay(migrated: asyncpg.Pool[Any]) -> None:
    rows = await migrated.fetch(
        "select c.slug, s.start_time::text, s.capacity from schedule_slots s join clinics c on c.id = s.clinic_id"
        " order by 1, 2"
    )
    assert [tuple(row) for row in rows] == [
        ("ash", "08:00:00", 2), ("ash", "09:00:00", 2),
        ("elm", "08:00:00", 2), ("elm", "09:00:00", 2),
        ("oak", "08:00:00", 0),
    ]  # fmt: skip


async def test_hours_that_were_read_since_are_left_alone_when_it_runs_again(migrated: asyncpg.Pool[Any]) -> None:
    await migrated.execute("update clinic_open_hours set closes_minute = 720")
    await migrated.execute((FOLDER / f"{NAME}.sql").read_text())
    assert (await config_of(migrated, "elm")).hours == same_hours([1, 3, 6], 450, 720)


async def test_it_leaves_a_configuration_of_another_program_alone(
    empty: asyncpg.Pool[Any], tmp_path: Path
) -> None:
    """Its table has no column `opens`, and its slots no instants."""
    for path in sorted(FOLDER.glob("*.sql")):
        if path.stem < NAME:
            shutil.copy(path, tmp_path)
    async with empty.acquire() as connection:
        await migrate(connection, tmp_path)
        await connection.execute(OLD_ROWS)
        await connection.execute("alter table clinic_schedule_config rename column opens to open_time")
        await migrate(connection)
        assert await connection.fetchval("select count(*) from schedule_slots where capacity = 2") == 6
        assert await connection.fetchval("select count(*) from clinic_open_hours") == 0
