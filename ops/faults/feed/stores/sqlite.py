"""SQLite, with aiosqlite."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from idexx_feed.sqlite import SqliteStore

from ops.faults.feed import tables
from ops.faults.feed.stores import Execute

INTEGRITY = sqlite3.IntegrityError


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[tuple[SqliteStore, Execute]]:
    async with aiosqlite.connect(file) as connection:
        for statement in tables.CREATE:
            await connection.execute(statement.format(schema=""))
        await connection.commit()
        yield SqliteStore(connection), _execute


async def _execute(transaction: aiosqlite.Connection, statement: str, values: tuple[Any, ...]) -> None:
    await transaction.execute(statement.format(schema=""), values)
