"""Waits for a condition."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

#: Seconds between checks.
INTERVAL = 0.2


async def until(look: Callable[[], Awaitable[T | None]], timeout: float) -> T:
    """Calls `look` until its result is true, and returns it; raises `TimeoutError` after `timeout` seconds."""
    async with asyncio.timeout(timeout):
        while not (found := await look()):
            await asyncio.sleep(INTERVAL)
        return found
