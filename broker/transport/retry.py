"""Repeats a request to the server after a temporary error."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..errors import is_passing

T = TypeVar("T")


async def retried(
    attempt: Callable[[], Awaitable[T]],
    *,
    pause: float,
    attempts: int | None = None,
    within: float | None = None,
    passing: Callable[[BaseException], bool] = is_passing,
    before_pause: Callable[[Exception], None] = lambda _: None,
) -> T:
    """Calls `attempt` until it returns, and returns its result.

    After an error that is `passing`, it pauses for `pause` seconds and tries again; any other error is raised. The
    last error is raised after `attempts` attempts, or when the next one would begin later than `within` seconds after
    the first. Without either limit it ends only when it is cancelled.
    """
    loop = asyncio.get_running_loop()
    deadline = None if within is None else loop.time() + within
    made = 0
    while True:
        try:
            return await attempt()
        except Exception as error:
            made += 1
            is_last = made == attempts or (deadline is not None and loop.time() + pause > deadline)
            if is_last or not passing(error):
                raise
            before_pause(error)
        await asyncio.sleep(pause)
