"""Keeps the cursor in any database of SQLAlchemy's asyncio engine."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from sqlalchemy import Column, Connection, MetaData, String, Table, func, insert, inspect, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker

from .store import TABLE

#: Add it to your own metadata with `CURSORS.to_metadata(...)` for migrations; otherwise it is created.
CURSORS = Table(
    TABLE,
    MetaData(),
    Column("name", String(200), primary_key=True),
    Column("cursor", String(60), nullable=False),
)


def _create(connection: Connection) -> None:
    """Creates the table where it is missing."""
    if inspect(connection).has_table(TABLE):
        return
    if connection.dialect.name == "postgresql":
        # Two transactions that create it at once would fail.
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(TABLE))))
    CURSORS.create(connection, checkfirst=True)


class _Cursors:
    """Loads and saves with a connection or a session."""

    async def load(self, transaction: AsyncConnection | AsyncSession, name: str) -> str | None:
        connection = await transaction.connection() if isinstance(transaction, AsyncSession) else transaction
        await connection.run_sync(_create)
        # Writing the row, unchanged, makes other transactions wait, whatever the database.
        touched = await connection.execute(
            update(CURSORS).where(CURSORS.c.name == name).values(cursor=CURSORS.c.cursor)
        )
        if not touched.rowcount:
            await connection.execute(insert(CURSORS).values(name=name, cursor=""))
        found: str = (
            await connection.execute(select(CURSORS.c.cursor).where(CURSORS.c.name == name))
        ).scalar_one()
        return found

    async def save(self, transaction: AsyncConnection | AsyncSession, name: str, cursor: str) -> None:
        await transaction.execute(update(CURSORS).where(CURSORS.c.name == name).values(cursor=cursor))


class SqlalchemyStore(_Cursors):
    """An engine. `async with batch as connection` yields an `AsyncConnection` in a transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    def transaction(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._engine.begin()


class SqlalchemySessionStore(_Cursors):
    """A maker of sessions. `async with batch as session` yields an `AsyncSession` in a transaction."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    def transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        return self._sessions.begin()
