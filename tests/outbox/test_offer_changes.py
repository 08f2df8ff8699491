"""Each change of an offer is recorded once, with its cause, whichever program made it; age and time change nothing."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from engine.store.bookings import apply_expired_holds, settle_booking
from engine.store.offer_changes import clinics_to_compare, compare_offer
from tests.outbox.offering import DAY, NEXT, Change, Offering

pytestmark = pytest.mark.anyio


@pytest.fixture
async def clinic(pool: asyncpg.Pool[Any]) -> Offering:
    clinic = await Offering.open(pool)
    await clinic.sync(DAY, NEXT)
    return clinic


async def compare_what_is_left(clinic: Offering) -> None:
    """What a gateway's sweep does."""
    async with clinic.pool.acquire() as connection:
        for clinic_id in await clinics_to_compare(connection):
            await compare_offer(connection, clinic_id)


async def test_every_cause_is_recorded_with_its_starts_and_a_quiet_sync_records_nothing(
    pool: asyncpg.Pool[Any], clinic: Offering
) -> None:
    assert await clinic.news() == [], "the first read of a day changes nothing"
    first = await clinic.booking("09:30")
    second = await clinic.booking("09:30")
    assert await clinic.news() == [
        Change("changed", "0 09:30", 1, "booking", str(first)),
        Change("closed", "0 09:30", 0, "booking", str(second)),
    ]
    await pool.execute(
        "update public.vapi_bookings set date = $2, start_time = '10:00' where id = $1", second, NEXT
    )
    assert await clinic.news() == [
        Change("opened", "0 09:30", 1, "booking", str(second)),
        Change("changed", "1 10:00", 1, "booking", str(second)),
    ]
    await pool.execute("update public.vapi_bookings set client_name = 'D' where id = $1", second)
    async with pool.acquire() as connection:
        given_up = connection.transaction()
        await given_up.start()
        await clinic.booking("10:30", on=connection)
        await given_up.rollback()
    async with pool.acquire() as connection, connection.transaction():
        await settle_booking(connection, str(first))
    assert await clinic.news() == [Change("changed", "0 09:30", 2, "booking", str(first))]

    reading = await clinic.sync(DAY, NEXT)
    assert await clinic.news() == []
    appointment = await clinic.appear(reading, "09:00", "10:00")
    await clinic.disappear(reading, appointment)
    assert [f"{change.kind} {change.start} {change.columns}" for change in await clinic.news()] == [
        "changed 0 09:00 1", "changed 0 09:30 1", "changed 0 09:00 2", "changed 0 09:30 2",
    ]  # fmt: skip
    # What the portal says of hours or columns has no record of its own: the end of the sync compares.
    await pool.execute("update idexx_sync.clinic_open_hours set closes_minute = 630")
    reading = await clinic.sync(DAY, NEXT)
    assert await clinic.news() == [Change("closed", f"{day} 10:30", 0, "sync", str(reading)) for day in (0, 1)]

    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("update public.clinics set resources = null")
        await connection.execute("update public.clinics set resources = '{r2}'")
    await pool.execute(
        "insert into idexx_sync.closed_days (clinic_id, date) values ($1, $2)", clinic.clinic_id, NEXT
    )
    assert await clinic.news() == [
        *(Change("changed", f"0 {at}", 1, "rule", "columns") for at in ("09:00", "09:30", "10:00")),
        *(Change("changed", f"1 {at}", 1, "rule", "columns") for at in ("09:00", "09:30")),
        Change("closed", "1 10:00", 0, "rule", "columns"),
        *(Change("closed", f"1 {at}", 0, "rule", "closed_days") for at in ("09:00", "09:30")),
    ]
    assert await clinic.marks() == 0
    await pool.execute("delete from public.clinics where id = $1", clinic.clinic_id)


async def test_the_end_of_a_hold_is_recorded_once_where_it_frees_the_time(
    pool: asyncpg.Pool[Any], clinic: Offering
) -> None:
    held = await clinic.booking("09:30", status="pending", hold=-1)
    later = await clinic.booking("10:00", day=NEXT, status="pending", hold=0.05)
    await clinic.news()

    async def look(setting: str) -> list[Change]:
        async with pool.acquire() as connection, connection.transaction():
            await apply_expired_holds(connection, setting, 60)
        return await clinic.news()

    await pool.execute("select pg_sleep(0.06)")
    assert await look("count") == [], "an expired hold takes its time until a person decides"
    freed = [
        Change("changed", "0 09:30", 2, "hold", str(held)),
        Change("changed", "1 10:00", 2, "hold", str(later)),
    ]
    assert await look("release") == freed
    third = await clinic.booking("10:30", status="pending", hold=0.05)
    assert await clinic.news() == [Change("changed", "0 10:30", 1, "booking", str(third))]
    assert await look("release") in ([], [Change("changed", "0 10:30", 2, "hold", str(third))])
    await pool.execute("select pg_sleep(0.06)")
    await look("release")
    assert await look("release") == []
    assert (await clinic.offer())[datetime.combine(DAY, time(10, 30)).astimezone()] == 2


async def test_time_and_age_are_no_change_and_hide_only_what_is_never_offered(
    pool: asyncpg.Pool[Any], clinic: Offering
) -> None:
    for rule in ("notice_minutes = 20160", "horizon_days = 1", "max_age_seconds = 1"):
        await pool.execute(
            f"insert into idexx_sync.clinic_rules (clinic_id) values ($1) on conflict (clinic_id) do update set {rule}",
            clinic.clinic_id,
        )
        await pool.execute(f"update idexx_sync.clinic_rules set {rule}")
        if not rule.startswith("max_age"):
            booking = await clinic.booking("09:00")
            await pool.execute("delete from public.vapi_bookings where id = $1", booking)
        assert await clinic.news() == []
        await pool.execute("update idexx_sync.clinic_rules set notice_minutes = null, horizon_days = null")
    await clinic.sync(DAY, NEXT, age=timedelta(days=1))
    assert await clinic.offer() == {}, "all of it is stale"
    booking = await clinic.booking("09:00")
    await clinic.sync(DAY, NEXT)
    assert await clinic.news() == [Change("changed", "0 09:00", 1, "booking", str(booking))]


async def test_of_two_bookings_at_once_neither_waits_and_what_they_close_together_is_recorded_once(
    pool: asyncpg.Pool[Any], clinic: Offering
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        first = await clinic.booking("09:30", on=connection)
        await connection.execute(
            "set constraints all immediate"
        )  # compares as the commit would, and keeps the lock
        second = await clinic.booking("09:30")
        assert await clinic.marks() == 1
    assert await clinic.news() == [Change("changed", "0 09:30", 1, "booking", str(first))]
    await compare_what_is_left(clinic)
    await compare_what_is_left(clinic)
    assert await clinic.news() == [Change("closed", "0 09:30", 0, "booking", str(second))]
    assert await clinic.marks() == 0


async def test_a_comparison_that_fails_stops_no_booking_and_is_made_up_for(
    pool: asyncpg.Pool[Any], clinic: Offering
) -> None:
    await pool.execute("alter function idexx_sync.grid_starts rename to grid_starts_away")
    booking = await clinic.booking("09:30")
    with pytest.raises(asyncpg.UndefinedFunctionError):
        await compare_what_is_left(clinic)
    await pool.execute("alter function idexx_sync.grid_starts_away rename to grid_starts")
    await compare_what_is_left(clinic)
    assert await clinic.news() == [Change("changed", "0 09:30", 1, "booking", str(booking))]


async def test_who_follows_the_changes_knows_the_offer_after_every_transaction(
    pool: asyncpg.Pool[Any], clinic: Offering
) -> None:
    chance = random.Random(17)
    known = await clinic.offer()
    reading = await clinic.sync(DAY, NEXT)
    bookings: list[UUID] = []
    appointments: list[UUID] = []

    async def step() -> None:
        day: date = chance.choice((DAY, NEXT))
        at = f"{chance.randrange(8, 12):02}:{chance.choice((0, 15, 30, 45)):02}"
        match chance.randrange(9):
            case 0 | 1:
                bookings.append(await clinic.booking(at, day=day))
            case 2 if bookings:
                await pool.execute("delete from public.vapi_bookings where id = $1", bookings.pop())
            case 3 if bookings:
                await pool.execute(
                    "update public.vapi_bookings set date = $2, start_time = $3 where id = $1",
                    chance.choice(bookings), day, time.fromisoformat(at),
                )  # fmt: skip
            case 4 if appointments:
                await clinic.disappear(reading, appointments.pop())
            case 5:
                await pool.execute(
                    "insert into idexx_sync.clinic_rules (clinic_id, grid_minutes, default_minutes) values ($1, $2, $3)"
                    " on conflict (clinic_id) do update set grid_minutes = $2, default_minutes = $3",
                    clinic.clinic_id, chance.choice((15, 20, 30)), chance.choice((None, 15, 60)),
                )  # fmt: skip
            case 6:
                await pool.execute("delete from idexx_sync.recurring_blocks where from_minute % 2 = 0")
                start = chance.randrange(540, 640)
                await pool.execute(
                    "insert into idexx_sync.recurring_blocks (clinic_id, from_minute, to_minute) values ($1, $2, $3)",
                    clinic.clinic_id, start, start + 20,
                )  # fmt: skip
            case 7:
                rooms = chance.choice((["r1"], ["r1", "r2"], None))
                await pool.execute("update public.clinics set resources = $1", rooms)
            case _:
                room = chance.choice(("r1", "r2"))
                appointments.append(await clinic.appear(reading, at, "12:00", room, day))

    for number in range(60):
        await step()
        if number % 20 == 19:
            reading = await clinic.sync(DAY, NEXT)
        for row in await clinic.unread():
            start = row["starts_at"]
            assert row["column_count_before"] == known.get(start, 0) != row["column_count"]
            assert row["kind"] == (
                "closed" if not row["column_count"] else "changed" if start in known else "opened"
            )
            known[start] = row["column_count"]
        known = {start: count for start, count in known.items() if count}
        assert known == await clinic.offer(), number
    assert await clinic.marks() == 0
