"""One daemon thread with one event loop per process; it runs the NATS connection and async actors."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from dramatiq.logging import get_logger

T = TypeVar("T")

LOGGER = get_logger(__name__)

#: How often a waiting thread wakes so that Dramatiq's interrupts (time limit, shutdown) reach it. Seconds.
LOOK_UP = 0.1


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class LoopThread:
    """A running event loop in its own daemon thread."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = _new_event_loop()
        #: Called on the loop before it ends, to close what runs on it.
        self.closers: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._thread = threading.Thread(target=self._run, name="nats-broker-loop", daemon=True)
        self._thread.start()

    def is_current(self) -> bool:
        """Whether the caller runs on this loop's thread, where waiting for the loop would deadlock."""
        return threading.current_thread() is self._thread

    def start(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Starts `coroutine` on the loop, from any thread, without waiting for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Runs `coroutine` on the loop and waits for it; cancels it after `timeout` seconds (TimeoutError).

        Raises RuntimeError on the loop's own thread: there, await the coroutine instead.
        """
        if self.is_current():
            coroutine.close()
            raise RuntimeError(
                "wait() was called on the broker's event loop, which would block it: await the coroutine instead."
            )
        return wait(self.start(coroutine), timeout)

    def call(self, callback: Callable[[], object]) -> None:
        """Calls `callback` on the loop soon, from any thread."""
        self.loop.call_soon_threadsafe(callback)

    def stop(self) -> None:
        """Runs the closers, then ends the loop and its thread."""
        for closer in list(self.closers):
            self.run(closer())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            self._cancel_all()
        finally:
            self.loop.close()

    def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self.loop.run_until_complete(asyncio.wait(tasks, timeout=1))


def log_failure(task: asyncio.Future[Any]) -> None:
    """Logs the exception that ended a task; the done callback of tasks that are not awaited."""
    if not task.cancelled() and (error := task.exception()) is not None:
        LOGGER.error("A background task ended with an exception: %r", task, exc_info=error)


class WakeUp:
    """Schedules `callback` on the loop from any thread. Triggers before it runs are coalesced into one wake-up."""

    def __init__(self, thread: LoopThread, callback: Callable[[], object]) -> None:
        self._thread = thread
        self._callback = callback
        self._is_rung = False

    def trigger(self) -> None:
        """Schedules the callback, without waiting for it."""
        if self._is_rung:
            return
        try:
            self._is_rung = True
            self._thread.call(self._answer)
        except BaseException:
            # An interrupt (time limit, shutdown) may come at any moment; if the call were lost, later triggers
            # would never run the callback.
            self._thread.call(self._answer)
            raise

    def _answer(self) -> None:
        self._is_rung = False
        self._callback()


def wait(future: concurrent.futures.Future[T], timeout: float | None = None) -> T:
    """Returns the future's result; waits in slices, so that an exception raised in this thread arrives and cancels
    the work."""
    remaining = timeout
    try:
        while not future.done():
            piece = LOOK_UP if remaining is None else min(LOOK_UP, remaining)
            try:
                return future.result(piece)
            except concurrent.futures.TimeoutError:
                if remaining is not None and not future.done():
                    remaining -= piece
                    if remaining <= 0:
                        raise TimeoutError(f"not done within {timeout} s") from None
        return future.result()
    finally:
        future.cancel()
        del future  # else an exception of the coroutine would hold its own frame in a cycle


_lock = threading.Lock()
_current: LoopThread | None = None


def loop_thread() -> LoopThread:
    """Returns the loop thread of this process, started on first use and again after a fork."""
    global _current
    current = _current
    if current is not None and current.pid == os.getpid():
        return current
    with _lock:
        if _current is None or _current.pid != os.getpid():
            _current = LoopThread()
        return _current


def _stop_at_exit() -> None:
    if _current is not None and _current.pid == os.getpid():
        _current.stop()


def _renew_lock() -> None:
    global _lock
    _lock = threading.Lock()


atexit.register(_stop_at_exit)
os.register_at_fork(after_in_child=_renew_lock)
