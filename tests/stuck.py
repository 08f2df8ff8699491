"""Ends the process of a test that hangs, and prints what it waited for, so that every run ends.

A thread looks on: whatever hangs, a fixture's end too, cannot keep it from looking. An exception in the main thread,
which is what pytest-timeout raises, reaches neither a task of an event loop nor what comes after the test. pytest's own
`faulthandler_timeout` ends with the first failure and knows no tasks.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import threading
import time
from collections.abc import Generator, Iterator
from typing import Any

import psutil
import pytest

#: Exit status of a process that was stuck.
STUCK = 70


class Watch:
    """Ends the process when one test has been under way for `limit` seconds."""

    def __init__(self, stderr: int, limit: float) -> None:
        self._stderr = stderr
        self._limit = limit
        self._what = "the collection"
        self._since = time.monotonic()
        threading.Thread(target=self._look, name="stuck", daemon=True).start()

    def begins(self, what: str) -> None:
        self._what, self._since = what, time.monotonic()

    def _look(self) -> None:
        while (left := self._since + self._limit - time.monotonic()) > 0:
            time.sleep(left)
        report = f"\n✗ {self._what} hangs since {self._limit:g} s; its threads and tasks:\n"
        os.write(self._stderr, report.encode())
        faulthandler.dump_traceback(self._stderr)
        os.write(self._stderr, "\n".join(["", *_tasks(), ""]).encode())
        for child in psutil.Process().children(recursive=True):
            child.kill()
        os._exit(STUCK)


def _tasks() -> Iterator[str]:
    """Where each task of each event loop waits: `asyncio.all_tasks` knows those of one loop, in its own thread."""
    for task in list(asyncio.tasks._all_tasks):  # type: ignore[attr-defined]
        if not task.done():
            yield f"{task.get_name()}:"
            yield from _awaited(task.get_coro())


def _awaited(coroutine: Any) -> Iterator[str]:
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "ag_frame", None)
        if frame is not None:
            yield f"  {frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "ag_await", None)


WATCH = pytest.StashKey[Watch]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("stuck_after", "seconds that one test may take with all of its fixtures", default="300")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or not getattr(
        config.option, "numprocesses", None
    ):  # a process that runs tests
        # A copy of stderr, since pytest puts the output of a test elsewhere.
        config.stash[WATCH] = Watch(os.dup(2), float(config.getini("stuck_after")))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    watch = item.config.stash[WATCH]
    watch.begins(item.nodeid)
    try:
        return (yield)
    finally:
        watch.begins(f"what comes after {item.nodeid}")
