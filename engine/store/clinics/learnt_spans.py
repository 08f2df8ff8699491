"""Remembers how many days of the calendar a clinic's portal answers in one call."""

from __future__ import annotations

from uuid import UUID

from engine.spans import LearntSpan
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


async def remember_span(connection: Connection, clinic_id: UUID, days: int) -> None:
    await connection.execute(SQL["remember_span"], clinic_id, days)


async def learnt_span(connection: Connection, clinic_id: UUID) -> LearntSpan | None:
    """None: no range that was asked for has failed or was cut off."""
    row = await connection.fetchrow(SQL["learnt_span"], clinic_id)
    return None if row is None else LearntSpan(row["span_days"], row["span_learnt_at"])
