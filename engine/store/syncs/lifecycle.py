"""The row of a sync: locked, started, ended."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from engine.booking import NO_CONFLICTS, Conflicts
from engine.clinic import Clinic
from engine.dates import DateRange
from engine.errors import UnknownSync
from engine.events import Event
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.syncs import events
from engine.store.webhooks.deliveries import record_delivery
from engine.sync import Limits, Sync, SyncStatus, sources
from engine.sync_reference import LIST_SYNCS
from engine.warnings import SyncWarning

SQL = Queries(__file__)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a sync ends, with the contents of its last event.

    `fresh_as_of`: when the oldest of its open dates was last read; None: one of them never was.
    """

    status: SyncStatus
    partial_success: bool = False
    fresh_as_of: datetime | None = None
    removals_held: int = 0
    slots_created: int = 0
    slots_updated: int = 0
    conflicts: Conflicts = NO_CONFLICTS
    message: str | None = None
    errors: Sequence[Mapping[str, str]] = field(default_factory=tuple)
    plan: Sequence[Mapping[str, Any]] | None = None
    warnings: Sequence[SyncWarning] = ()


async def lock_sync(connection: Connection, sync_id: UUID) -> Sync | None:
    """The sync as it is now, with its row locked until the transaction ends. None if it does not exist."""
    row = await connection.fetchrow(SQL["lock_sync"], sync_id)
    return None if row is None else sync_of(row)


async def lock_sync_of(connection: Connection, clinic: Clinic, sync_id: UUID) -> Sync:
    """As `lock_sync`; raises `UnknownSync`, even for a sync of another clinic."""
    sync = await lock_sync(connection, sync_id)
    if sync is None or sync.clinic_id != clinic.id:
        raise UnknownSync(f"clinic {clinic.slug!r} has no sync {sync_id}", hint=f"{LIST_SYNCS} {clinic.slug}")
    return sync


async def start(connection: Connection, sync_id: UUID, limits: Limits) -> None:
    started = await connection.fetchval(
        SQL["start_sync"], sync_id, limits.sync_timeout, sources(SyncStatus.IN_PROGRESS)
    )
    if started is not None:
        await events.record(connection, sync_id, Event.STARTED)


async def add_warning(connection: Connection, sync_id: UUID, warning: SyncWarning) -> None:
    """Adds a warning about the sync as a whole; a repeated one changes nothing. The end joins them."""
    await connection.execute(SQL["add_warning"], sync_id, json.dumps([warning.to_json()]))


async def warnings_of_sync(connection: Connection, sync_id: UUID) -> list[SyncWarning]:
    """The warnings that `add_warning` added."""
    stored = await connection.fetchval(SQL["warnings_of_sync"], sync_id)
    return [SyncWarning.from_json(warning) for warning in json.loads(stored)]


async def touch(connection: Connection, sync_id: UUID) -> None:
    """Sends a heartbeat for the sync."""
    await connection.execute(SQL["touch_sync"], sync_id)


async def end(connection: Connection, sync_id: UUID, ending: Ending) -> bool:
    """Ends the sync and records its last event and its webhook's delivery. False if it had ended before."""
    ended = await connection.fetchval(
        SQL["end_sync"],
        sync_id,
        ending.status,
        sources(ending.status),
        ending.partial_success,
        ending.message,
        json.dumps(list(ending.errors)),
        ending.removals_held,
        ending.slots_created,
        ending.slots_updated,
        None if ending.plan is None else json.dumps(list(ending.plan), default=str),
        json.dumps([warning.to_json() for warning in ending.warnings]),
        ending.fresh_as_of,
        ending.conflicts.detected,
        ending.conflicts.resolved,
    )
    if ended is None:
        return False
    row = await connection.fetchrow(SQL["get_sync"], sync_id)
    sync = sync_of(row)
    await events.record(
        connection,
        sync_id,
        Event(ending.status),
        partial_success=sync.partial_success,
        removals_held=sync.removals_held,
        stats=sync.stats,
        duration_ms=sync.duration_ms,
        errors=list(ending.errors),
        message=ending.message,
        warnings=[warning.public() for warning in ending.warnings],
    )
    await record_delivery(connection, sync_id)
    return True


async def settle_held(connection: Connection, sync_id: UUID, removed: int) -> None:
    """Records a person's decision about the sync's held removals; `removed` of them were carried out."""
    await connection.execute(SQL["settle_held"], sync_id, removed)


async def recount_held(connection: Connection, clinic_id: UUID) -> None:
    """Recounts the held removals of the clinic's syncs: some may be seen again, or decided with another sync."""
    await connection.execute(SQL["recount_held"], clinic_id)


async def refresh_progress(connection: Connection, sync_id: UUID, day: date) -> None:
    """Updates the sync's counts of done and failed dates; `day` is the one just closed."""
    await connection.execute(SQL["refresh_progress"], sync_id, day)


def sync_of(row: Any) -> Sync:
    details = row["error_details"]
    return Sync(
        id=row["id"],
        clinic_id=row["clinic_id"],
        clinic=row["clinic"],
        dates=DateRange(row["sync_start_date"], row["sync_end_date"]),
        status=SyncStatus(row["status"]),
        dates_total=row["dates_total"],
        dates_done=row["dates_done"],
        failed_dates=tuple(row["failed_dates"]),
        partial_success=row["partial_success"],
        removals_held=row["removals_held"],
        progress_percentage=row["progress_percentage"],
        error_message=row["error_message"],
        error_details=None if details is None else json.loads(details),
        started_at=row["started_at"],
        completed_at=row["completed_at"],
        deadline_at=row["deadline_at"],
        created_at=row["created_at"],
        heartbeat_at=row["heartbeat_at"],
        duration_ms=row["duration_ms"],
        dry_run=row["dry_run"],
        warnings=tuple(SyncWarning.from_json(warning) for warning in json.loads(row["warnings"])),
        plan=None if row["plan"] is None else json.loads(row["plan"]),
        stats={
            name: row[name]
            for name in (
                "appointments_added",
                "appointments_updated",
                "appointments_removed",
                "slots_created",
                "slots_updated",
                "conflicts_detected",
                "conflicts_resolved",
            )
        },
    )
