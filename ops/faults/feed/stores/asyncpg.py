"""PostgreSQL, with asyncpg: a schema in the database of CONSUMER_DATABASE_URL, whose tables are there."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from idexx_feed.asyncpg import AsyncpgStore

from ops.faults.feed.stores import SCHEMA, Execute

INTEGRITY = asyncpg.IntegrityConstraintViolationError


@asynccontextmanager
async def opened(_file: Path) -> AsyncIterator[tuple[AsyncpgStore, Execute]]:
    async with asyncpg.create_pool(os.environ["CONSUMER_DATABASE_URL"], min_size=1, max_size=2) as pool:
        yield AsyncpgStore(pool, f"{SCHEMA}.idexx_feed_cursors"), _execute


async def _execute(transaction: Any, statement: str, values: tuple[Any, ...]) -> None:
    first, *rest = statement.format(schema=f"{SCHEMA}.").split("?")
    numbered = first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
    await transaction.execute(numbered, *values)
