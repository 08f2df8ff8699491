"""Caches stored keys, or calendar feeds, by the hashes of what callers send: a request waits for the database only when
the cache is older than its limit.

All are read at once, so that wrong ones cost no query each. While the database cannot be read, a stored one is refused
with 503, because it may have been revoked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID

from engine.issued import Issued
from engine.store.database import Connection, Database

#: How long a key is accepted after its revocation, in seconds.
CACHED_FOR = 10.0
#: How long a key may be unknown after it was made, in seconds; so often at most are the keys read.
UNKNOWN_FOR = 1.0
#: How often the times of the last uses are stored, in seconds.
RECORD_INTERVAL = 10.0

K = TypeVar("K", bound=Issued)


class KeyCache(Generic[K]):
    """The valid ones. `read` reads them, `record` stores when they were used. Use it on the loop of the database."""

    def __init__(
        self,
        database: Database,
        read: Callable[[Connection], Awaitable[dict[str, K]]],
        record: Callable[[Connection, Mapping[UUID, datetime]], Awaitable[None]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._read_all = read
        self._record = record
        self._clock = clock
        self._keys: dict[str, K] = {}
        self._read_at: float | None = None
        self._reading: asyncio.Task[None] | None = None
        self._uses: dict[UUID, datetime] = {}

    async def find(self, key_hash: str) -> K | None:
        """The valid one with this hash, and notes its use. Raises `Unavailable` if they cannot be read."""
        await self._refresh(CACHED_FOR)
        if key_hash not in self._keys:
            await self._refresh(UNKNOWN_FOR)
        key, now = self._keys.get(key_hash), datetime.now(UTC)
        if key is None or key.state(now) != "valid":
            return None
        self._uses[key.id] = now
        return key

    async def record_uses(self) -> None:
        """Stores when they were last used."""
        if uses := dict(self._uses):
            async with self._database.connection() as connection:
                await self._record(connection, uses)
            self._uses = {key: at for key, at in self._uses.items() if uses.get(key) != at}

    async def _refresh(self, max_age: float) -> None:
        """Reads the keys if what is cached is older; all callers wait for the same query."""
        if self._read_at is not None and self._clock() - self._read_at < max_age:
            return
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        await asyncio.shield(self._reading)

    async def _read(self) -> None:
        began = self._clock()
        async with self._database.connection() as connection:
            self._keys = await self._read_all(connection)
        self._read_at = began
