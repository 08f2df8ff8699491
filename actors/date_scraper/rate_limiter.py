"""The portal's rate limit in this process: one token bucket for all machines, clinics in turn."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable

from broker import TokenBucket


class SharedRateLimiter:
    """Implements `engine.portal.protocols.Budget`.

    A clinic has one place in this process's queue for tokens, however many of its dates wait. A clinic with many
    calls delays another clinic by one call, not by all of them. `waited` is called with the seconds that each call
    has waited for its token.
    """

    def __init__(self, bucket: TokenBucket, waited: Callable[[float], None]) -> None:
        self._bucket = bucket
        self._waited = waited
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def acquire(self, clinic: str) -> None:
        begun = time.monotonic()
        async with self._turns[clinic]:
            await self._bucket.acquire()
        self._waited(time.monotonic() - begun)

    async def throttled(self, retry_after: float | None) -> None:
        await self._bucket.throttled(retry_after)

    async def succeeded(self) -> None:
        await self._bucket.succeeded()
