"""Changes of what clinics offer, published after the commit.

Triggers of the database mark the dates that a transaction touches, and compare them with the stored offer when it
commits (migration 0031): other programs write bookings and rules as well. What is left to a process is here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from typing import Any
from uuid import UUID

from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


async def clinics_to_compare(connection: Connection) -> list[UUID]:
    """Clinics with dates that two transactions touched at the same time, or whose comparison has failed."""
    return [row["clinic_id"] for row in await connection.fetch(SQL["clinics_to_compare"])]


async def compare_offer(connection: Connection, clinic_id: UUID) -> None:
    """Compares the clinic's marked dates with the stored offer, and records the changes."""
    await connection.execute(SQL["compare_offer"], clinic_id)


async def mark_ended_holds(connection: Connection, *, earlier: bool) -> None:
    """Has the dates compared on which holds have ended since the last comparison; `earlier`: or before it."""
    await connection.execute(SQL["mark_ended_holds"], earlier)


async def unpublished_offers(connection: Connection, clinic_id: UUID, limit: int) -> list[Any]:
    """Rows of the changes to publish, in order; ids and times only."""
    return await connection.fetch(SQL["unpublished_offers"], clinic_id, limit)


async def mark_offers_published(connection: Connection, changes: Sequence[Any]) -> None:
    await connection.execute(SQL["mark_offers_published"], [row["id"] for row in changes])


async def offers_of_date(
    connection: Connection, clinic_id: UUID, day: date, at: time | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """The changes of what a clinic offered on a date, or at one time of it, newest first."""
    return [dict(row) for row in await connection.fetch(SQL["offers_of_date"], clinic_id, day, at, limit)]
