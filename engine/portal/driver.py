"""Playwright's driver, a process of its own: started, and stopped also when it is dead or hangs."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Self

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Playwright, async_playwright


class Driver:
    """Made by `start`."""

    def __init__(self, start: Any, playwright: Playwright) -> None:
        self._start = start
        self.playwright = playwright

    @classmethod
    async def start(cls, seconds: float) -> Self:
        start = async_playwright()
        async with asyncio.timeout(seconds):
            return cls(start, await start.start())

    async def stop(self, seconds: float) -> None:
        """Within the limit; what hangs is left to be killed."""
        with contextlib.suppress(TimeoutError, PlaywrightError):
            async with asyncio.timeout(seconds):
                await self.playwright.stop()
        self._take_error()

    def _take_error(self) -> None:
        """When a driver dies, Playwright leaves an error that nobody takes, and asyncio complains later."""
        transport = getattr(getattr(self._start, "_client", None), "_transport", None)
        error = getattr(transport, "on_error_future", None)
        if isinstance(error, asyncio.Future) and error.done() and not error.cancelled():
            error.exception()
