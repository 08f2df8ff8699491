"""Runs a query that may hang, with a time limit and never twice at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

#: How long a probe waits for its result, in seconds: several probes at once end within 2 s.
TIMEOUT = 1.5


class Probe(Generic[T]):
    """A query that is left running if it hangs: cancelling it may hang as well.

    Callers in the meantime wait for the same result, so an unreachable server does not get more and more queries.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]], timeout: float = TIMEOUT) -> None:
        self._ask = ask
        self._timeout = timeout
        self._asking: asyncio.Task[T] | None = None

    async def answer(self) -> T:
        """The query's result. Raises TimeoutError, or whatever the query raises."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._run())
            self._asking.add_done_callback(_look)
        done, _ = await asyncio.wait({self._asking}, timeout=self._timeout)
        if not done:
            raise TimeoutError(f"no response within {self._timeout:g} s")
        return self._asking.result()

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()

    async def _run(self) -> T:
        return await self._ask()


def _look(task: asyncio.Task[T]) -> None:
    """Retrieves an error that came too late for every caller, so the event loop does not log it."""
    if not task.cancelled():
        task.exception()
