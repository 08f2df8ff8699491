"""SQLite, with SQLAlchemy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy.exc
from idexx_feed.sqlalchemy import SqlalchemyStore
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from ops.faults.feed import tables
from ops.faults.feed.stores import Execute

INTEGRITY = sqlalchemy.exc.IntegrityError


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[tuple[SqlalchemyStore, Execute]]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{file}")
    async with engine.begin() as transaction:
        for statement in tables.CREATE:
            await transaction.exec_driver_sql(statement.format(schema=""))
    yield SqlalchemyStore(engine), _execute
    await engine.dispose()


async def _execute(transaction: AsyncConnection, statement: str, values: tuple[Any, ...]) -> None:
    await transaction.exec_driver_sql(statement.format(schema=""), values)
