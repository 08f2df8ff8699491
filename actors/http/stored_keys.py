"""The stored keys of the API. The keys of `API_KEYS` go on working while these cannot be read."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from actors.http.key_cache import KeyCache
from engine.api_key import ApiKey
from engine.errors import Unavailable
from engine.store.api_keys import record_uses, valid_api_keys
from engine.store.database import Database


class StoredKeys(KeyCache[ApiKey]):
    """The valid keys."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(database, valid_api_keys, record_uses, clock=clock)

    async def is_valid(self, key_hash: str) -> bool:
        """Whether the key is still valid; False if the keys cannot be read."""
        with suppress(Unavailable):
            return await self.find(key_hash) is not None
        return False
