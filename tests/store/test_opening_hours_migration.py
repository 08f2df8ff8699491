"""The migration that brings hours over, from the tables of the version before it."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from engine.schedule import Room, ScheduleConfig, same_hours
from engine.store.migrate import migrate
from engine.store.reconciling import load_schedule_config
from tests.store.installations import install
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
async def migrated(empty: asyncpg.Pool[Any]) -> asyncpg.Pool[Any]:
    async with empty.acquire() as connection:
        await install(connection, NAME)
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
        "select c.slug, s.start_time::text, s.capacity, s.is_closed"
        " from schedule_slots s join clinics c on c.id = s.clinic_id order by 1, 2"
    )
    assert [tuple(row) for row in rows] == [
        ("ash", "08:00:00", 2, False), ("ash", "09:00:00", 2, False),
        ("elm", "08:00:00", 2, False), ("elm", "09:00:00", 2, False),
        ("oak", "08:00:00", 1, True),
    ]  # fmt: skip
