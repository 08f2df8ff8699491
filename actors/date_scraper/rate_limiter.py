"""The portal's rate limit as this process sees it: one token bucket for all machines, in turn between clinics."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable

from broker import TokenBucket


class SharedRateLimiter:
    """Fulfils `engine.portal.protocols.Budget`.

    A clinic has one place in this process's queue for tokens, however many of its dates wait: so a clinic with
    many calls to make delays another one by a call, not by all of them. `waited` is told how many seconds each
    call has waited for its token.
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
