"""Background tasks of a process: a duty that is repeated, and the failure of a task that nobody awaits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from actors.observability import error_reports

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


def report_failure(task: asyncio.Task[Any]) -> None:
    """The done callback of a task that nobody awaits: logs and reports the exception that ended it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task_failed", task=task.get_name(), exc_info=error)
        error_reports.report(error, task=task.get_name())
