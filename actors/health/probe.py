"""Asking something that may hang: an answer in time or none, and never two questions at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

#: How long a probe waits for its answer, in seconds: a page made of several, asked at once, comes within 2 s.
PATIENCE = 1.5


class Probe(Generic[T]):
    """A question that hangs is left hanging, not cancelled: to cancel it may hang, too. Those who ask meanwhile
    wait for the same answer, so that a server that is away is not buried in questions."""

    def __init__(self, ask: Callable[[], Awaitable[T]], patience: float = PATIENCE) -> None:
        self._ask = ask
        self._patience = patience
        self._asking: asyncio.Task[T] | None = None

    async def answer(self) -> T:
        """Raises TimeoutError, or whatever the question raises."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._run())
            self._asking.add_done_callback(_look)
        done, _ = await asyncio.wait({self._asking}, timeout=self._patience)
        if not done:
            raise TimeoutError(f"no answer within {self._patience:g} s")
        return self._asking.result()

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()

    async def _run(self) -> T:
        return await self._ask()


def _look(task: asyncio.Task[T]) -> None:
    """An error that came too late for everybody is no news to the event loop."""
    if not task.cancelled():
        task.exception()
