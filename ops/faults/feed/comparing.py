"""Compares what consumers hold with what the clinics hold."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.store.database import Connection
from engine.store.queries import Queries
from ops.faults.feed import tables
from ops.faults.feed.stores import SCHEMA

SQL = Queries(__file__)


@dataclass(frozen=True, slots=True)
class Held:
    """The appointments of a clinic by their ids, and the columns of each start that is offered."""

    appointments: Mapping[str, tuple[str | None, ...]]
    starts: Mapping[datetime, str]

    def differences(self, other: Held, now: datetime) -> list[str]:
        """What differs, in words without values; starts before `now` do not count."""
        lines = [
            f"appointment {key}: {other.appointments.get(key)} instead of {self.appointments.get(key)}"
            for key in sorted({*self.appointments, *other.appointments})
            if self.appointments.get(key) != other.appointments.get(key)
        ]
        return lines + [
            f"start {at.isoformat()}: {other.starts.get(at, '0')} columns instead of {self.starts.get(at, '0')}"
            for at in sorted({*self.starts, *other.starts})
            if at >= now and self.starts.get(at) != other.starts.get(at)
        ]


async def held_by_clinic(connection: Connection, clinic: str, now: datetime) -> Held:
    """What `schedule_appointments` and the offer hold."""
    appointments = await connection.fetch(SQL["true_appointments"], clinic)
    starts = await connection.fetch(SQL["true_starts"], clinic, now)
    return Held(
        {row["id"]: tuple(row.values())[1:] for row in appointments},
        {row["starts_at"]: str(row["column_count"]) for row in starts},
    )


async def held_in_postgres(connection: Connection, clinic: str) -> Held:
    """What the consumer whose store is PostgreSQL holds."""
    appointments = await connection.fetch(_numbered(tables.READ_APPOINTMENTS), clinic)
    starts = await connection.fetch(_numbered(tables.READ_STARTS), clinic)
    return Held(
        {row["id"]: tuple(row.values())[1:] for row in appointments},
        {datetime.fromisoformat(row["starts_at"]): row["columns"] for row in starts},
    )


async def applied_in_postgres(connection: Connection) -> int:
    found: int = await connection.fetchval(_numbered(tables.COUNT_APPLIED))
    return found


def held_in_files(of_appointments: Path, of_starts: Path, clinic: str) -> Held:
    """What a consumer whose store is SQLite holds."""
    return Held(
        {key: tuple(rest) for key, *rest in _read(of_appointments, tables.READ_APPOINTMENTS, clinic)},
        {datetime.fromisoformat(at): columns for at, columns in _read(of_starts, tables.READ_STARTS, clinic)},
    )


def applied_in_files(*files: Path) -> int:
    return sum(int(count) for file in files for (count,) in _read(file, tables.COUNT_APPLIED))


def _read(file: Path, statement: str, *values: str) -> list[tuple[str, ...]]:
    database = sqlite3.connect(file)
    try:
        # A consumer that was killed before its first start ended has no tables.
        has_tables = database.execute("select 1 from sqlite_master where name = 'applied'").fetchall()
        return database.execute(statement.format(schema=""), values).fetchall() if has_tables else []
    finally:
        database.close()


def _numbered(statement: str) -> str:
    return statement.format(schema=f"{SCHEMA}.").replace("?", "$1")
