"""Finds out whether the disk of PostgreSQL is full, from a client that cannot see it."""

from __future__ import annotations

import asyncpg

from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)

#: The least that PostgreSQL accepts: the sort does not fit in it, and is written to the disk.
WORK_MEM = "64kB"


async def is_disk_full(connection: Connection) -> bool:
    """Whether PostgreSQL has no room for a temporary file of about one megabyte.

    It needs no right, works on a standby, and leaves nothing behind. A full disk is found even while small updates
    still find room in pages that exist.
    """
    try:
        async with connection.transaction():
            await connection.fetchval(SQL["set_local"], "work_mem", WORK_MEM)
            await connection.fetchval(SQL["spill_to_disk"])
    except asyncpg.DiskFullError:
        return True
    except asyncpg.ConfigurationLimitExceededError:  # temp_file_limit is lower
        return False
    return False
