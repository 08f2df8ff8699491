"""Read-only queries of syncs."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from engine.errors import BadRequest, UnknownSync
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.syncs.lifecycle import sync_of
from engine.sync import Sync
from engine.sync_reference import LIST_SYNCS, id_range, no_such_sync, several_syncs

SQL = Queries(__file__)


async def get_sync(connection: Connection, sync_id: UUID, clinic_id: UUID | None = None) -> Sync:
    """The sync. Raises `UnknownSync`, even for a sync of another clinic than `clinic_id`."""
    row = await connection.fetchrow(SQL["get_sync"], sync_id)
    if row is None or clinic_id not in (None, row["clinic_id"]):
        raise UnknownSync(f"sync {sync_id} does not exist; give the id of a stored sync", hint=LIST_SYNCS)
    return sync_of(row)


async def find_by_start(connection: Connection, start: str, clinic_id: UUID | None = None) -> Sync:
    """The only sync whose id begins with `start`; with `clinic_id`, among that clinic's. Raises `UnknownSync`, or
    `BadRequest` if there are several."""
    ids = id_range(start)
    rows = await connection.fetch(SQL["find_by_start"], *ids, clinic_id) if ids else []
    if not rows:
        raise UnknownSync(no_such_sync(start), hint=LIST_SYNCS)
    if len(rows) > 1:
        raise BadRequest(several_syncs(start))
    return sync_of(rows[0])


async def clinic_of(connection: Connection, sync_id: UUID) -> str | None:
    """The slug of the sync's clinic; None if there is no such sync."""
    slug: str | None = await connection.fetchval(SQL["clinic_of"], sync_id)
    return slug


async def list_syncs(
    connection: Connection,
    clinic_id: UUID | None,
    limit: int = 20,
    *,
    since: timedelta | None = None,
    failed: bool = False,
) -> list[Sync]:
    """The latest syncs, newest first; of all clinics if `clinic_id` is None. `since`: requested or ended within this
    time; `failed`: only those that failed, timed out, or left dates out."""
    return [sync_of(row) for row in await connection.fetch(SQL["list_syncs"], clinic_id, limit, since, failed)]


async def live_syncs(connection: Connection, clinic_id: UUID | None, latest: int) -> list[Sync]:
    """Every sync that runs or waits, and the `latest` others; newest first."""
    return [sync_of(row) for row in await connection.fetch(SQL["live_syncs"], clinic_id, latest)]


async def attempts_of_date(
    connection: Connection, clinic_id: UUID, day: date, limit: int = 20
) -> list[dict[str, Any]]:
    """What the clinic's latest syncs did with the date, newest first."""
    return [dict(row) for row in await connection.fetch(SQL["attempts_of_date"], clinic_id, day, limit)]


async def queue_position(connection: Connection, sync_id: UUID) -> int:
    """1 is the next to start; 0 for a sync that does not wait."""
    position: int = await connection.fetchval(SQL["queue_position"], sync_id)
    return position


async def database_time(connection: Connection) -> datetime:
    """The database's clock, which orders everything: now, not at the start of the transaction."""
    now: datetime = await connection.fetchval("select clock_timestamp()")
    return now


async def freshness(connection: Connection, clinic_id: UUID) -> dict[str, Any]:
    """The clinic's freshness: when it was last in line with the portal, its age in seconds, and any obstacle."""
    row = await connection.fetchrow(SQL["freshness"], clinic_id)
    return {} if row is None else dict(row)
