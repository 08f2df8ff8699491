"""Slots: made from the configuration, counted from the appointments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import asyncpg
import pytest

from engine.dates import DateRange
from engine.schedule import OpenHours, Room, ScheduleConfig, same_hours
from engine.store.reconciling import (
    SlotCounts,
    list_resources,
    load_schedule_config,
    refresh_slots,
    save_schedule_config,
    undo,
)
from tests.store.harness import Harness, appointment, at, day

pytestmark = pytest.mark.anyio

ROOMS = (Room("room-1", "One"), Room("room-2", "Two"), Room("room-3", "Three"))
WORKDAYS = (1, 2, 3, 4, 5, 6)


def hours(opens: str, closes: str, weekdays: Iterable[int] = WORKDAYS) -> tuple[OpenHours, ...]:
    (start, end) = (int(text[:2]) * 60 + int(text[3:]) for text in (opens, closes))
    return same_hours(weekdays, start, end)


CONFIG = ScheduleConfig(hours("09:00", "11:00"), slot_minutes=30, rooms=ROOMS[:2])


@pytest.fixture
async def harness(pool: asyncpg.Pool) -> Harness:
    """A clinic that has chosen its columns; until then, nothing is offered."""
    return await Harness.open(pool, resources=("room-1", "room-2", "room-3"))


async def refresh(harness: Harness, config: ScheduleConfig = CONFIG, first: int = 0, last: int = 0) -> SlotCounts:
    async with harness.pool.acquire() as connection, connection.transaction():
        await save_schedule_config(connection, harness.clinic.id, config)
        return await refresh_slots(connection, harness.clinic, harness.dates(first, last))


async def counts(harness: Harness, n: int = 0) -> dict[str, int]:
    rows = await harness.pool.fetch(
        "select start_time, booked_count from schedule_slots where clinic_id = $1 and date = $2 order by 1",
        harness.clinic.id, day(n),
    )  # fmt: skip
    return {row["start_time"].isoformat("minutes"): row["booked_count"] for row in rows}


async def free(harness: Harness, n: int = 0) -> list[Any]:
    """The slots with a free column; their day is past, so none can be booked."""
    return await harness.pool.fetch(
        "select *, capacity - booked_count as columns from get_available_slots($1, $2)"
        " where booked_count < capacity and available_count = 0",
        harness.clinic.id, day(n),
    )  # fmt: skip


async def test_an_appointment_takes_every_slot_that_it_overlaps(harness: Harness) -> None:
    seen = [
        appointment(1, start="09:15", minutes=60),
        appointment(2, start="10:30", minutes=30, appointment_type="block"),
        appointment(3, start="09:30", minutes=30, status="cancelled"),
        appointment(4, start="09:30", minutes=30, status="no_show"),
        appointment(5, start="10:00", minutes=0, room_id="room-2"),
        appointment(6, -1, start="23:30", minutes=600, room_id="room-2"),
    ]
    await harness.sync(0, {-1: [seen[5]], 0: seen[:5]})
    assert await refresh(harness) == SlotCounts(created=4, removed=0, updated=4)
    # 1 and the night shift take 09:00; 1 takes 09:30; 1 (to 10:15) and 5 take 10:00; the block takes 10:30.
    assert await counts(harness) == {"09:00": 2, "09:30": 1, "10:00": 2, "10:30": 1}


async def test_a_block_without_a_room_takes_every_place_and_one_with_a_room_takes_one(harness: Harness) -> None:
    seen = [
        appointment(1, start="09:00", room_id=None, appointment_type="block"),
        appointment(2, start="09:30", room_id="room-1", appointment_type="block"),
        appointment(3, start="10:00", room_id=None),
        appointment(4, start="10:30", room_id=None, appointment_type="block", status="cancelled"),
    ]
    await harness.sync(0, {0: seen})
    await refresh(harness)
    assert await counts(harness) == {"09:00": 2, "09:30": 1, "10:00": 1, "10:30": 0}
    assert [row["slot_start"].isoformat("minutes") for row in await free(harness)] == ["09:30", "10:00", "10:30"]


async def test_what_goes_on_past_midnight_takes_slots_of_the_day_after_the_range(harness: Harness) -> None:
    nights = replace(CONFIG, hours=hours("00:00", "01:00"))
    await refresh(harness, nights, 0, 1)
    await harness.sync(0, {0: [appointment(1, start="23:45")]})
    await refresh(harness, nights)
    assert await counts(harness, 1) == {"00:00": 1, "00:30": 0}
    gone = await harness.sync(10, {0: []})
    await refresh(harness, nights)
    assert await counts(harness, 1) == {"00:00": 0, "00:30": 0}
    async with harness.pool.acquire() as connection, connection.transaction():
        await undo(connection, harness.clinic.id, gone)
    assert await counts(harness, 1) == {"00:00": 1, "00:30": 0}


async def test_slots_that_fit_stay_as_they_are(harness: Harness) -> None:
    await harness.sync(0, {0: [appointment(1)]})
    await refresh(harness)
    before = await harness.pool.fetch("select id, xmin::text, ctid::text from schedule_slots order by id")
    assert await refresh(harness) == SlotCounts(0, 0, 0)
    assert await harness.pool.fetch("select id, xmin::text, ctid::text from schedule_slots order by id") == before


async def test_a_slot_that_no_longer_fits_goes_unless_it_is_taken_and_then_nothing_is_free_in_it(
    harness: Harness,
) -> None:
    await harness.sync(0, {0: [appointment(1, start="10:30")]})
    await refresh(harness)
    shorter = replace(CONFIG, hours=hours("09:00", "10:00"))
    assert await refresh(harness, shorter) == SlotCounts(created=0, removed=1, updated=1)
    assert await counts(harness) == {"09:00": 0, "09:30": 0, "10:30": 2}
    assert [row["slot_start"] for row in await free(harness)] == [time(9), time(9, 30)]
    await harness.sync(10, {0: []})
    assert (await refresh(harness, shorter)).removed == 1
    assert await counts(harness) == {"09:00": 0, "09:30": 0}


async def test_a_blocked_period_has_no_slots_and_a_closed_day_neither(harness: Harness) -> None:
    await harness.pool.execute(
        "insert into idexx_sync.blocked_periods (clinic_id, starts_at, ends_at) values ($1, $2, $3)",
        harness.clinic.id, datetime(2026, 3, 2, 9, 45, tzinfo=UTC), datetime(2026, 3, 2, 10, 30, tzinfo=UTC),
    )  # fmt: skip
    await refresh(harness, replace(CONFIG, hours=hours("09:00", "11:00", [1])), 0, 1)
    assert set(await counts(harness, 0)) == {"09:00", "10:30"}
    assert await counts(harness, 1) == {}


async def test_a_count_touches_only_the_slots_that_change(harness: Harness) -> None:
    await refresh(harness)
    await harness.sync(0, {0: [appointment(1, start="09:30")]})
    before = {row["start_time"]: row["xmin"] for row in await versions(harness)}
    changed = await harness.pool.fetchval("select update_slot_counts_bulk($1, $2, $2)", harness.clinic.id, day(0))
    after = {row["start_time"]: row["xmin"] for row in await versions(harness)}
    assert changed == 1
    assert [start for start in after if after[start] != before[start]] == [time(9, 30)]


async def versions(harness: Harness) -> list[Any]:
    return await harness.pool.fetch(
        "select start_time, xmin::text from schedule_slots where clinic_id = $1 order by 1", harness.clinic.id
    )


async def test_free_slots_have_their_freshness(harness: Harness) -> None:
    await refresh(harness)
    assert {row["scraped_at"] for row in await free(harness)} == {None}
    await harness.sync(
        0,
        {
            0: [
                appointment(1, start="09:00"),
                appointment(2, start="09:00", room_id="room-2"),
                appointment(3, start="09:30"),
            ]
        },
    )
    await refresh(harness)
    slots = await free(harness)
    assert [(row["slot_start"], row["columns"]) for row in slots] == [
        (time(9, 30), 1), (time(10), 2), (time(10, 30), 2),
    ]  # fmt: skip
    assert {row["scraped_at"] for row in slots} == {at(0)}
    assert all(row["age_seconds"] > 0 for row in slots)


async def test_an_appointment_points_at_the_slot_in_which_it_starts(harness: Harness) -> None:
    await harness.sync(0, {0: [appointment(1, start="09:45", minutes=60)]})
    await refresh(harness)
    start = await harness.pool.fetchval(
        "select s.start_time from schedule_appointments a join schedule_slots s on s.id = a.slot_id"
        " where a.clinic_id = $1",
        harness.clinic.id,
    )
    assert start == time(9, 30)


async def test_where_slots_overlap_an_appointment_points_at_the_open_one_and_stays_there(harness: Harness) -> None:
    await harness.sync(0, {0: [appointment(1, start="09:45")]})
    await refresh(harness)
    shorter = replace(CONFIG, slot_minutes=20)  # 09:30 to 10:00 is taken, so it stays, closed
    await refresh(harness, shorter)
    before = await harness.row_versions()
    await refresh(harness, shorter)
    assert await harness.row_versions() == before
    row = await harness.pool.fetchrow(
        "select s.start_time, s.capacity from schedule_appointments a join schedule_slots s on s.id = a.slot_id"
    )
    assert tuple(row or ()) == (time(9, 40), 2)


async def test_only_the_rooms_that_count_have_capacity_and_take_slots(pool: asyncpg.Pool) -> None:
    harness = await Harness.open(pool, resources=("room-1", "room-2"))
    grooming = appointment(2, room_id="room-3", appointment_type="Grooming")
    await harness.sync(
        0, {0: [appointment(1, appointment_type="Surgery"), grooming, appointment(3, room_id=None)]}
    )
    await refresh(harness, replace(CONFIG, rooms=ROOMS))
    assert await counts(harness) == {"09:00": 2, "09:30": 0, "10:00": 0, "10:30": 0}
    async with pool.acquire() as connection:
        seen = await list_resources(connection, harness.clinic)
    assert [(one.room_id, one.name, one.appointments, one.types, one.counts) for one in seen] == [
        ("", None, 1, (), True),
        ("room-1", "One", 1, ("Surgery",), True),
        ("room-2", "Two", 0, (), True),
        ("room-3", "Three", 1, ("Grooming",), False),
    ]


async def test_the_configuration_is_kept_as_the_portal_gave_it(harness: Harness) -> None:
    async with harness.pool.acquire() as connection:
        assert await load_schedule_config(connection, harness.clinic.id) == ScheduleConfig()
        for config in (CONFIG, replace(CONFIG, hours=hours("08:00", "12:00", [1]), rooms=ROOMS)):
            await save_schedule_config(connection, harness.clinic.id, config)
            assert await load_schedule_config(connection, harness.clinic.id) == config


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(60, ["01:00 07:00", "03:00 08:00"]), (30, ["01:00 07:00", "01:30 07:30", "03:00 08:00", "03:30 08:30"])],
)
async def test_slots_of_the_days_when_clocks_change_are_the_clinics_own(
    harness: Harness, minutes: int, expected: list[str]
) -> None:
    clinic = replace(harness.clinic, timezone="America/Chicago")
    sunday = DateRange(date(2026, 3, 8), date(2026, 3, 8))
    config = replace(CONFIG, hours=hours("01:00", "04:00", [0]), slot_minutes=minutes)
    async with harness.pool.acquire() as connection, connection.transaction():
        await save_schedule_config(connection, clinic.id, config)
        await refresh_slots(connection, clinic, sunday)
    rows = await harness.pool.fetch("select start_time, starts_at from schedule_slots order by 1")
    assert [f"{row['start_time']:%H:%M} {row['starts_at']:%H:%M}" for row in rows] == expected
