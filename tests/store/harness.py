"""A clinic, its syncs and its snapshots, in few words: what the tests of the store write stories with."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from engine.appointment import Appointment
from engine.clinic import Clinic
from engine.dates import DateRange
from engine.removals import RemovalLimit, verification_at
from engine.snapshot import LeftOutRecord, Proof, Snapshot
from engine.store.reconciling import (
    DateCounts,
    Removals,
    apply_removals,
    plan_removals,
    reconcile_snapshot,
)

#: Day 0 of every story, a Monday, and the moment at which its clocks start.
DAY0 = date(2026, 3, 2)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

#: Of the stories, so that syncs ten seconds apart do not overlap.
FENCE = RemovalLimit(settle=timedelta(seconds=2))


def day(n: int) -> date:
    return DAY0 + timedelta(days=n)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def appointment(key: str | int, n: int = 0, start: str = "09:00", minutes: int = 30, **values: Any) -> Appointment:
    """Appointment `key` on day `n`, in UTC, which is the time of every clinic here."""
    starts_at = datetime.combine(day(n), time.fromisoformat(start), UTC)
    ends_at = starts_at + timedelta(minutes=minutes)
    return Appointment(
        str(key), day(n), starts_at.time(), ends_at.time(), starts_at, ends_at,
        **{"patient_name": f"Patient {key}", "room_id": "room-1"} | values,
    )  # fmt: skip


def on(appointment: Appointment, n: int, **values: Any) -> Appointment:
    """The same appointment on another day."""
    shift = day(n) - appointment.date
    moved = replace(
        appointment, date=day(n), starts_at=appointment.starts_at + shift, ends_at=appointment.ends_at + shift
    )
    return replace(moved, **values)


def seconds_of(moment: datetime) -> float:
    return (moment - NOON).total_seconds()


def snapshot(
    n: int, seconds: float, appointments: Iterable[Appointment], left_out: Iterable[LeftOutRecord] = ()
) -> Snapshot:
    seen = tuple(appointments)
    proof = Proof(200, "application/json", "array", len(seen), day(n), day(n))
    return Snapshot(day(n), at(seconds), seen, proof, left_out=tuple(left_out))


class Harness:
    """One clinic in a real database. Every call is a transaction of its own, as it is in the actors."""

    def __init__(self, pool: asyncpg.Pool, clinic: Clinic) -> None:
        self.pool = pool
        self.clinic = clinic

    @classmethod
    async def open(cls, pool: asyncpg.Pool, resources: tuple[str, ...] | None = None) -> Harness:
        key = uuid.uuid4()
        clinic = Clinic(key, f"c-{key.hex[:8]}", f"Clinic {key.hex[:8]}", "UTC", resources=resources)
        await pool.execute(
            "insert into clinics (id, slug, name, timezone, resources) values ($1, $2, $3, $4, $5)",
            clinic.id, clinic.slug, clinic.name, clinic.timezone, resources,
        )  # fmt: skip
        return cls(pool, clinic)

    async def start_sync(self, first: int, last: int) -> UUID:
        sync_id: UUID = await self.pool.fetchval(
            "insert into schedule_syncs (clinic_id, sync_start_date, sync_end_date, status, started_at)"
            " values ($1, $2, $3, 'in_progress', clock_timestamp()) returning id",
            self.clinic.id, day(first), day(last),
        )  # fmt: skip
        await self.pool.executemany(
            "insert into idexx_sync.schedule_sync_dates (sync_id, date, position) values ($1, $2, $3)",
            [(sync_id, day(n), n - first) for n in range(first, last + 1)],
        )
        return sync_id

    async def scrape(self, sync_id: UUID, seen: Snapshot) -> DateCounts:
        """A date was scraped: its snapshot is stored, applied, and the date closed."""
        await self.store(sync_id, seen)
        return await self.reconcile(sync_id, seen)

    async def store(self, sync_id: UUID, seen: Snapshot) -> None:
        await self.pool.execute(
            "insert into idexx_sync.schedule_snapshots (sync_id, date, clinic_id, scraped_at, appointments, proof"
            ", left_out)"
            " values ($1, $2, $3, $4, $5, $6, $7) on conflict (sync_id, date) do update"
            " set scraped_at = excluded.scraped_at, appointments = excluded.appointments,"
            " left_out = excluded.left_out",
            sync_id, seen.date, self.clinic.id, seen.scraped_at,
            json.dumps([a.to_json() for a in seen.appointments]),
            json.dumps(asdict(seen.proof), default=str),
            json.dumps([asdict(record) for record in seen.left_out]),
        )  # fmt: skip

    async def reconcile(self, sync_id: UUID, seen: Snapshot) -> DateCounts:
        async with self.pool.acquire() as connection, connection.transaction():
            counts = await reconcile_snapshot(connection, self.clinic.id, sync_id, seen)
            await self._close(connection, sync_id, seen.date, "reconciled")
            return counts

    async def fail(self, sync_id: UUID, n: int) -> None:
        await self._close(self.pool, sync_id, day(n), "failed")

    async def _close(self, connection: Any, sync_id: UUID, date_: date, status: str) -> None:
        await connection.execute(
            "update idexx_sync.schedule_sync_dates set status = $3 where sync_id = $1 and date = $2",
            sync_id,
            date_,
            status,
        )

    async def verify_removals(self, sync_id: UUID, removal_limit: RemovalLimit = FENCE) -> float | None:
        """From when on the sync's dates are to be read once more, in seconds; None: not at all."""
        async with self.pool.acquire() as connection, connection.transaction():
            plan = await plan_removals(connection, self.clinic.id, sync_id, removal_limit.settle)
            again = verification_at(plan, removal_limit.settle)
            return None if again is None else seconds_of(again)

    async def end(self, sync_id: UUID, removal_limit: RemovalLimit = FENCE) -> Removals:
        async with self.pool.acquire() as connection, connection.transaction():
            plan = await plan_removals(connection, self.clinic.id, sync_id, removal_limit.settle)
            removals = await apply_removals(connection, self.clinic.id, sync_id, plan, removal_limit)
            await connection.execute(
                "update schedule_syncs set status = 'completed', completed_at = clock_timestamp() where id = $1",
                sync_id,
            )
            return removals

    async def sync(
        self, seconds: float, days: Mapping[int, Iterable[Appointment]], removal_limit: RemovalLimit = FENCE
    ) -> UUID:
        """A whole sync: the days in the order given, a second for each, and again where a second look is asked for;
        answers its id."""
        sync_id = await self.start_sync(min(days), max(days))
        await self.look(sync_id, seconds, days)
        await self.look_again(sync_id, days, removal_limit)
        await self.end(sync_id, removal_limit)
        return sync_id

    async def look_again(
        self, sync_id: UUID, days: Mapping[int, Iterable[Appointment]], removal_limit: RemovalLimit = FENCE
    ) -> None:
        """The second look, where one is asked for."""
        if (again := await self.verify_removals(sync_id, removal_limit)) is not None:
            await self.look(sync_id, again, days)

    async def look(self, sync_id: UUID, seconds: float, days: Mapping[int, Iterable[Appointment]]) -> None:
        for step, (n, seen) in enumerate(days.items()):
            await self.scrape(sync_id, snapshot(n, seconds + step, seen))

    async def stored(self) -> dict[str, Appointment]:
        """The rows of the table that are not removed."""
        rows = await self.pool.fetch(
            "select * from schedule_appointments where clinic_id = $1 and deleted_at is null", self.clinic.id
        )
        return {row["neo_appointment_id"]: appointment_of(row) for row in rows}

    async def row_id(self, key: str | int) -> UUID:
        (row,) = await self.pool.fetch(
            "select id from schedule_appointments where clinic_id = $1 and neo_appointment_id = $2",
            self.clinic.id, str(key),
        )  # fmt: skip
        found: UUID = row["id"]
        return found

    async def kinds(self, key: str | int) -> list[str]:
        """The kinds of change that an appointment went through, in order."""
        rows = await self.pool.fetch(
            "select kind from idexx_sync.schedule_appointment_changes where clinic_id = $1 and neo_appointment_id = $2"
            " order by id",
            self.clinic.id, str(key),
        )  # fmt: skip
        return [row["kind"] for row in rows]

    async def row_versions(self) -> dict[str, Any]:
        """Which transaction wrote each row last: equal answers mean that nothing was written."""
        rows = await self.pool.fetch(
            "select neo_appointment_id, xmin::text, ctid::text from schedule_appointments where clinic_id = $1",
            self.clinic.id,
        )
        return {row["neo_appointment_id"]: (row["xmin"], row["ctid"]) for row in rows}

    def dates(self, first: int, last: int) -> DateRange:
        return DateRange(day(first), day(last))


def appointment_of(row: Mapping[str, Any]) -> Appointment:
    return Appointment(**{field: row[field] for field in Appointment.__dataclass_fields__})


def by_key(*appointments: Appointment) -> dict[str, Appointment]:
    return {a.neo_appointment_id: a for a in appointments}
