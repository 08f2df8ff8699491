"""What takes a place: appointments, and bookings until they are seen or decided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from engine.store.bookings import apply_expired_holds
from tests.bookings.practice import DAY, WEEKDAY, Practice, clock

pytestmark = pytest.mark.anyio

#: The columns of the predecessor, in order; ours come behind them.
PREDECESSORS = [
    ("slot_start", "time"), ("slot_end", "time"), ("capacity", "int4"), ("booked_count", "int4"),
    ("available_count", "int4"), ("is_blocked", "bool"), ("block_reason", "text"), ("last_synced_at", "timestamptz"),
    ("is_stale", "bool"),
]  # fmt: skip


async def apply(pool: asyncpg.Pool[Any], setting: str) -> None:
    """What a gateway does every half minute."""
    async with pool.acquire() as connection, connection.transaction():
        await apply_expired_holds(connection, setting, 60.0)


async def test_every_slot_is_offered_with_the_columns_that_programs_know(practice: Practice) -> None:
    async with practice.pool.acquire() as connection:
        statement = await connection.prepare("select * from get_available_slots($1, $2)")
        columns = [(column.name, column.type.name) for column in statement.get_attributes()]
    assert columns[: len(PREDECESSORS)] == PREDECESSORS
    for room in ("room-1", "room-1", "room-2"):
        await practice.appointment("10:15", "10:30", room=room)
    offered = await practice.offered()
    assert [tuple(row)[:5] for row in offered] == [
        (clock("10:00"), clock("10:15"), 2, 0, 2),
        (clock("10:15"), clock("10:30"), 2, 2, 0),  # a column that is taken twice is one
        (clock("10:30"), clock("10:45"), 2, 0, 2),
    ]


async def test_a_booking_counts_unless_it_is_cancelled(practice: Practice) -> None:
    await practice.booking("10:00", status="confirmed")
    await practice.booking("10:00", status="rescheduled")
    await practice.booking("10:00", status="cancelled")
    await practice.booking("10:15", status="pending", hold=300)
    await practice.booking("10:20", status="pending", hold=-300)  # in the slot in which it starts
    await practice.booking("12:00")
    expected = {"10:00": 2, "10:15": 2, "10:30": 0}
    assert await practice.counts() == expected
    assert await practice.stored() == expected
    assert await practice.recount() == 0


async def test_an_expired_hold_is_released_only_if_the_setting_says_so(practice: Practice) -> None:
    await practice.booking("10:00", status="pending", hold=-300)
    await practice.booking("10:00", status="pending", hold=300)
    assert (await practice.counts())["10:00"] == 2
    await apply(practice.pool, "count")
    assert (await practice.stored())["10:00"] == 2
    await apply(practice.pool, "release")
    assert (await practice.stored())["10:00"] == (await practice.counts())["10:00"] == 1
    await practice.booking("10:15", status="pending", hold=0)
    assert await practice.recount() == 0
    await practice.pool.execute("update public.schedule_slots set booked_count = 1 where start_time = '10:15'")
    await apply(practice.pool, "release")  # as if the hold had just expired
    assert (await practice.stored())["10:15"] == 0
    await apply(practice.pool, "count")
    assert await practice.stored() == await practice.counts() == {"10:00": 2, "10:15": 1, "10:30": 0}


async def test_what_other_programs_write_is_counted_where_it_was_and_where_it_is(practice: Practice) -> None:
    booking = await practice.booking("10:00")
    await practice.slots(["09:00"], day=DAY + timedelta(days=1))
    for change, expected in [
        ("start_time = '10:30'", {"10:00": 0, "10:15": 0, "10:30": 1}),
        ("status = 'cancelled'", {"10:00": 0, "10:15": 0, "10:30": 0}),
        ("status = 'confirmed', start_time = '09:00', date = date + 1", {"10:00": 0, "10:15": 0, "10:30": 0}),
    ]:
        await practice.pool.execute(f"update public.vapi_bookings set {change} where id = $1", booking)
        assert await practice.stored() == expected
    assert await practice.stored(DAY + timedelta(days=1)) == {"09:00": 1}
    await practice.pool.execute("delete from public.vapi_bookings")
    assert await practice.stored(DAY + timedelta(days=1)) == {"09:00": 0}


async def test_a_closed_slot_has_no_place_and_a_capacity(practice: Practice) -> None:
    await practice.booking("10:00")
    await practice.close("10:00")
    assert await practice.recount() == 0
    (closed, *_) = await practice.offered()
    assert (closed["capacity"], closed["booked_count"], closed["available_count"]) == (2, 2, 0)


async def test_a_recurring_blocked_period_is_shown_with_its_name_on_its_days(practice: Practice) -> None:
    for name, days, is_active in [
        ("Lunch", [WEEKDAY], True),
        ("Other day", [(WEEKDAY + 1) % 7], True),
        ("Off", [WEEKDAY], False),
    ]:
        await practice.pool.execute(
            "insert into public.clinic_blocked_periods (clinic_id, name, start_time, end_time, days_of_week, is_active)"
            " values ($1, $2, '10:10', '10:30', $3, $4)",
            practice.clinic_id, name, days, is_active,
        )  # fmt: skip
    assert [(row["is_blocked"], row["block_reason"]) for row in await practice.offered()] == [
        (True, "Lunch"), (True, "Lunch"), (False, None),
    ]  # fmt: skip
    answer = await practice.book("10:15")
    assert (answer["success"], answer["error"]) == (False, "this time is blocked: Lunch")
    assert answer["alternative_times"] == [{"time": "10:30 AM", "available": 2}]


async def test_a_slot_is_stale_until_it_is_read_and_after_the_clinics_threshold(practice: Practice) -> None:
    pool, clinic = practice.pool, practice.clinic_id
    await pool.execute("update public.schedule_slots set last_synced_at = null")
    (slot, *_) = await practice.offered()
    assert (slot["last_synced_at"], slot["is_stale"], slot["available_count"]) == (None, True, 0)
    assert (await practice.book())["error"] == "this day has to be read again before it can be booked"
    await pool.execute("update public.schedule_slots set last_synced_at = now() - interval '59 minutes'")
    (slot, *_) = await practice.offered()
    assert (slot["is_stale"], slot["available_count"]) == (False, 2)
    await pool.execute(
        "insert into public.clinic_schedule_config (clinic_id, days_of_week, stale_threshold_minutes)"
        " values ($1, '{1}', 30)",
        clinic,
    )
    assert (await practice.offered())[0]["is_stale"]
    await pool.execute(
        "insert into idexx_sync.schedule_date_scrapes (clinic_id, date, scraped_at, sync_id)"
        " values ($1, $2, now(), gen_random_uuid())",
        clinic, DAY,
    )  # fmt: skip
    assert not (await practice.offered())[0]["is_stale"]


async def test_a_booking_takes_the_clinics_default_length_and_so_do_the_slots_beside_it(
    practice: Practice,
) -> None:
    await practice.pool.execute(
        "insert into idexx_sync.clinic_rules (clinic_id, default_minutes) values ($1, 30)", practice.clinic_id
    )
    await practice.slots(["09:45", "10:45"])
    answer = await practice.book("10:15")
    assert answer["success"]
    expected = {"09:45": 0, "10:00": 1, "10:15": 1, "10:30": 1, "10:45": 0}
    assert await practice.stored() == await practice.counts() == expected
    await practice.pool.execute("update public.vapi_bookings set status = 'cancelled'")
    assert set((await practice.stored()).values()) == {0}
