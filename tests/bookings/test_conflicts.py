"""Bookings meet the portal: they are recognized in it, or move out of its way."""

from __future__ import annotations

import pytest

from tests.bookings.practice import DAY, WEEKDAY, Practice, clock

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("shown", "is_seen"),
    [
        ({"patient": "Other", "phone": "(312) 555-0101"}, True),
        ({"patient": None, "phone": "555-0101 x12"}, True),
        ({"patient": "Other", "phone": "(312) 555-0101", "age": 3600}, False),  # it was there before: another pet
        ({"patient": "BISCUIT", "phone": "(312) 555-0101", "age": 3600}, True),
        ({"patient": "Biscuit", "client": "Lopez, Maria"}, True),
        ({"patient": "Biscuit", "client": "Smith", "phone": "+13125550199"}, False),  # another client's Biscuit
        ({"patient": "Biscuit", "start": "10:14", "end": "10:45"}, True),
        ({"patient": "Biscuit", "start": "10:15", "end": "10:30"}, False),
        ({"patient": "Biscuit", "status": "cancelled"}, True),  # typed in, then cancelled
        ({"patient": "Biscuit", "status": "cancelled", "age": 3600}, False),
        ({"patient": "Rex", "phone": None}, False),
    ],
)  # fmt: skip
async def test_a_booking_counts_no_more_once_the_portal_shows_it(
    practice: Practice, shown: dict[str, str], is_seen: bool
) -> None:
    await practice.booking("10:00")
    await practice.appointment(**shown)  # type: ignore[arg-type]
    assert await practice.match() == is_seen
    states = await practice.pool.fetch(
        "select * from idexx_sync.live_bookings($1, $2, $2)", practice.clinic_id, DAY
    )
    assert [row["takes_place"] for row in states] == [not is_seen]


async def test_a_match_stays_if_the_appointment_goes_and_ends_if_the_booking_moves(practice: Practice) -> None:
    booking = await practice.booking("10:00")
    await practice.appointment(patient="Biscuit")
    assert await practice.match() == 1
    await practice.recount()
    assert await practice.stored() == {"10:00": 1, "10:15": 0, "10:30": 0}
    await practice.pool.execute("update public.schedule_appointments set deleted_at = now()")
    await practice.recount()
    assert await practice.stored() == {"10:00": 0, "10:15": 0, "10:30": 0}
    await practice.pool.execute("update public.vapi_bookings set start_time = '10:30' where id = $1", booking)
    assert await practice.stored() == {"10:00": 0, "10:15": 0, "10:30": 1}


async def test_one_appointment_is_one_bookings(practice: Practice) -> None:
    other = await practice.booking("10:00", patient="Mia")
    await practice.booking("10:00", patient="Biscuit")
    await practice.appointment(patient="Biscuit", phone="+13125550101")
    assert await practice.match() == 1
    unseen = await practice.pool.fetch(
        "select booking_id from idexx_sync.live_bookings($1, $2, $2) where takes_place", practice.clinic_id, DAY
    )
    assert [row["booking_id"] for row in unseen] == [other]


async def fill(practice: Practice, start: str, end: str, *rooms: str) -> None:
    for room in rooms:
        await practice.appointment(start, end, patient="Portal", room=room)


async def test_a_booking_whose_slot_the_portal_fills_moves_to_the_next_free_one(practice: Practice) -> None:
    first = await practice.booking("10:00", patient="First")
    last = await practice.booking("10:00", patient="Last")
    await fill(practice, "10:00", "10:30", "room-1")
    await fill(practice, "10:15", "10:30", "room-2")
    assert await practice.reschedule_conflicts() == [(last, "10:00", "10:30")]
    moved = await practice.the_booking(last)
    assert (moved["status"], moved["has_conflict"]) == ("rescheduled", False)
    assert (moved["start_time"], moved["original_date"], moved["original_time"]) == (
        clock("10:30"),
        DAY,
        clock("10:00"),
    )
    assert moved["slot_id"]
    assert moved["rescheduled_at"]
    assert moved["rescheduled_reason"]
    assert (await practice.the_booking(first))["start_time"] == clock("10:00")
    assert await practice.stored() == {"10:00": 2, "10:15": 2, "10:30": 1}
    assert await practice.reschedule_conflicts() == []


async def test_an_unconfirmed_booking_gives_way_first(practice: Practice) -> None:
    pending = await practice.booking("10:00", status="pending")
    await practice.booking("10:00")
    await fill(practice, "10:00", "10:15", "room-2")
    assert await practice.reschedule_conflicts() == [(pending, "10:00", "10:15")]
    assert (await practice.the_booking(pending))["status"] == "pending"  # whether it is real is not decided


async def test_a_booking_for_which_nothing_is_free_is_marked_until_the_conflict_ends(practice: Practice) -> None:
    booking = await practice.booking("10:00")
    await practice.appointment("10:00", "10:30", kind="block", room=None)  # the whole clinic
    await practice.pool.execute(
        "insert into public.clinic_blocked_periods (clinic_id, name, start_time, end_time, days_of_week)"
        " values ($1, 'Lunch', '10:30', '11:00', $2)",
        practice.clinic_id, [WEEKDAY],
    )  # fmt: skip
    for _ in range(2):
        assert await practice.reschedule_conflicts() == [(booking, "10:00", None)]
        assert (await practice.the_booking(booking))["has_conflict"]
    await practice.pool.execute("update public.schedule_appointments set deleted_at = now()")
    assert await practice.reschedule_conflicts() == []
    assert not (await practice.the_booking(booking))["has_conflict"]


async def test_a_booking_that_the_portal_shows_is_no_conflict(practice: Practice) -> None:
    await practice.booking("10:00")
    await practice.appointment(patient="Biscuit")
    await fill(practice, "10:00", "10:15", "room-2")
    assert await practice.reschedule_conflicts() == []
