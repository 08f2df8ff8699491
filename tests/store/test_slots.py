"""Slots: made from the configuration, counted from the appointments."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from engine.schedule import Room, ScheduleConfig
from engine.store.reconciling import SlotCounts, refresh_slots, save_schedule_config
from tests.store.desk import Desk, appointment, day

pytestmark = pytest.mark.anyio

ROOMS = (Room("room-1", "One"), Room("room-2", "Two"), Room("room-3", "Three"))
CONFIG = ScheduleConfig(opens=time(9), closes=time(11), slot_minutes=30, rooms=ROOMS[:2])


async def refresh(desk: Desk, config: ScheduleConfig = CONFIG, first: int = 0, last: int = 0) -> SlotCounts:
    async with desk.pool.acquire() as connection, connection.transaction():
        await save_schedule_config(connection, desk.clinic.id, config)
        return await refresh_slots(connection, desk.clinic, desk.dates(first, last))


async def counts(desk: Desk, n: int = 0) -> dict[str, int]:
    rows = await desk.pool.fetch(
        "select start_time, booked_count from schedule_slots where clinic_id = $1 and date = $2 order by 1",
        desk.clinic.id, day(n),
    )  # fmt: skip
    return {row["start_time"].isoformat("minutes"): row["booked_count"] for row in rows}


async def free(desk: Desk, n: int = 0) -> list[Any]:
    return await desk.pool.fetch("select * from get_available_slots($1, $2)", desk.clinic.id, day(n))


async def test_an_appointment_takes_every_slot_that_it_overlaps(desk: Desk) -> None:
    seen = [
        appointment(1, start="09:15", minutes=60),
        appointment(2, start="10:30", minutes=30, appointment_type="block"),
        appointment(3, start="09:30", minutes=30, status="cancelled"),
        appointment(4, start="09:30", minutes=30, status="no_show"),
        appointment(5, start="10:00", minutes=0),
        appointment(6, -1, start="23:30", minutes=600),
    ]
    await desk.sync(0, {-1: [seen[5]], 0: seen[:5]})
    assert await refresh(desk) == SlotCounts(created=4, removed=0, updated=4)
    # 1 and the night shift take 09:00; 1 takes 09:30; 1 (to 10:15) and 5 take 10:00; the block takes 10:30.
    assert await counts(desk) == {"09:00": 2, "09:30": 1, "10:00": 2, "10:30": 1}


async def test_slots_that_fit_stay_as_they_are(desk: Desk) -> None:
    await desk.sync(0, {0: [appointment(1)]})
    await refresh(desk)
    before = await desk.pool.fetch("select id, xmin::text, ctid::text from schedule_slots order by id")
    assert await refresh(desk) == SlotCounts(0, 0, 0)
    assert await desk.pool.fetch("select id, xmin::text, ctid::text from schedule_slots order by id") == before
