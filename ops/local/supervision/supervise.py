"""Runs a supervisor in a terminal and handles the first and the second stop signal."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from ops.local.supervision.supervisor import Supervisor

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def supervise(
    main: Callable[[Supervisor], Awaitable[int]],
    *,
    say: Callable[[str], None],
    stopped_status: int = 0,
    **settings: Any,
) -> int:
    """Runs `main` until it returns or a signal arrives, then stops everything; returns the exit status.

    The status is that of `main`, or `stopped_status` after an orderly stop, or 128 plus the signal's number
    after a second signal. `settings` go to the `Supervisor`.
    """
    received: asyncio.Queue[signal.Signals] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for signum in SIGNALS:
        loop.add_signal_handler(signum, received.put_nowait, signum)
    try:
        async with Supervisor(say=say, **settings) as supervisor:
            work = asyncio.ensure_future(main(supervisor))
            first = asyncio.create_task(received.get())
            await asyncio.wait({work, first}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                first.cancel()
                return await work
            say(f"{first.result().name}: stopping; a second signal ends everything at once")
            work.cancel()
            return await _stop(supervisor, work, received, stopped_status)
    finally:
        for signum in SIGNALS:
            loop.remove_signal_handler(signum)


async def _stop(
    supervisor: Supervisor, work: asyncio.Future[int], received: asyncio.Queue[signal.Signals], status: int
) -> int:
    stop = asyncio.create_task(_in_order(supervisor, work))
    second = asyncio.create_task(received.get())
    await asyncio.wait({stop, second}, return_when=asyncio.FIRST_COMPLETED)
    if second.done():
        supervisor.kill()
        work.cancel()  # again, because a cancellation can be lost
        status = 128 + second.result()
    second.cancel()
    await stop
    return status


async def _in_order(supervisor: Supervisor, work: asyncio.Future[int]) -> None:
    """Waits for the end of `main`, so that it starts nothing more, then stops what it started."""
    with suppress(asyncio.CancelledError):
        await work
    await supervisor.stop()
