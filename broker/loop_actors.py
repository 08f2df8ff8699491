"""Runs async actors on the broker's loop; replaces Dramatiq's `AsyncIO` middleware and its second loop."""

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
    """Runs async actors on the loop of the NATS connection, so that they share it.

    A worker thread waits for each actor: `--threads` is how many run concurrently. An interrupt (time limit,
    shutdown) cancels the coroutine and waits at most `cleanup_timeout` seconds for its cleanup before the message
    fails.
    """

    def __init__(self, broker: NatsBroker, cleanup_timeout: float = 10.0) -> None:
        self.broker = broker
        self._runner = _Runner(cleanup_timeout)

    def before_worker_boot(self, _broker: Broker, _worker: Worker) -> None:
        """Makes the async actors of this process run on the broker's loop."""
        set_event_loop_thread(cast(EventLoopThread, self._runner))

    def after_worker_shutdown(self, _broker: Broker, _worker: Worker) -> None:
        """Detaches the actors from the loop. The loop keeps running: the broker still needs it."""
        set_event_loop_thread(None)


class _Runner:
    """The part of an event loop thread's interface that Dramatiq's `async_to_sync` uses."""

    def __init__(self, cleanup_timeout: float) -> None:
        self._cleanup_timeout = cleanup_timeout
        self._logger = get_logger(__name__, type(self))

    def run_coroutine(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs `coroutine` on the loop and waits for it, or for its cleanup if this thread is interrupted."""
        run = _Run(coroutine)
        try:
            return cast(T, run.result())
        except Interrupt:
            if not run.done.is_set():
                run.cancel()
                if not run.done.wait(self._cleanup_timeout):
                    self._logger.error(
                        "A cancelled async actor has not ended after %.1f s; it continues in the background.",
                        self._cleanup_timeout,
                    )
            raise
        finally:
            del run


class _Run:
    """One coroutine on the loop, for the thread that waits for it."""

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
        """Returns the coroutine's result; waits in slices so that an interrupt raised in this thread arrives."""
        while not self.done.wait(LOOK_UP):
            if self._future.done():  # cancelled before it started
                break
        return self._future.result()

    def cancel(self) -> None:
        """Cancels the task, not the future: the future would be done immediately, while the cleanup still runs."""
        self._thread.call(self._cancel_task)

    def _cancel_task(self) -> None:
        if self._task is not None:
            self._task.cancel()
        else:
            self._future.cancel()
