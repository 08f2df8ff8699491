"""The operating system's view of a browser: which processes it is, what they cost, and how they end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence

import psutil

log = logging.getLogger(__name__)

#: Even a killed process needs a moment; longer than this is worth a line in the log (seconds).
SOON = 5.0


def find_descendant(argument: str) -> psutil.Process | None:
    """The first process below this one that was started with the argument."""
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if argument in process.cmdline():
                return process
    return None


def tree(root: psutil.Process | None) -> list[psutil.Process]:
    """The process and all below it, children first; empty where it is gone."""
    if root is not None:
        with contextlib.suppress(psutil.Error):
            return [*root.children(recursive=True), root]
    return []


def kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()


async def gone(processes: Sequence[psutil.Process]) -> None:
    """Waits until they are. Not by `wait`, which would take the exit status away from asyncio."""
    deadline = time.monotonic() + SOON
    while any(map(_runs, processes)):
        if time.monotonic() > deadline:
            log.error("processes survive SIGKILL: %s", [p.pid for p in processes if _runs(p)])
            return
        await asyncio.sleep(0.01)


def memory_bytes(processes: Sequence[psutil.Process]) -> int:
    """What they take together; what shared pages cost is split among those who share them."""
    return sum(map(_memory, processes))


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _memory(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(full, "pss", 0) or full.uss)
