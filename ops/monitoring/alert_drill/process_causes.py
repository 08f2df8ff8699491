"""Causes of alerts that freeze or end processes, such as a server that does not respond."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import psutil

from ops.monitoring.testbed.health import all_report
from ops.monitoring.testbed.machine import Watched

Cause = Callable[[Watched], AbstractAsyncContextManager[None]]


def frozen(server: str, check: str) -> Cause:
    """Freezes a server, and checks that `/health`, `/ready` and `/live` of every process report it in time."""

    @asynccontextmanager
    async def cause(watched: Watched) -> AsyncIterator[None]:
        processes = _family(watched.supervisor.pid(server) or 0)
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        try:
            await all_report(watched, check)
            yield
        finally:
            for process in reversed(processes):
                process.send_signal(signal.SIGCONT)

    return cause


def _family(pid: int) -> list[psutil.Process]:
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


def ended(*names: str) -> Cause:
    @asynccontextmanager
    async def cause(watched: Watched) -> AsyncIterator[None]:
        for name in names:
            await watched.supervisor.end(name)
        yield
        await watched.start(*names)

    return cause
