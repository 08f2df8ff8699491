"""Reads PostgreSQL for the demo's tables and its check."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


async def stored_appointments(connection: Connection, slug: str, start: date, end: date) -> list[Any]:
    """Returns the appointments of these days (both inclusive), with all fields."""
    return await connection.fetch(SQL["stored_appointments"], slug, start, end)


async def stored_days(connection: Connection, slug: str, start: date, end: date) -> list[Any]:
    """Returns, for each day, its appointments, blocks, and free and taken slots."""
    return await connection.fetch(SQL["stored_days"], slug, start, end)


async def stored_changes(connection: Connection, sync_ids: Sequence[str]) -> list[Any]:
    """Returns the changes of these syncs, with the patient's name and the times before and after."""
    return await connection.fetch(SQL["stored_changes"], sync_ids)
