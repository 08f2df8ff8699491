"""Bookings by telephone: seen in the portal, in conflict with it, or decided by a person.

A booking takes a place until the portal shows it or a person decides. `idexx_sync.slot_counts` counts both; the
functions of the database do the rest, because other programs call them as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from engine.booking import Booking, BookingState, Conflicts
from engine.clinic import Clinic
from engine.dates import DateRange
from engine.errors import UnknownBooking, WrongState
from engine.store.database import Connection
from engine.store.offer_changes import mark_ended_holds
from engine.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True, slots=True)
class Decided:
    """The booking that was decided, and its clinic."""

    id: UUID
    clinic_id: UUID


async def match_bookings(connection: Connection, clinic_id: UUID, dates: DateRange, sync_id: UUID) -> int:
    """Records which bookings of the range the portal shows; returns how many are new."""
    matched: int = await connection.fetchval(SQL["match_bookings"], clinic_id, dates.start, dates.end, sync_id)
    return matched


async def settle_conflicts(connection: Connection, clinic_id: UUID, dates: Iterable[date]) -> Conflicts:
    """Moves or marks the bookings of these dates whose slot the portal has filled, as the clinic has decided."""
    (row,) = await connection.fetch(SQL["settle_conflicts"], clinic_id, list(dates))
    return Conflicts(**row)


async def count_expired(connection: Connection, clinic_id: UUID, dates: DateRange) -> int:
    """The number of bookings of the range whose hold has expired and that nothing has decided."""
    count: int = await connection.fetchval(SQL["count_expired"], clinic_id, dates.start, dates.end)
    return count


async def list_bookings(connection: Connection, clinic: Clinic, *, past: bool = False) -> list[Booking]:
    """The bookings that are not cancelled, from today on or (`past`) of every day, in order."""
    rows = await connection.fetch(SQL["list_bookings"], clinic.id, past)
    return [Booking(**dict(row) | {"state": BookingState(row["state"])}) for row in rows]


async def settle_booking(connection: Connection, booking: str, clinic_id: UUID | None = None) -> Decided:
    """Frees the place of a booking that is in the portal under another name and number.

    Raises `UnknownBooking`, even for a booking of another clinic than `clinic_id`, or `WrongState` if it is
    cancelled.
    """
    found = await _lock(connection, booking, clinic_id)
    await connection.execute(SQL["settle_booking"], found["id"], found["ends"])
    await connection.fetchval(SQL["recount_slots"], found["clinic_id"], found["date"], found["date"])
    return Decided(found["id"], found["clinic_id"])


async def confirm_booking(connection: Connection, booking: str, clinic_id: UUID | None = None) -> Decided:
    """Confirms a booking that is not in the portal yet: it takes its place until the portal shows it. Raises as
    `settle_booking`."""
    found = await _lock(connection, booking, clinic_id)
    await connection.execute(SQL["confirm_booking"], found["id"])
    return Decided(found["id"], found["clinic_id"])


async def release_booking(connection: Connection, booking: str, clinic_id: UUID | None = None) -> Decided:
    """Cancels a booking that is not real. Raises `UnknownBooking`, or `WrongState` if the portal has shown it."""
    found = await _lock(connection, booking, clinic_id)
    if found["state"] == BookingState.SEEN:
        raise WrongState(f"booking {booking} is in the portal; cancel its appointment there")
    await connection.execute(SQL["release_booking"], found["id"])
    return Decided(found["id"], found["clinic_id"])


async def apply_expired_holds(connection: Connection, setting: str, since: float) -> None:
    """Stores the setting `EXPIRED_HOLDS`, recounts the slots of holds that expired in the last `since` seconds, and
    has the offer of their dates compared."""
    changed = await connection.fetchval(SQL["set_expired_holds"], setting)
    if changed or setting == "release":
        await connection.fetchval(SQL["recount_expired"], None if changed else since)
        await mark_ended_holds(connection, earlier=bool(changed))


async def _lock(connection: Connection, booking: str, clinic_id: UUID | None) -> Any:
    """The booking with its row locked."""
    row = await connection.fetchrow(SQL["find_booking"], booking)
    if row is None or clinic_id not in (None, row["clinic_id"]):
        raise UnknownBooking(
            f"booking {booking!r} is not known; give its id or its confirmation number",
            hint="idexx-sync bookings list CLINIC",
        )
    if row["state"] is None:
        raise WrongState(f"booking {booking} is {row['status']}; nothing is left to decide")
    return row
