"""The end of a sync: bookings are recognized in the portal, then those in its way are moved or marked, and counted."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from engine.appointment import Appointment
from engine.booking import Conflicts
from engine.dates import DateRange
from engine.failure import Failure, Reason
from engine.removals import RemovalLimit
from engine.schedule import Room, ScheduleConfig, same_hours
from engine.snapshot import Proof, Snapshot
from engine.steps.coordinate import coordinate
from engine.steps.give_up import give_up_dates
from engine.steps.reconcile import reconcile_date
from engine.store.clinics import find_clinic
from engine.store.database import Database
from engine.store.reconciling import save_schedule_config
from engine.store.syncs import claims
from engine.store.syncs.admission import admit
from engine.store.syncs.events import events_after
from engine.sync import Limits, SyncRequest
from ops.terminal.progress import warnings
from tests.bookings.practice import DAY, Practice, clock
from tests.conftest import open_pool
from tests.store.waits import until_one_waits

pytestmark = pytest.mark.anyio

TOMORROW = DAY + timedelta(days=1)
ZONE = ZoneInfo("America/Chicago")
#: 10:00 to 11:00 in four slots of one place.
CONFIG = ScheduleConfig(same_hours(range(7), 600, 660), 15, (Room("room-1", "One"),))
LIMIT = RemovalLimit(settle=timedelta(0))
LOST = Failure(Reason.PORTAL_UNAVAILABLE, "the portal answered 500")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def one(pool: asyncpg.Pool[Any]) -> Practice:
    """A clinic whose slots have one place each, and that allows bookings to be moved."""
    practice = await Practice.open(pool, [])
    async with pool.acquire() as connection:
        await save_schedule_config(connection, practice.clinic_id, CONFIG)
    return practice


def seen(start: str, patient: str = "Rex", phone: str | None = None, room: str = "room-1") -> Appointment:
    starts_at = datetime.combine(DAY, clock(start), ZONE).astimezone(UTC)
    ends = (datetime.combine(DAY, clock(start)) + timedelta(minutes=15)).time()
    return Appointment(
        uuid4().hex, DAY, clock(start), ends, starts_at, starts_at + timedelta(minutes=15), patient_name=patient,
        client_phone=phone, room_id=room,
    )  # fmt: skip


async def sync(
    database: Database, practice: Practice, shown: Sequence[Appointment] | None, *, dry_run: bool = False
) -> dict[str, Any]:
    """Runs a sync of two days, of which the first shows `shown` (None: it fails), and answers its last event."""
    async with database.transaction() as connection:
        clinic = await find_clinic(connection, str(practice.clinic_id))
        dates = DateRange(DAY, TOMORROW)
        request = SyncRequest(clinic.id, dates, dry_run=dry_run)
        sync_id = (await admit(connection, request, list(dates), Limits())).sync_id
    for _look in range(2):  # the second one, if something has gone
        for day, appointments in ((DAY, shown), (TOMORROW, ())):
            await look(database, practice, sync_id, day, appointments)
        await coordinate(database, sync_id, Limits(), LIMIT)
        if (last := await ending(database, sync_id))["event"] == "completed":
            return last
    raise AssertionError(last)


async def look(
    database: Database, practice: Practice, sync_id: UUID, day: date, shown: Sequence[Appointment] | None
) -> None:
    """Reads a date, if the sync asks for it."""
    if shown is None:
        await give_up_dates(database, sync_id, [day], LOST)
        return
    async with database.transaction() as connection:
        # The second look sends both dates in one message, which has the name of the first.
        found = [await claims.claim(connection, sync_id, lead, [day], "worker", 60.0) for lead in {day, DAY}]
        for claim in itertools.chain(*found):
            proof = Proof(200, "application/json", "array", len(shown), day, day)
            snapshot = Snapshot(day, claim.claimed_at, tuple(shown), proof)
            assert await claims.save_snapshots(connection, practice.clinic_id, [claim], {day: snapshot})
    await reconcile_date(database, sync_id, day)


async def ending(database: Database, sync_id: UUID) -> dict[str, Any]:
    async with database.connection() as connection:
        return dict((await events_after(connection, sync_id, 0))[-1])


def conflicts(event: dict[str, Any]) -> Conflicts:
    return Conflicts(event["stats"]["conflicts_detected"], event["stats"]["conflicts_resolved"])


async def test_a_sync_moves_what_the_portal_filled_and_says_so_in_its_row_its_event_and_its_webhook(
    database: Database, one: Practice
) -> None:
    await one.pool.execute(
        "insert into idexx_sync.clinic_webhooks (clinic_id, url, key_id, sealed)"
        " values ($1, 'https://x.test', 'k', 'x')",
        one.clinic_id,
    )
    await sync(database, one, [])
    bookings = [await one.booking("10:00"), await one.booking("10:45", patient="Mia")]
    end = await sync(database, one, [seen("10:00"), seen("10:45")])
    assert conflicts(end) == Conflicts(detected=2, resolved=1)
    moved, stuck = [await one.the_booking(booking) for booking in bookings]
    assert (moved["start_time"], moved["status"], moved["has_conflict"]) == (clock("10:15"), "rescheduled", False)
    assert (stuck["start_time"], stuck["status"], stuck["has_conflict"]) == (clock("10:45"), "confirmed", True)
    assert await one.stored() == await one.counts() == {"10:00": 1, "10:15": 1, "10:30": 0, "10:45": 1}
    row = await one.pool.fetchrow(
        "select conflicts_detected, conflicts_resolved from public.schedule_syncs where id = $1::uuid",
        end["sync_id"],
    )
    assert tuple(row or ()) == (2, 1)
    body = await one.pool.fetchval(
        "select body from idexx_sync.webhook_deliveries where sync_id = $1::uuid", end["sync_id"]
    )
    assert json.loads(body)["data"]["stats"] == end["stats"]


async def test_a_booking_that_the_portal_shows_gives_its_place_to_its_appointment(
    database: Database, one: Practice
) -> None:
    await sync(database, one, [])
    booking = await one.booking("10:00")
    end = await sync(database, one, [seen("10:00", "Biscuit")])
    assert conflicts(end) == Conflicts()
    assert (await one.the_booking(booking))["start_time"] == clock("10:00")
    assert (await one.stored())["10:00"] == 1
    await sync(database, one, [])  # the appointment goes, and its place is free
    assert (await one.stored())["10:00"] == 0


async def test_after_a_migration_conflicts_are_only_marked(database: Database, one: Practice) -> None:
    await one.pool.execute("insert into idexx_sync.clinic_rules values ($1, 'mark')", one.clinic_id)
    await sync(database, one, [])
    booking = await one.booking("10:00")
    assert conflicts(await sync(database, one, [seen("10:00")])) == Conflicts(detected=1)
    marked = await one.the_booking(booking)
    assert (marked["start_time"], marked["status"], marked["has_conflict"]) == (clock("10:00"), "confirmed", True)


async def test_a_dry_run_and_a_date_that_failed_move_nothing(database: Database, one: Practice) -> None:
    await sync(database, one, [])
    booking = await one.booking("10:00")
    await one.appointment("10:00", "10:15")
    assert conflicts(await sync(database, one, None)) == Conflicts()
    assert conflicts(await sync(database, one, [seen("10:00")], dry_run=True)) == Conflicts()
    found = await one.the_booking(booking)
    assert (found["start_time"], found["has_conflict"]) == (clock("10:00"), False)


async def test_expired_holds_are_a_warning_until_a_person_decides(database: Database, one: Practice) -> None:
    await sync(database, one, [])
    booking = await one.booking("10:00", status="pending", hold=-60)
    ending = await sync(database, one, [])
    (warning,) = [w for w in ending["warnings"] if w["code"] == "bookings_undecided"]
    assert warning["message"].startswith("1 booking by telephone whose hold has expired")
    assert f"{warning['message']}: idexx-sync bookings list {ending['clinic']}" in warnings(ending)
    await one.pool.execute("update public.vapi_bookings set status = 'confirmed' where id = $1", booking)
    assert "bookings_undecided" not in {w["code"] for w in (await sync(database, one, []))["warnings"]}


async def test_a_slot_that_a_booking_takes_stays_when_the_hours_change(database: Database, one: Practice) -> None:
    await sync(database, one, [])
    await one.booking("10:45")
    async with one.pool.acquire() as connection:
        shorter = ScheduleConfig(same_hours(range(7), 600, 630), 15, CONFIG.rooms)
        await save_schedule_config(connection, one.clinic_id, shorter)
    await sync(database, one, [])
    assert await one.stored() == await one.counts() == {"10:00": 0, "10:15": 0, "10:45": 1}
    assert (await one.book("10:45"))["error"] == "the clinic is closed at this time"


async def test_a_slot_stays_that_is_being_booked_while_the_hours_change(database: Database, one: Practice) -> None:
    await sync(database, one, [])
    async with one.pool.acquire() as line, one.pool.acquire() as other:
        call = line.transaction()
        await call.start()
        booked = await line.fetchval(
            "select book_slot_with_hold($1, $2, '10:45', 'C', '+13125550000', 'P') ->> 'success'",
            one.clinic_id,
            DAY,
        )
        assert booked == "true"
        shorter = ScheduleConfig(same_hours(range(7), 600, 630), 15, CONFIG.rooms)
        await save_schedule_config(other, one.clinic_id, shorter)
        end = asyncio.create_task(sync(database, one, []))
        await until_one_waits(line)
        await call.commit()
    await end
    assert await one.stored() == await one.counts() == {"10:00": 0, "10:15": 0, "10:45": 1}


async def test_slots_say_when_the_portal_was_read(database: Database, one: Practice) -> None:
    await sync(database, one, None)
    assert {(row["last_synced_at"], row["is_stale"]) for row in await one.offered()} == {(None, True)}
    await sync(database, one, [])
    stored = await one.pool.fetch("select distinct last_synced_at from public.schedule_slots where date = $1", DAY)
    assert [row["last_synced_at"] for row in await one.offered()] == [stored[0]["last_synced_at"]] * 4
    assert len(stored) == 1
    assert not (await one.offered())[0]["is_stale"]


async def test_fifty_callers_get_what_is_left_while_a_sync_fills_the_same_slots(
    database: Database, database_url: str, one: Practice
) -> None:
    """Four slots of five places. What the portal fills after a caller has booked is a conflict."""
    starts = ["10:00", "10:15", "10:30", "10:45"]
    async with one.pool.acquire() as connection:
        rooms = tuple(Room(f"room-{n}", f"Room {n}") for n in range(5))
        await save_schedule_config(connection, one.clinic_id, ScheduleConfig(CONFIG.hours, 15, rooms))
        await connection.execute("update public.clinics set resources = $1", [room.id for room in rooms])
    await sync(database, one, [])
    full = [seen(starts[n % 4], patient=f"Portal {n}", room=f"room-{n // 4}") for n in range(10)]
    booked: list[str] = []

    async with open_pool(database_url, 50) as lines:
        by_phone = Practice(lines, one.clinic_id)

        async def call(caller: int) -> None:
            for start in starts[caller % 4 :] + starts[: caller % 4]:
                answer = await by_phone.book(start, caller=caller)
                if answer["success"]:
                    booked.append(answer["confirmation_number"])
                    return

        await asyncio.gather(sync(database, one, full), *(call(n) for n in range(50)))

    by_slot = await one.pool.fetch("select start_time, count(*) from public.vapi_bookings group by 1")
    assert all(row["count"] <= 5 for row in by_slot)
    assert 10 <= len(set(booked)) == len(booked) <= 20
    # Those who booked after the sync had looked for conflicts were refused what it had stored.
    counts = await one.counts()
    assert counts == await one.stored()
    marked = await one.pool.fetchval("select count(*) from public.vapi_bookings where has_conflict")
    taken = {row["start_time"].isoformat("minutes"): row["count"] for row in by_slot}
    wanted = {start: taken.get(start, 0) + (3, 3, 2, 2)[n] for n, start in enumerate(starts)}
    assert sum(max(count - 5, 0) for count in wanted.values()) == marked
    assert counts == {start: min(count, 5) for start, count in wanted.items()}
