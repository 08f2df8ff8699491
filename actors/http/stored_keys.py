"""The stored keys of the API, cached: a request waits for the database only when the cache is older than its limit.

All keys are read at once, so that wrong keys cost no query each. While the database cannot be read, a stored key is
refused with 503, because it may have been revoked; the keys of `API_KEYS` go on working.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from engine.api_key import ApiKey
from engine.errors import Unavailable
from engine.store.api_keys import record_uses, valid_api_keys
from engine.store.database import Database

#: How long a key is accepted after its revocation, in seconds.
CACHED_FOR = 10.0
#: How long a key may be unknown after it was made, in seconds; so often at most are the keys read.
UNKNOWN_FOR = 1.0
#: How often the times of the last uses are stored, in seconds.
RECORD_INTERVAL = 10.0


class StoredKeys:
    """The valid keys. Use it on the loop of the database."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._keys: dict[str, ApiKey] = {}
        self._read_at: float | None = None
        self._reading: asyncio.Task[None] | None = None
        self._uses: dict[UUID, datetime] = {}

    async def find(self, key_hash: str) -> ApiKey | None:
        """The valid key with this hash, and notes its use. Raises `Unavailable` if the keys cannot be read."""
        await self._refresh(CACHED_FOR)
        if key_hash not in self._keys:
            await self._refresh(UNKNOWN_FOR)
        key, now = self._keys.get(key_hash), datetime.now(UTC)
        if key is None or key.state(now) != "valid":
            return None
        self._uses[key.id] = now
        return key

    async def is_valid(self, key_hash: str) -> bool:
        """Whether the key is still valid; False if the keys cannot be read."""
        with suppress(Unavailable):
            return await self.find(key_hash) is not None
        return False

    async def record_uses(self) -> None:
        """Stores when keys were last used."""
        if uses := dict(self._uses):
            async with self._database.connection() as connection:
                await record_uses(connection, uses)
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
            self._keys = await valid_api_keys(connection)
        self._read_at = began
