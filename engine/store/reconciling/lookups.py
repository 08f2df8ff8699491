"""The appointments that a sync has the portal asked for by their ids, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.lookups import Lookup, LookupOutcome
from engine.removals import MissingAppointment
from engine.repeating import portal_id
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)

#: How long a portal that lacks the call for one appointment is not asked again.
ASK_AGAIN_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class AskedLookup:
    """A look-up of a sync. `lookup` None: the portal has not been asked yet."""

    appointment_id: UUID
    portal_id: str
    asked_at: datetime
    lookup: Lookup | None = None


async def request_lookups(
    connection: Connection, sync_id: UUID, appointments: Sequence[MissingAppointment]
) -> None:
    """Has the appointments looked up; those that the sync has looked up before are left out."""
    await connection.execute(
        SQL["request_lookups"],
        sync_id,
        [each.id for each in appointments],
        [portal_id(each.neo_appointment_id) for each in appointments],
    )


async def lookups_of(connection: Connection, sync_id: UUID) -> list[AskedLookup]:
    """All look-ups of the sync, in a fixed order. The times are in the clinic's zone."""
    rows = await connection.fetch(SQL["lookups_of"], sync_id)
    return [AskedLookup(row["appointment_id"], row["portal_id"], row["asked_at"], _lookup(row)) for row in rows]


async def record_lookups(connection: Connection, sync_id: UUID, found: Mapping[str, Lookup]) -> None:
    """Stores the answers by the portal's ids. Open look-ups without an answer become unknown."""
    await connection.execute(
        SQL["record_lookups"],
        sync_id,
        list(found),
        [each.outcome for each in found.values()],
        [each.reason for each in found.values()],
        [each.starts_at for each in found.values()],
        [each.ends_at for each in found.values()],
    )


async def lacks_lookup_of_sync(connection: Connection, sync_id: UUID) -> bool:
    """Whether the portal of the sync's clinic was found, not long ago, to lack the call for one appointment."""
    found: bool = await connection.fetchval(SQL["lacks_lookup_of_sync"], sync_id, ASK_AGAIN_AFTER)
    return found


async def note_lacks_lookup(connection: Connection, clinic_id: UUID) -> None:
    await connection.execute(SQL["note_lacks_lookup"], clinic_id)


async def known_id(connection: Connection, sync_id: UUID) -> str | None:
    """An id that the sync has just seen in the portal's calendar."""
    seen: str | None = await connection.fetchval(SQL["known_id"], sync_id)
    return None if seen is None else portal_id(seen)


async def add_extra_calls(connection: Connection, sync_id: UUID, calls: int) -> None:
    if calls:
        await connection.execute(SQL["add_extra_calls"], sync_id, calls)


async def reserve_extra_calls(connection: Connection, sync_id: UUID, limit: int, calls: int) -> tuple[bool, int]:
    """Takes calls from the limit of the sync, all or none; returns whether it did, and how many the sync has used."""
    row = await connection.fetchrow(SQL["reserve_extra_calls"], sync_id, calls, limit)
    return (False, limit) if row is None else (row["is_taken"], row["made"])


async def extra_calls_of(connection: Connection, sync_id: UUID) -> int:
    made: int = await connection.fetchval(SQL["extra_calls_of"], sync_id)
    return made


def _lookup(row: Any) -> Lookup | None:
    if row["outcome"] is None:
        return None
    zone = ZoneInfo(row["timezone"])
    times = [None if row[name] is None else row[name].astimezone(zone) for name in ("starts_at", "ends_at")]
    return Lookup(LookupOutcome(row["outcome"]), row["reason"], *times)
