"""The dates of a sync: dispatched, reconciled, failed. `claims` has what a worker does with one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from engine.dispatch import Span
from engine.events import Event
from engine.failure import Failure
from engine.snapshot import Snapshot
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.syncs import events
from engine.store.syncs.lifecycle import refresh_progress
from engine.store.syncs.snapshots import from_row
from engine.sync import DateState, DateStatus, date_sources
from engine.warnings import SyncWarning

SQL = Queries(__file__)


async def dates_of(connection: Connection, sync_id: UUID) -> list[DateState]:
    """All dates of the sync, in working order."""
    rows = await connection.fetch(SQL["dates_of"], sync_id)
    return [_state(row) for row in rows]


async def dispatch(connection: Connection, sync_id: UUID, span: Span) -> None:
    """Marks that these dates are being sent to a DateScraper."""
    await connection.execute(SQL["dispatch_dates"], sync_id, span.dates, span.first_date)


async def recall_stale(connection: Connection, sync_id: UUID, silent_after: float) -> list[date]:
    """Takes back the dates whose worker has sent no heartbeat for `silent_after` seconds."""
    return [row["date"] for row in await connection.fetch(SQL["recall_stale_dates"], sync_id, silent_after)]


async def scraped_with(connection: Connection, sync_id: UUID, day: date) -> list[date]:
    """The dates that wait to be reconciled and were sent in the same span as `day`."""
    return [row["date"] for row in await connection.fetch(SQL["scraped_with"], sync_id, day)]


async def load_snapshots(connection: Connection, sync_id: UUID, days: Sequence[date]) -> list[Snapshot]:
    """The snapshots of those of the days that wait to be reconciled, by date."""
    return [from_row(row) for row in await connection.fetch(SQL["load_snapshots"], sync_id, days)]


async def snapshots_of(connection: Connection, sync_id: UUID) -> list[Snapshot]:
    """All snapshots of the sync, by date."""
    return [from_row(row) for row in await connection.fetch(SQL["snapshots_of"], sync_id)]


async def look_again(connection: Connection, sync_id: UUID, dates: Sequence[date], at: datetime) -> None:
    """Puts reconciled dates back for a second look, not before `at`; each at most once in a sync."""
    await connection.execute(SQL["look_again"], sync_id, dates, at, date_sources(DateStatus.PENDING))


async def fail(
    connection: Connection, sync_id: UUID, day: date, failure: Failure, token: UUID | None = None
) -> bool:
    """Fails the date for good, whatever worker holds it if `token` is None. False if it was closed before.

    A second look that fails does not fail the date, whose first snapshot is stored: the absences stay unconfirmed.
    """
    row = await connection.fetchrow(
        SQL["fail_date"],
        sync_id,
        day,
        token,
        date_sources(DateStatus.FAILED),
        failure.reason,
        failure.message,
        failure.was_asked,
    )
    if row is None:
        return False
    await refresh_progress(connection, sync_id, day)
    if row["status"] == DateStatus.RECONCILED:
        return True
    await events.record(
        connection,
        sync_id,
        Event.DATE_FAILED,
        day,
        attempt=row["attempts"],
        reason=row["reason"],
        message=row["message"],
        duration_ms=row["duration_ms"],
    )
    return True


@dataclass(frozen=True, slots=True)
class ClosedCounts:
    """What reconciling a date has changed. Removals are not counted here: the end of the sync decides on them."""

    added: int
    updated: int
    unchanged: int


async def complete(connection: Connection, sync_id: UUID, counts: Mapping[date, ClosedCounts]) -> None:
    """Marks scraped dates as reconciled."""
    rows = await connection.fetch(
        SQL["complete_dates"],
        sync_id,
        [DateStatus.SCRAPED],
        list(counts),
        [each.added for each in counts.values()],
        [each.updated for each in counts.values()],
        [each.unchanged for each in counts.values()],
    )
    if not rows:
        return
    closed = {row["date"]: row for row in rows}
    await refresh_progress(connection, sync_id, max(closed))
    done = [
        {
            "date": day.isoformat(),
            "attempt": closed[day]["attempts"],
            "duration_ms": closed[day]["duration_ms"],
            "removed": 0,
            **asdict(counts[day]),
        }
        for day in sorted(closed)
    ]
    await events.record_all(connection, sync_id, Event.DATE_COMPLETED, done)


async def any_open(connection: Connection, sync_id: UUID) -> bool:
    """Whether a date of the sync is neither reconciled nor failed yet."""
    is_open: bool = await connection.fetchval(SQL["any_open"], sync_id)
    return is_open


async def fail_unfinished_dates(connection: Connection, sync_id: UUID) -> None:
    """Marks the sync's unfinished dates as failed, with the reason of their last attempt or `sync_ended`."""
    await connection.execute(SQL["fail_unfinished_dates"], sync_id, date_sources(DateStatus.FAILED))


async def fresh_as_of(
    connection: Connection, clinic_id: UUID, sync_id: UUID, dates: Sequence[DateState]
) -> datetime | None:
    """When the oldest of these dates of the sync was last read; None: one of them never was."""
    oldest: datetime | None = await connection.fetchval(
        SQL["fresh_as_of"], clinic_id, sync_id, [state.date for state in dates]
    )
    return oldest


async def record_removals(connection: Connection, sync_id: UUID, removed: Mapping[date, int]) -> None:
    await connection.execute(SQL["record_removals"], sync_id, list(removed), list(removed.values()))


def _state(row: Any) -> DateState:
    warnings = tuple(SyncWarning.from_json(warning) for warning in json.loads(row["warnings"]))
    return DateState(**dict(row) | {"status": DateStatus(row["status"]), "warnings": warnings})
