"""Decides in one transaction which syncs run, wait or are refused, however many gateways run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from engine.admission import ClinicLoad, check_admission
from engine.dates import DateRange
from engine.errors import UnknownClinic
from engine.events import Event
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.syncs import events
from engine.store.syncs.lifecycle import start
from engine.sync import Limits, SyncRequest, SyncStatus

SQL = Queries(__file__)


@dataclass(frozen=True, slots=True)
class Admission:
    """An admitted sync. `position`: 0 if it runs, 1 if it is next to start. `is_new`: not a repeated request."""

    sync_id: UUID
    status: SyncStatus
    position: int
    is_new: bool = True


async def admit(connection: Connection, request: SyncRequest, order: Sequence[date], limits: Limits) -> Admission:
    """Stores the sync, started or queued, with its dates in the working `order`.

    A repeated request id returns its sync. Raises `QueueFull`, or `UnknownClinic` if the clinic has just been
    removed; then nothing is stored.
    """
    if await connection.fetchval(SQL["lock_clinic_row"], request.clinic_id) is None:
        raise UnknownClinic("the clinic has just been removed", hint="idexx-sync clinic list")
    if request.request_id and (seen := await _find(connection, request.clinic_id, request.request_id)):
        return seen
    check_admission(await _load(connection, request.clinic_id), limits)
    sync_id = await connection.fetchval(
        SQL["insert_sync"],
        request.clinic_id,
        request.dates.start,
        request.dates.end,
        request.request_id,
        request.dry_run,
        list(order),
    )
    start, end = request.dates.start.isoformat(), request.dates.end.isoformat()
    await events.record(connection, sync_id, Event.ACCEPTED, start_date=start, end_date=end)
    if sync_id in await start_waiting(connection, request.clinic_id, limits):
        return Admission(sync_id, SyncStatus.IN_PROGRESS, 0)
    position = await connection.fetchval(SQL["queue_position"], sync_id)
    await events.record(connection, sync_id, Event.QUEUED, position=position)
    return Admission(sync_id, SyncStatus.QUEUED, position)


async def start_waiting(connection: Connection, clinic_id: UUID, limits: Limits) -> list[UUID]:
    """Starts the clinic's oldest queued syncs, as far as places are free. The clinic's row must be locked."""
    waiting = await connection.fetch(SQL["waiting"], clinic_id, limits.concurrent_syncs)
    for row in waiting:
        await start(connection, row["id"], limits)
    return [row["id"] for row in waiting]


async def lock_clinic_row(connection: Connection, clinic_id: UUID) -> None:
    await connection.execute(SQL["lock_clinic_row"], clinic_id)


async def find_covering(
    connection: Connection, clinic_id: UUID, dates: DateRange, request_id: str | None = None
) -> UUID | None:
    """A queued or running sync that covers these dates and was not made by this request; None if there is none.

    With the clinic's row locked, none can be admitted in between.
    """
    found: UUID | None = await connection.fetchval(
        SQL["find_covering"], clinic_id, dates.start, dates.end, request_id
    )
    return found


async def need_attention(connection: Connection, limits: Limits, silent_after: float) -> list[UUID]:
    """Syncs that are overdue, silent for `silent_after` seconds, or queued although a place is free."""
    rows = await connection.fetch(SQL["need_attention"], limits.concurrent_syncs, silent_after)
    return [row["id"] for row in rows]


async def _find(connection: Connection, clinic_id: UUID, request_id: str) -> Admission | None:
    row = await connection.fetchrow(SQL["find_request"], clinic_id, request_id)
    if row is None:
        return None
    position = await connection.fetchval(SQL["queue_position"], row["id"])
    return Admission(row["id"], SyncStatus(row["status"]), position, is_new=False)


async def _load(connection: Connection, clinic_id: UUID) -> ClinicLoad:
    row = await connection.fetchrow(SQL["clinic_load"], clinic_id)
    assert row is not None  # an aggregate always returns a row  # noqa: S101
    return ClinicLoad(row["running"], row["queued"], row["typical_seconds"], row["oldest_seconds"])
