"""The SQL of the documents runs as it stands there, and means the clinic's day whatever the session's time zone is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from engine.clinic import Clinic
from engine.dates import days_ahead
from engine.schedule import Room, ScheduleConfig, same_hours
from engine.store.clinics import add_clinic
from engine.store.reconciling import refresh_slots, save_schedule_config
from tests.cli.test_documents import DOCUMENTS

pytestmark = pytest.mark.anyio

#: At every moment it is another day in one of them than in the other: 26 hours lie between them.
ZONES = ("Pacific/Kiritimati", "Etc/GMT+12")


def statements() -> Iterator[Any]:
    for document in DOCUMENTS:
        blocks = re.findall(r"^ *```sql\n(.*?)```", document.read_text(), re.DOTALL | re.MULTILINE)
        for number, text in enumerate(each for block in blocks for each in block.split(";") if each.strip()):
            yield pytest.param(text, id=f"{document.stem}-{number}")


@pytest.fixture
async def clinic(pool: asyncpg.Pool) -> Clinic:
    """Of the documents; open on every day."""
    async with pool.acquire() as connection, connection.transaction():
        clinic = await add_clinic(connection, "cedar-creek", "Cedar Creek", "America/Denver")
        await connection.execute("update clinics set resources = '{room-1}' where id = $1", clinic.id)
        config = ScheduleConfig(same_hours(range(7), 0, 1440), slot_minutes=60, rooms=(Room("room-1", "One"),))
        await save_schedule_config(connection, clinic.id, config)
        today = datetime.now(ZoneInfo("America/Denver")).date()
        await refresh_slots(connection, clinic, days_ahead(today, 3))
    return clinic


@pytest.mark.parametrize("statement", list(statements()))
async def test_it_means_the_same_in_every_time_zone(statement: str, clinic: Clinic, pool: asyncpg.Pool) -> None:
    assert "current_date" not in statement, "a day of the session's time zone, which is not the clinic's"
    results = []
    for zone in ZONES:
        async with pool.acquire() as connection:
            await connection.execute(f"set timezone = '{zone}'")
            results.append([dict(row) for row in await connection.fetch(statement)])
            await connection.reset()
    assert len(results[0]) == len(results[1])
    if "get_available_slots" in statement:
        assert len(results[0]) > 20
        assert [row["starts_at"] for row in results[0]] == [row["starts_at"] for row in results[1]]
