"""Repeating records in the database: one row for each occurrence, under an id of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from engine.appointment import Appointment
from engine.repeating import as_occurrence, is_occurrence, portal_id
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)

_FIELDS = frozenset(Appointment.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Undecided:
    """Dates of a sync that show ids which others of its dates show as well, all of them since `shown_since`."""

    dates: Sequence[date]
    shown_since: datetime


async def repeating_ids(connection: Connection, clinic_id: UUID) -> frozenset[str]:
    """The portal's ids that are stored as occurrences."""
    repeating = await connection.fetchval(SQL["known_repeating"], clinic_id)
    return frozenset(repeating or ())


async def found_repeating(
    connection: Connection, clinic_id: UUID, look: Any, seen: Collection[str], settle: timedelta
) -> set[str]:
    """The ids seen on a date that repeat and are not stored as occurrences yet. `look` is the stored state."""
    found = {portal_id(key) for key in seen if is_occurrence(key)} - set(look["repeating"] or ())
    if contested := [key for key in look["contested"] or () if key in seen]:
        rows = await connection.fetch(SQL["repeating_ids"], clinic_id, contested, settle)
        found |= {row["id"] for row in rows}
    return found


async def split(
    connection: Connection,
    clinic_id: UUID,
    portal_ids: Collection[str],
    add: Callable[[datetime, Appointment], Awaitable[None]],
) -> None:
    """Renames the row of each id to its occurrence, and has a row added for each other place that shows the id."""
    rows = await connection.fetch(SQL["rows_of_ids"], clinic_id, portal_ids)
    if rows:
        named = [as_occurrence(appointment_of(row)) for row in rows]
        await connection.execute(
            SQL["rename_rows"],
            clinic_id,
            [row["id"] for row in rows],
            [one.neo_appointment_id for one in named],
            [one.sync_hash for one in named],
        )
    for place in await connection.fetch(SQL["take_sightings"], clinic_id, portal_ids):
        await add(place["scraped_at"], as_occurrence(appointment_of(place)))


async def undecided(connection: Connection, clinic_id: UUID, sync_id: UUID) -> Undecided | None:
    """The dates to read once more, since what they show may be a move or a repetition."""
    rows = await connection.fetch(SQL["undecided"], clinic_id, sync_id)
    if not rows:
        return None
    dates = {day for row in rows for day in (row["date"], row["other_date"])}
    return Undecided(sorted(dates), max(row["shown_since"] for row in rows))


async def is_undecided(connection: Connection, clinic_id: UUID, sync_id: UUID, day: date) -> bool:
    """Whether two reads of this date and of others leave undecided whether an id moves or repeats."""
    answer: bool = await connection.fetchval(SQL["is_undecided"], clinic_id, sync_id, day)
    return answer


def appointment_of(row: Any) -> Appointment:
    """The appointment of a table row, or of a second sighting."""
    return Appointment(**{name: value for name, value in row.items() if name in _FIELDS})
