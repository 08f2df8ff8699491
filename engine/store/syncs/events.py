"""A sync's events, numbered 1, 2, 3 … without a gap, and published after the commit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from engine.events import Event
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)

#: How long a publisher may hold a clinic's feed between two statements, in seconds: far longer than NATS takes to
#: store a batch.
FROZEN_AFTER = 300.0


async def record(
    connection: Connection, sync_id: UUID, event: Event, day: date | None = None, **details: Any
) -> None:
    """Appends the sync's next event. `details` are published: ids, counts, reasons, never a name."""
    await record_all(connection, sync_id, event, [details if day is None else details | {"date": day.isoformat()}])


async def record_all(
    connection: Connection, sync_id: UUID, event: Event, details: Sequence[Mapping[str, Any]]
) -> None:
    """Appends one event for each of the details, in their order, by one statement."""
    if details:
        await connection.execute(SQL["record_events"], sync_id, event, [json.dumps(each) for each in details])


async def events_after(connection: Connection, sync_id: UUID, seq: int, limit: int = 1000) -> list[dict[str, Any]]:
    """The sync's events after number `seq`, in order, at most `limit` of them."""
    return [json.loads(row["payload"]) for row in await connection.fetch(SQL["events_after"], sync_id, seq, limit)]


async def lock_feed(connection: Connection, clinic_id: UUID) -> None:
    """Locks the clinic's events until the transaction ends: no other process publishes them."""
    await connection.execute(SQL["lock_feed"], clinic_id, str(round(FROZEN_AFTER * 1000)))


async def unpublished_events(connection: Connection, clinic_id: UUID, limit: int) -> list[Any]:
    """Rows with sync_id, seq, event, payload (JSON text) and the clinic's slug, in the order to publish."""
    return await connection.fetch(SQL["unpublished_events"], clinic_id, limit)


async def mark_events_published(connection: Connection, events: Sequence[Any]) -> None:
    await connection.execute(
        SQL["mark_events_published"], [row["sync_id"] for row in events], [row["seq"] for row in events]
    )


async def unpublished_changes(connection: Connection, clinic_id: UUID, limit: int) -> list[Any]:
    """Rows of the appointment feed, reduced to ids, dates and times."""
    return await connection.fetch(SQL["unpublished_changes"], clinic_id, limit)


async def mark_changes_published(connection: Connection, changes: Sequence[Any]) -> None:
    await connection.execute(SQL["mark_changes_published"], [row["id"] for row in changes])


async def clinics_with_unpublished(connection: Connection) -> list[UUID]:
    return [row["clinic_id"] for row in await connection.fetch(SQL["clinics_with_unpublished"])]
