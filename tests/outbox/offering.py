"""A clinic that offers times, and the changes of its offer, in few words."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import asyncpg

#: A day ahead of every clock, and the one after it.
DAY = datetime.now(UTC).date() + timedelta(days=5)
NEXT = DAY + timedelta(days=1)

ROOMS = ("r1", "r2")

_CHANGE = """
insert into idexx_sync.schedule_appointment_changes
    (clinic_id, sync_id, appointment_id, neo_appointment_id, kind, before, after)
select a.clinic_id, $2, a.id, a.neo_appointment_id, $3,
    case when $3 = 'removed' then idexx_sync.appointment_values(a) end,
    case when $3 = 'added' then idexx_sync.appointment_values(a) end
from public.schedule_appointments a where a.id = $1
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A recorded change: its kind, day and time (`0 09:30` is on `DAY`), columns, and cause with its id or name."""

    kind: str
    start: str
    columns: int
    cause: str
    of: str


class Offering:
    """A clinic that is open from 9:00 to 11:00 every day, in UTC, with two columns and a grid of half an hour."""

    def __init__(self, pool: asyncpg.Pool[Any], clinic_id: UUID, slug: str) -> None:
        self.pool = pool
        self.clinic_id = clinic_id
        self.slug = slug

    @classmethod
    async def open(cls, pool: asyncpg.Pool[Any]) -> Offering:
        slug = f"c-{uuid.uuid4().hex[:12]}"
        clinic_id = await pool.fetchval(
            "insert into public.clinics (slug, name, timezone, resources) values ($1, $1, 'UTC', $2) returning id",
            slug, list(ROOMS),
        )  # fmt: skip
        await pool.execute(
            "insert into idexx_sync.clinic_portal_config (clinic_id, slot_minutes, rooms, source, read_at)"
            " values ($1, 30, $2, 'x', now())",
            clinic_id, json.dumps([{"id": room, "name": room} for room in ROOMS]),
        )  # fmt: skip
        await pool.execute(
            "insert into idexx_sync.clinic_open_hours (clinic_id, weekday, opens_minute, closes_minute)"
            " select $1, day, 540, 660 from generate_series(0, 6) day",
            clinic_id,
        )
        return cls(pool, clinic_id, slug)

    async def sync(self, *days: date, age: timedelta = timedelta()) -> UUID:
        """A sync that has read these days, and ends."""
        sync_id: UUID = await self.pool.fetchval(
            "insert into public.schedule_syncs (clinic_id, sync_start_date, sync_end_date, status, started_at)"
            " values ($1, $2, $3, 'in_progress', now()) returning id",
            self.clinic_id, min(days), max(days),
        )  # fmt: skip
        await self.pool.executemany(
            "insert into idexx_sync.schedule_date_scrapes (clinic_id, date, sync_id, scraped_at)"
            " values ($1, $2, $3, now() - $4::interval)"
            " on conflict (clinic_id, date) do update set scraped_at = excluded.scraped_at",
            [(self.clinic_id, day, sync_id, age) for day in days],
        )
        await self.pool.execute("update public.schedule_syncs set status = 'completed' where id = $1", sync_id)
        return sync_id

    async def appear(self, sync_id: UUID, start: str, end: str, room: str = "r1", day: date = DAY) -> UUID:
        """An appointment that a sync adds, before it ends."""
        async with self.pool.acquire() as connection, connection.transaction():
            found: UUID = await connection.fetchval(
                "insert into public.schedule_appointments (clinic_id, neo_appointment_id, date, start_time, end_time,"
                " status, room_id, sync_hash) values ($1, $2, $3, $4, $5, 'scheduled', $6, 'x') returning id",
                self.clinic_id, uuid.uuid4().hex, day, time.fromisoformat(start), time.fromisoformat(end), room,
            )  # fmt: skip
            await connection.execute(_CHANGE, found, sync_id, "added")
        return found

    async def disappear(self, sync_id: UUID, appointment_id: UUID) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(_CHANGE, appointment_id, sync_id, "removed")
            await connection.execute(
                "update public.schedule_appointments set deleted_at = now() where id = $1", appointment_id
            )

    async def booking(
        self, start: str, *, day: date = DAY, status: str = "confirmed", hold: float = 60, on: Any = None
    ) -> UUID:
        """A booking as another program writes it. `hold`: the seconds until its hold ends."""
        found: UUID = await (on or self.pool).fetchval(
            "insert into public.vapi_bookings (clinic_id, date, start_time, client_name, client_phone, patient_name,"
            " status, hold_expires_at)"
            " values ($1, $2, $3, 'C', '1', 'P', $4, clock_timestamp() + make_interval(secs => $5)) returning id",
            self.clinic_id, day, time.fromisoformat(start), status, hold,
        )  # fmt: skip
        return found

    async def offer(self) -> dict[datetime, int]:
        """What is offered now: the columns of each start."""
        rows = await self.pool.fetch(
            "select starts_at, column_count from idexx_sync.bookable_starts($1, '-infinity', 'infinity')",
            self.clinic_id,
        )
        return {row["starts_at"]: row["column_count"] for row in rows}

    async def unread(self) -> list[asyncpg.Record]:
        """The rows of the changes since the last call, in order."""
        return await self.pool.fetch(
            "with news as (update idexx_sync.offer_changes set published_at = now()"
            " where clinic_id = $1 and published_at is null returning *) select * from news order by id",
            self.clinic_id,
        )

    async def news(self) -> list[Change]:
        """The same in few words."""
        return [
            Change(
                row["kind"],
                f"{(row['date'] - DAY).days} {row['start_time']:%H:%M}",
                row["column_count"],
                row["cause"],
                str(row["sync_id"] or row["booking_id"] or row["rule"]),
            )
            for row in await self.unread()
        ]

    async def marks(self) -> int:
        """The number of dates, or ranges, that are left to compare."""
        found: int = await self.pool.fetchval(
            "select count(*) from idexx_sync.offer_marks where clinic_id = $1", self.clinic_id
        )
        return found
