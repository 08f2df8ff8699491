"""Time limits that pause while a task waits for its turn.

Waiting for a token of the shared budget, or for another worker's sign-in, may take long and says nothing about the
portal. So all limits of one scrape belong to one `PausableTimeout`, and none of them runs while one of its tasks
waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


class TimeIsUp(TimeoutError):
    """A limit of ours has expired. Any other `TimeoutError` says nothing about the portal."""


class PausableTimeout:
    """The running limits of one scrape."""

    def __init__(self) -> None:
        self._running: list[asyncio.Timeout] = []
        self._left: dict[asyncio.Timeout, float] = {}
        self._waiting = 0

    @asynccontextmanager
    async def limit(self, seconds: float) -> AsyncIterator[None]:
        """Raises `TimeIsUp` when the body has run for `seconds`; waiting, in any task, does not count."""
        limit = asyncio.timeout(None if self._waiting else seconds)
        try:
            async with limit:
                self._running.append(limit)
                if self._waiting:
                    self._left[limit] = seconds
                try:
                    yield
                finally:
                    self._running.remove(limit)
                    self._left.pop(limit, None)
        except TimeoutError as error:
            if limit.expired() and not isinstance(error, TimeIsUp):
                raise TimeIsUp from error
            raise

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Pauses all limits while the body waits for its turn. Several tasks may wait at once."""
        self._waiting += 1
        if self._waiting == 1:
            self._stop_clocks()
        try:
            yield
        finally:
            self._waiting -= 1
            if self._waiting == 0:
                self._start_clocks()

    def _stop_clocks(self) -> None:
        now = asyncio.get_running_loop().time()
        for limit in self._running:
            when = limit.when()
            if when is not None and not limit.expired():
                self._left[limit] = when - now
                limit.reschedule(None)

    def _start_clocks(self) -> None:
        now = asyncio.get_running_loop().time()
        for limit, left in self._left.items():
            if not limit.expired():
                limit.reschedule(now + left)
        self._left.clear()
