"""The processes of a browser: finds them, measures their memory, and ends them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence

import psutil

log = logging.getLogger(__name__)

#: A killed process that lives longer than this is logged (seconds).
SOON = 5.0


def find_browsers(argument: str) -> list[psutil.Process]:
    """The processes below this one that were started with the argument, a parent before its children, without the
    browser's own children.

    Debian starts its browsers by a shell script that passes its arguments on: then the browser is the last one.
    A child of the browser has `--type=…`, except between its fork and its exec: then it runs its parent's program.
    """
    found: dict[int, tuple[psutil.Process, str]] = {}
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            arguments, program = process.cmdline(), process.exe()
            if argument not in arguments or any(a.startswith("--type=") for a in arguments):
                continue
            parent = found.get(process.ppid())
            if parent is None or parent[1] != program:
                found[process.pid] = process, program
    return [process for process, _ in found.values()]


def tree(root: psutil.Process | None) -> list[psutil.Process]:
    """The process and all below it, children first; empty if it is gone."""
    if root is not None:
        with contextlib.suppress(psutil.Error):
            return [*root.children(recursive=True), root]
    return []


def kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()


async def gone(processes: Sequence[psutil.Process]) -> None:
    """Waits until the processes are gone. `wait` would take the exit status away from asyncio."""
    deadline = time.monotonic() + SOON
    while any(map(_runs, processes)):
        if time.monotonic() > deadline:
            pids = [p.pid for p in processes if _runs(p)]
            log.error("processes of a browser still run %g s after SIGKILL: pids %s", SOON, pids)
            return
        await asyncio.sleep(0.01)


def memory_bytes(processes: Sequence[psutil.Process]) -> int:
    """Total memory of the processes in bytes; shared pages are divided among the processes that share them."""
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
