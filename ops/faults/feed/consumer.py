"""A consumer of a fault run, as a program of its own: `python -m ops.faults.feed.consumer sqlite FOLDER CLINIC…`.

It follows appointments and offer of each clinic, one task and one transaction at a time for each. With
IDEXX_FEED_DEATHS it kills itself at some of the worst moments: before and after a commit. It knows nothing of
idexx-sync but the address of NATS.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import asyncpg
import sqlalchemy.exc
from idexx_feed import AppointmentBatch, Feed, FeedError, OfferBatch, OfferFeed, Store, Unavailable
from idexx_feed.asyncpg import AsyncpgStore
from idexx_feed.sqlalchemy import SqlalchemyStore
from idexx_feed.sqlite import SqliteStore
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from ops.faults.feed import tables

#: The schema of a consumer whose store is PostgreSQL.
SCHEMA = "consumer"

#: The exit status of a consumer that has done something wrong; with others it is started again.
WRONG = 3

_INTEGRITY = (sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError, sqlalchemy.exc.IntegrityError)

#: Executes a statement of `tables` in a transaction.
Execute = Callable[[Any, str, tuple[Any, ...]], Awaitable[object]]


@asynccontextmanager
async def opened(kind: str, file: Path) -> AsyncIterator[tuple[Store[Any], Execute]]:
    """Opens a store with its tables."""
    if kind == "asyncpg":
        async with asyncpg.create_pool(os.environ["CONSUMER_DATABASE_URL"], min_size=1, max_size=2) as pool:
            yield AsyncpgStore(pool, f"{SCHEMA}.idexx_feed_cursors"), _with_asyncpg
    elif kind == "sqlite":
        async with aiosqlite.connect(file) as connection:
            await _create(lambda statement: connection.execute(statement))
            await connection.commit()
            yield SqliteStore(connection), _with_sqlite
    else:
        engine = create_async_engine(f"sqlite+aiosqlite:///{file}")
        async with engine.begin() as transaction:
            await _create(transaction.exec_driver_sql)
        yield SqlalchemyStore(engine), _with_sqlalchemy
        await engine.dispose()


async def _create(execute: Callable[[str], Awaitable[object]]) -> None:
    for statement in tables.CREATE:
        await execute(statement.format(schema=""))


async def _with_sqlite(transaction: aiosqlite.Connection, statement: str, values: tuple[Any, ...]) -> None:
    await transaction.execute(statement.format(schema=""), values)


async def _with_sqlalchemy(transaction: AsyncConnection, statement: str, values: tuple[Any, ...]) -> None:
    await transaction.exec_driver_sql(statement.format(schema=""), values)


async def _with_asyncpg(transaction: Any, statement: str, values: tuple[Any, ...]) -> None:
    first, *rest = statement.format(schema=f"{SCHEMA}.").split("?")
    numbered = first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
    await transaction.execute(numbered, *values)


async def write_appointments(
    execute: Execute, transaction: Any, clinic: str, batch: AppointmentBatch[Any]
) -> None:
    if batch.is_snapshot:
        await execute(transaction, tables.CLEAR_APPOINTMENTS, (clinic,))
    for one in batch.appointments:
        await execute(transaction, tables.DELETE_APPOINTMENT, (clinic, str(one.appointment_id)))
        await execute(transaction, tables.INSERT_APPOINTMENT, tables.appointment_row(clinic, one))
    for key in batch.removed:
        await execute(transaction, tables.DELETE_APPOINTMENT, (clinic, str(key)))


async def write_offer(execute: Execute, transaction: Any, clinic: str, batch: OfferBatch[Any]) -> None:
    if batch.is_snapshot:
        await execute(transaction, tables.CLEAR_STARTS, (clinic,))
    for one in batch.starts:
        await execute(transaction, tables.DELETE_START, (clinic, one.starts_at.isoformat()))
        await execute(transaction, tables.INSERT_START, tables.start_row(clinic, one))
    for key in batch.closed:
        await execute(transaction, tables.DELETE_START, (clinic, key.isoformat()))


async def follow(kind: str, folder: Path, clinic: str, feed_type: Any, write: Any) -> None:
    """Follows one feed; never returns."""
    async with opened(kind, folder / f"{clinic}.{feed_type.__name__}.{kind}.db") as (store, execute):
        prefix = os.environ.get("SUBJECT_PREFIX", "idexx")
        async with feed_type(os.environ["NATS_URL"], clinic, store=store, prefix=prefix, check_every=5.0) as feed:
            async for batch in feed:
                async with batch as transaction:
                    await write(execute, transaction, clinic, batch)
                    for change in batch.changes:
                        await execute(transaction, tables.INSERT_APPLIED, tables.applied_row(feed.name, change))
                    perhaps_die()
                perhaps_die()


def perhaps_die() -> None:
    if random.random() < float(os.environ.get("IDEXX_FEED_DEATHS", "0")):  # noqa: S311 (no secret)
        os.kill(os.getpid(), signal.SIGKILL)


async def run(kind: str, folder: Path, clinics: list[str]) -> None:
    async with asyncio.TaskGroup() as group:
        for clinic in clinics:
            group.create_task(follow(kind, folder, clinic, Feed, write_appointments))
            group.create_task(follow(kind, folder, clinic, OfferFeed, write_offer))


def main() -> int:
    status = 0
    try:
        asyncio.run(run(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
    except* (FeedError, *_INTEGRITY) as group:
        print(f"{sys.argv[1]}: {'; '.join(f'{type(e).__name__}: {e}' for e in group.exceptions)}", file=sys.stderr)
        status = 1 if all(isinstance(error, Unavailable) for error in group.exceptions) else WRONG
    return status


if __name__ == "__main__":
    sys.exit(main())
