"""book_slot_with_hold, as the assistant that answers the telephone calls it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.bookings.practice import DAY, Practice, clock

pytestmark = pytest.mark.anyio


async def test_a_booking_holds_its_slot_for_five_minutes(practice: Practice) -> None:
    answer = await practice.book("10:00", caller=7)
    assert set(answer) == {"success", "booking_id", "confirmation_number", "slot_id"}
    assert answer["success"] is True
    assert re.fullmatch(r"ODIS-[A-Z0-9]{8}", answer["confirmation_number"])
    booking = await practice.the_booking(answer["booking_id"])
    assert str(booking["slot_id"]) == answer["slot_id"]
    assert (booking["date"], booking["start_time"], booking["status"]) == (DAY, clock("10:00"), "pending")
    assert (booking["client_name"], booking["species"], booking["vapi_call_id"]) == ("Caller 7", "dog", "call")
    assert booking["hold_expires_at"] - booking["created_at"] == timedelta(minutes=5)
    assert await practice.stored() == {"10:00": 1, "10:15": 0, "10:30": 0}


async def test_a_full_slot_is_refused_with_the_five_nearest_times_that_are_free(pool: asyncpg.Pool[Any]) -> None:
    starts = ["09:00", "09:15", "09:30", "09:45", "10:00", "10:15", "10:30", "13:00"]
    practice = await Practice.open(pool, starts, capacity=1)
    await practice.appointment("10:00", "10:30")
    await practice.close("09:45")
    answer = await practice.book("10:00")
    assert answer == {
        "success": False,
        "error": "this slot is fully booked",
        "alternative_times": [
            {"time": "09:00 AM", "available": 1}, {"time": "09:15 AM", "available": 1},
            {"time": "09:30 AM", "available": 1}, {"time": "10:30 AM", "available": 1},
            {"time": "01:00 PM", "available": 1},
        ],
    }  # fmt: skip
    assert (await practice.book("11:07"))["error"] == "no slot starts at this time"
    assert (await practice.book("09:45"))["error"] == "the clinic is closed at this time"
    assert await pool.fetchval("select count(*) from public.vapi_bookings") == 0


async def test_a_month_of_bookings_whose_holds_ran_out_stays_visible(pool: asyncpg.Pool[Any]) -> None:
    """The predecessor did not count them: 73 were invisible, and four of their slots were sold a second time."""
    practice = await Practice.open(pool, [], capacity=1)
    times = [f"{9 + n // 4:02}:{n % 4 * 15:02}" for n in range(4)]
    days = [DAY + timedelta(days=n) for n in range(20)]
    for day in days:
        await practice.slots(times, capacity=1, day=day)
    taken = [(day, at) for day in days for at in times][:73]
    for day, at in taken:
        await practice.booking(at, day=day, status="pending")
    counted = sum([sum((await practice.counts(day)).values()) for day in days])
    assert counted == sum([sum((await practice.stored(day)).values()) for day in days]) == 73
    again = [await practice.book(at, day=day) for day, at in taken[:4]]
    assert [answer["success"] for answer in again] == [False] * 4
    assert await pool.fetchval("select count(*) from public.vapi_bookings") == 73
