"""What PostgreSQL holds, for the demo's tables and its check."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


async def stored_appointments(connection: Connection, slug: str, start: date, end: date) -> list[Any]:
    """What stands in the calendar on these days (both inclusive), with every field."""
    return await connection.fetch(SQL["stored_appointments"], slug, start, end)


async def stored_days(connection: Connection, slug: str, start: date, end: date) -> list[Any]:
    """For each day: appointments, blocks, and slots free and taken."""
    return await connection.fetch(SQL["stored_days"], slug, start, end)


async def stored_changes(connection: Connection, sync_ids: Sequence[str]) -> list[Any]:
    """What these syncs changed, with the name of the patient and its times before and after."""
    return await connection.fetch(SQL["stored_changes"], sync_ids)
