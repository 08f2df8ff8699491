"""Playwright's driver process: starts it, and stops it even if it is dead or hangs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import Any, Self

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Playwright, async_playwright

#: The environment of the driver's Node, unless the process has other values. The driver waits most of the time, and
#: these make it a quarter smaller: a young generation of 1 MiB, one malloc arena, and what it needs only while it
#: starts is returned (its parser allocates in pieces of 32 KiB).
ENVIRONMENT = {
    "NODE_OPTIONS": "--max-semi-space-size=1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "16384",
}


class Driver:
    """A running driver, made by `start`."""

    def __init__(self, start: Any, playwright: Playwright) -> None:
        self._start = start
        self.playwright = playwright

    @classmethod
    async def start(cls, seconds: float) -> Self:
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)  # Playwright takes no environment for its driver
        start = async_playwright()
        # The driver inherits the file behind sys.stderr. In a worker that is the pipe of Dramatiq's log messages: a
        # line of the driver would break it, and with it every later log message of the worker.
        with contextlib.redirect_stderr(sys.__stderr__):
            try:
                async with asyncio.timeout(seconds):
                    return cls(start, await start.start())
            except (PlaywrightError, TimeoutError):
                raise
            except Exception as error:  # Playwright has no class for a driver that ends at once
                raise PlaywrightError(str(error)) from error

    async def stop(self, seconds: float) -> None:
        """Stops the driver within the limit; a hung one is left to be killed."""
        with contextlib.suppress(TimeoutError, PlaywrightError):
            async with asyncio.timeout(seconds):
                await self.playwright.stop()
        self._take_error()

    def _take_error(self) -> None:
        """Retrieves the error that Playwright leaves when a driver dies; otherwise asyncio would log it later."""
        transport = getattr(getattr(self._start, "_client", None), "_transport", None)
        error = getattr(transport, "on_error_future", None)
        if isinstance(error, asyncio.Future) and error.done() and not error.cancelled():
            error.exception()
