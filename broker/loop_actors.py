"""Async actors on the broker's own loop, in place of Dramatiq's `AsyncIO` middleware and its second loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, cast

from dramatiq import Broker, Worker
from dramatiq.asyncio import EventLoopThread, set_event_loop_thread
from dramatiq.logging import get_logger
from dramatiq.middleware import Middleware
from dramatiq.threading import Interrupt

from .transport.loop import LOOK_UP, loop_thread

if TYPE_CHECKING:
    from .broker import NatsBroker

T = TypeVar("T")


class LoopActors(Middleware):
    """Runs async actors on the loop that NATS lives on, so that they share its connection.

    A worker thread waits for each: `--threads` is how many run at once. An interrupt (time limit, shutdown)
    cancels the coroutine and waits at most `cleanup_timeout` seconds for its cleanup, before the message failed.
    """

    def __init__(self, broker: NatsBroker, cleanup_timeout: float = 10.0) -> None:
        self.broker = broker
        self._runner = _Runner(cleanup_timeout)

    def before_worker_boot(self, _broker: Broker, _worker: Worker) -> None:
        """Async actors of this process run on the broker's loop from now on."""
        set_event_loop_thread(cast(EventLoopThread, self._runner))

    def after_worker_shutdown(self, _broker: Broker, _worker: Worker) -> None:
        """The loop itself goes on: the broker still needs it."""
        set_event_loop_thread(None)


class _Runner:
    """What Dramatiq's `async_to_sync` expects of an event loop thread."""

    def __init__(self, cleanup_timeout: float) -> None:
        self._cleanup_timeout = cleanup_timeout
        self._logger = get_logger(__name__, type(self))

    def run_coroutine(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs `coroutine` on the loop and waits for it, or for its cleanup when this thread is interrupted."""
        run = _Run(coroutine)
        try:
            return cast(T, run.result())
        except Interrupt:
            if not run.done.is_set():
                run.cancel()
                if not run.done.wait(self._cleanup_timeout):
                    self._logger.error(
                        "A cancelled async actor has not ended after %.1f s; it goes on in the background.",
                        self._cleanup_timeout,
                    )
            raise
        finally:
            del run


class _Run:
    """One coroutine on the loop, seen from the thread that waits for it."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.done = threading.Event()
        self._task: asyncio.Task[Any] | None = None
        self._thread = loop_thread()
        self._future = self._thread.start(self._follow(coroutine))

    async def _follow(self, coroutine: Coroutine[Any, Any, T]) -> T:
        self._task = asyncio.current_task()
        try:
            return await coroutine
        finally:
            self._task = None
            self.done.set()

    def result(self) -> Any:
        """Waits in slices, so that an interrupt that is raised into this thread arrives."""
        while not self.done.wait(LOOK_UP):
            if self._future.done():  # cancelled before it began
                break
        return self._future.result()

    def cancel(self) -> None:
        """Cancels the task rather than the future, which would be done at once while the cleanup goes on."""
        self._thread.call(self._cancel_task)

    def _cancel_task(self) -> None:
        if self._task is not None:
            self._task.cancel()
        else:
            self._future.cancel()
