"""The reconciliation methods to compare: `PLANS`, each prepared outside the measured time.

All take the same appointments as Python objects, and hash each appointment they compare once, with the same
function.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from operator import attrgetter
from typing import TypeAlias
from uuid import UUID

from engine.appointment import Appointment
from engine.snapshot import Proof, Snapshot
from engine.store.database import Connection
from engine.store.reconciling import reconcile_snapshot

FIRST_DAY = date(2026, 3, 2)
COLUMNS = tuple(field.name for field in fields(Appointment))
_values = attrgetter(*COLUMNS)

#: How many rows the old system inserted per statement.
HUNDRED = 100

Rows: TypeAlias = Sequence[Appointment]
Work: TypeAlias = Callable[[], Awaitable[object]]
Plan: TypeAlias = Callable[[Connection, UUID, Rows], Awaitable[Work]]


def make_rows(count: int, days: int, first_day: date = FIRST_DAY) -> list[Appointment]:
    return [_make_row(n, first_day + timedelta(days=n % days)) for n in range(count)]


def _make_row(n: int, day: date) -> Appointment:
    starts_at = datetime.combine(day, time(8 + n % 10, n % 4 * 15), UTC)
    ends_at = starts_at + timedelta(minutes=30)
    return Appointment(
        neo_appointment_id=f"{day:%y%m%d}-{n}",
        date=day,
        start_time=starts_at.time(),
        end_time=ends_at.time(),
        starts_at=starts_at,
        ends_at=ends_at,
        patient_name=f"Patient {n}",
        client_name=f"Client {n}",
        client_phone="+15550100000",
        client_phone_raw="(555) 010-0000",
        provider_name=f"Provider {n % 5}",
        room_id=f"room-{n % 3}",
        appointment_type="Examination",
        notes="A note of the usual length",
    )


def change(rows: Rows, percent: float, note: str = "Another note") -> list[Appointment]:
    """Returns `percent` of the rows, evenly spread, with a different note and status."""
    wanted = round(len(rows) * percent / 100)
    step = len(rows) / wanted if wanted else 0
    picked = {int(n * step) for n in range(wanted)}
    return [replace(row, notes=note, status="confirmed") if n in picked else row for n, row in enumerate(rows)]


async def copy_rows(connection: Connection, clinic_id: UUID, rows: Rows) -> None:
    await connection.copy_records_to_table(
        "schedule_appointments",
        columns=["clinic_id", "sync_hash", *COLUMNS],
        records=[(clinic_id, row.sync_hash, *_values(row)) for row in rows],
    )


async def add_clinic(connection: Connection) -> UUID:
    clinic_id: UUID = await connection.fetchval(
        "insert into clinics (name, slug) select n, n from (select gen_random_uuid()::text as n) random returning id"
    )
    return clinic_id


async def ours(connection: Connection, clinic_id: UUID, rows: Rows) -> Work:
    return partial(_ours, connection, clinic_id, list(_snapshots(rows)))


async def _ours(connection: Connection, clinic_id: UUID, snapshots: Sequence[Snapshot]) -> None:
    sync_id = uuid.uuid4()
    for snapshot in snapshots:
        async with connection.transaction():
            await reconcile_snapshot(connection, clinic_id, sync_id, snapshot)


def _by_day(rows: Rows) -> Mapping[date, list[Appointment]]:
    by_day: dict[date, list[Appointment]] = {}
    for row in rows:
        by_day.setdefault(row.date, []).append(row)
    return by_day


def _snapshots(rows: Rows) -> Iterable[Snapshot]:
    for day, seen in _by_day(rows).items():
        proof = Proof(200, "application/json", "array", len(seen), day, day)
        yield Snapshot(day, datetime.now(UTC), tuple(seen), proof)


async def old(connection: Connection, clinic_id: UUID, rows: Rows) -> Work:
    return partial(_old, connection, clinic_id, _by_day(rows))


async def old_in_one_transaction(connection: Connection, clinic_id: UUID, rows: Rows) -> Work:
    return partial(_old_in_one_transaction, connection, clinic_id, _by_day(rows))


async def _old_in_one_transaction(connection: Connection, clinic_id: UUID, by_day: Mapping[date, Rows]) -> None:
    async with connection.transaction():
        await _old(connection, clinic_id, by_day)


async def _old(connection: Connection, clinic_id: UUID, by_day: Mapping[date, Rows]) -> None:
    for day, rows in by_day.items():
        await _old_date(connection, clinic_id, day, rows)


async def _old_date(connection: Connection, clinic_id: UUID, day: date, rows: Rows) -> None:
    stored = await connection.fetch(
        "select id, neo_appointment_id, sync_hash from schedule_appointments"
        " where clinic_id = $1 and date = $2 and deleted_at is null",
        clinic_id,
        day,
    )
    known = {row["neo_appointment_id"]: (row["id"], row["sync_hash"]) for row in stored}
    fresh, changed = [], []
    for row in rows:
        row_id, stored_hash = known.get(row.neo_appointment_id, (None, None))
        sync_hash = row.sync_hash
        if row_id is None:
            fresh.append((row, sync_hash))
        elif stored_hash != sync_hash:
            changed.append((row_id, row, sync_hash))
    for start in range(0, len(fresh), HUNDRED):
        await _insert_hundred(connection, clinic_id, fresh[start : start + HUNDRED])
    await _update_one_by_one(connection, changed)


async def _insert_hundred(
    connection: Connection, clinic_id: UUID, rows: Sequence[tuple[Appointment, str]]
) -> None:
    names = ("clinic_id", "sync_hash", *COLUMNS)
    width = len(names)
    places = ",".join(
        "(" + ",".join(f"${line * width + n + 1}" for n in range(width)) + ")" for line in range(len(rows))
    )
    values = [value for row, sync_hash in rows for value in (clinic_id, sync_hash, *_values(row))]
    await connection.execute(f"insert into schedule_appointments ({','.join(names)}) values {places}", *values)  # noqa: S608


_SETS = ",".join(f"{name} = ${n + 3}" for n, name in enumerate(COLUMNS))
_UPDATE = f"update schedule_appointments set sync_hash = $2, {_SETS} where id = $1"  # noqa: S608


async def _update_one_by_one(connection: Connection, changed: Sequence[tuple[UUID, Appointment, str]]) -> None:
    for row_id, row, sync_hash in changed:
        await connection.execute(_UPDATE, row_id, sync_hash, *_values(row))


async def copy(connection: Connection, _clinic_id: UUID, rows: Rows) -> Work:
    """Prepares a COPY into a separate, empty clinic."""
    return partial(copy_rows, connection, await add_clinic(connection), rows)


PLANS: Mapping[str, Plan] = {
    "ours": ours,
    "old": old,
    "old, one transaction": old_in_one_transaction,
    "copy": copy,
}
