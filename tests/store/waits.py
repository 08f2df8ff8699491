"""For tests of locks: waits until a transaction waits for one."""

from __future__ import annotations

import asyncio

from engine.store.database import Connection


async def until_one_waits(connection: Connection) -> None:
    """Returns once another connection to this database waits for a lock."""
    async with asyncio.timeout(10):
        while not await connection.fetchval(
            "select exists (select from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock')"
        ):
            await connection.execute("select pg_stat_clear_snapshot()")
            await asyncio.sleep(0.01)
