"""A clinic, its slots, appointments and bookings by telephone, in few words."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import asyncpg

#: A day ahead of every clock, so that no slot of it has begun.
DAY = datetime.now(UTC).date() + timedelta(days=30)
#: Its weekday as in clinic_blocked_periods: 0 is Sunday.
WEEKDAY = DAY.isoweekday() % 7

APPOINTMENT = """
insert into public.schedule_appointments (clinic_id, neo_appointment_id, date, start_time, end_time, status,
    patient_name, client_name, client_phone, room_id, appointment_type, sync_hash, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'x', now() + make_interval(secs => $12)) returning id
"""
BOOKING = """
insert into public.vapi_bookings (clinic_id, date, start_time, client_name, client_phone, patient_name, status,
    hold_expires_at)
values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8)) returning id
"""


class Practice:
    """One clinic in a real database, written to as the programs around it do."""

    def __init__(self, pool: asyncpg.Pool[Any], clinic_id: UUID) -> None:
        self.pool = pool
        self.clinic_id = clinic_id

    @classmethod
    async def open(
        cls, pool: asyncpg.Pool[Any], starts: Iterable[str] = ("10:00", "10:15", "10:30"), capacity: int = 2
    ) -> Practice:
        slug = f"c-{uuid.uuid4().hex[:12]}"
        clinic_id = await pool.fetchval(
            "insert into public.clinics (slug, name, timezone, resources) values ($1, $1, 'America/Chicago', $2)"
            " returning id",
            slug, [f"room-{n + 1}" for n in range(capacity)],
        )  # fmt: skip
        await pool.execute(
            "insert into idexx_sync.clinic_open_hours (clinic_id, weekday, opens_minute, closes_minute)"
            " select $1, day, 0, 1440 from generate_series(0, 6) day", clinic_id
        )  # fmt: skip
        practice = cls(pool, clinic_id)
        await practice.slots(starts, capacity)
        return practice

    async def slots(self, starts: Iterable[str], capacity: int = 2, day: date = DAY, minutes: int = 15) -> None:
        """Slots of a day that was just read, as another program writes them."""
        for start in map(clock, starts):
            end = (datetime.combine(day, start) + timedelta(minutes=minutes)).time()
            await self.pool.execute(
                "insert into public.schedule_slots (clinic_id, date, start_time, end_time, capacity, last_synced_at)"
                " values ($1, $2, $3, $4, $5, now())",
                self.clinic_id, day, start, end, capacity,
            )  # fmt: skip

    async def appointment(
        self,
        start: str = "10:00",
        end: str = "10:15",
        *,
        day: date = DAY,
        patient: str | None = "Rex",
        client: str | None = None,
        phone: str | None = None,
        status: str = "scheduled",
        room: str | None = "room-1",
        kind: str | None = None,
        age: float = 0,
    ) -> UUID:
        """An appointment that the portal shows. `age`: how long ago it appeared, in seconds."""
        found: UUID = await self.pool.fetchval(
            APPOINTMENT, self.clinic_id, uuid.uuid4().hex, day, clock(start), clock(end), status, patient, client,
            phone, room, kind, -age,
        )  # fmt: skip
        return found

    async def booking(
        self,
        start: str = "10:00",
        *,
        day: date = DAY,
        patient: str = "Biscuit",
        client: str = "Maria Lopez",
        phone: str = "+13125550101",
        status: str = "confirmed",
        hold: float = -3600,
    ) -> UUID:
        """A booking as another program writes it. `hold`: the seconds until its hold ends."""
        found: UUID = await self.pool.fetchval(
            BOOKING, self.clinic_id, day, clock(start), client, phone, patient, status, hold
        )
        return found

    async def book(self, start: str = "10:00", *, day: date = DAY, caller: int = 0) -> dict[str, Any]:
        answer = await self.pool.fetchval(
            "select book_slot_with_hold($1, $2, $3, $4, $5, $6, 'dog', 'ear', false, 'call')",
            self.clinic_id, day, clock(start), f"Caller {caller}", f"+1312555{caller:04}", f"Pet {caller}",
        )  # fmt: skip
        found: dict[str, Any] = json.loads(answer)
        return found

    async def offered(self, day: date = DAY) -> list[asyncpg.Record]:
        return await self.pool.fetch("select * from get_available_slots($1, $2)", self.clinic_id, day)

    async def counts(self, day: date = DAY) -> dict[str, int]:
        """What `get_available_slots` counts, which has to be what the slots store once they are counted."""
        return {row["slot_start"].isoformat("minutes"): row["booked_count"] for row in await self.offered(day)}

    async def stored(self, day: date = DAY) -> dict[str, int]:
        rows = await self.pool.fetch(
            "select start_time, booked_count from public.schedule_slots where clinic_id = $1 and date = $2 order by 1",
            self.clinic_id, day,
        )  # fmt: skip
        return {row["start_time"].isoformat("minutes"): row["booked_count"] for row in rows}

    async def recount(self, first: date = DAY, last: date = DAY) -> int:
        found: int = await self.pool.fetchval(
            "select updated_count from update_slot_counts_bulk($1, $2, $3)", self.clinic_id, first, last
        )
        return found

    async def match(self) -> int:
        found: int = await self.pool.fetchval("select idexx_sync.match_bookings($1, $2, $2)", self.clinic_id, DAY)
        return found

    async def close(self, start: str) -> None:
        await self.pool.execute(
            "update public.schedule_slots set is_closed = true, booked_count = capacity"
            " where clinic_id = $1 and start_time = $2",
            self.clinic_id, clock(start),
        )  # fmt: skip

    async def the_booking(self, booking_id: UUID) -> asyncpg.Record:
        rows: list[asyncpg.Record] = await self.pool.fetch(
            "select * from public.vapi_bookings where id = $1", booking_id
        )
        return rows[0]

    async def reschedule_conflicts(self) -> list[tuple[UUID, str, str | None]]:
        """Calls the function, and answers each conflict: its booking, its old time and its new one."""
        rows = await self.pool.fetch("select * from auto_reschedule_conflicts($1, $2)", self.clinic_id, DAY)
        return [
            (row["booking_id"], short(row["old_time"]), row["new_time"] and short(row["new_time"])) for row in rows
        ]


def clock(text: str) -> time:
    return time.fromisoformat(text)


def short(at: time) -> str:
    return at.isoformat("minutes")
