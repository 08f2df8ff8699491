"""A duty that is done again and again while a process lives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from actors import error_reports

log = structlog.get_logger(__name__)


async def periodically(duty: Callable[[], Awaitable[None]], interval: float) -> None:
    """Does `duty` every `interval` seconds until cancelled. A failure is logged, and the next turn tries again."""
    name = duty.__qualname__ if hasattr(duty, "__qualname__") else repr(duty)
    while True:
        try:
            await duty()
        except Exception as error:
            log.warning("duty_failed", duty=name, error=str(error), kind=type(error).__name__)
            error_reports.report(error, duty=name)
        await asyncio.sleep(interval)
