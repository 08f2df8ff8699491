"""Background tasks of a process: repeats a job, and reports the failure of a task that nothing awaits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from actors.observability import error_reports

log = structlog.get_logger(__name__)


async def periodically(duty: Callable[[], Awaitable[None]], interval: float) -> None:
    """Runs `duty` every `interval` seconds until cancelled; logs and reports a failure, then continues."""
    name = duty.__qualname__ if hasattr(duty, "__qualname__") else repr(duty)
    while True:
        try:
            await duty()
        except Exception as error:
            log.warning("periodic_task_failed", duty=name, error=str(error), kind=type(error).__name__)
            error_reports.report(error, duty=name)
        await asyncio.sleep(interval)


def report_failure(task: asyncio.Task[Any]) -> None:
    """The done callback of a task that nothing awaits: logs and reports the exception that ended it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task_failed", task=task.get_name(), exc_info=error)
        error_reports.report(error, task=task.get_name())
