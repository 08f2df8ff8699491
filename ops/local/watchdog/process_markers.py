"""Finds and ends processes by a mark in their environment.

A process group is not enough to leave nothing behind: Chromium starts its own session, and orphans get a new
parent. Both inherit the environment, so every process that we start, and every process started by it, carries the
mark there.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress

import psutil

#: The variable; its value is a path "<home>/<run>/<child>", so that a prefix selects a whole subtree.
MARK = "IDEXX_SYNC_PROCESS"

#: How long to wait until killed processes have ended. Seconds.
KILL_WAIT = 5.0

#: Seconds between checks whether a process has ended.
ALIVE_INTERVAL = 0.02


def find_marked(prefix: str) -> list[psutil.Process]:
    """Returns the live processes, except this one, whose mark is `prefix` or lies below it."""
    found = []
    for process in psutil.process_iter():
        try:
            mark = process.environ().get(MARK, "")
        except (psutil.Error, OSError):
            continue  # gone, a zombie, or another user's
        if (mark == prefix or mark.startswith(f"{prefix}/")) and process.pid != os.getpid():
            found.append(process)
    return found


def kill_marked(prefix: str) -> int:
    """Kills the marked processes and all that they start in the meantime; returns their number."""
    count = 0
    while found := find_marked(prefix):
        count += len(found)
        if not kill(found):
            break
    return count


def kill(processes: Iterable[psutil.Process]) -> bool:
    """Sends SIGKILL and waits; returns whether all have ended."""
    waiting = list(processes)
    for process in waiting:
        send(process, signal.SIGKILL)
    return not still_alive(waiting, KILL_WAIT)


def still_alive(processes: Iterable[psutil.Process], timeout: float) -> list[psutil.Process]:
    """Returns the processes that have not ended after `timeout` seconds; a zombie counts as ended."""
    deadline = time.monotonic() + timeout
    while alive := [process for process in processes if is_alive(process)]:
        if time.monotonic() > deadline:
            break
        time.sleep(ALIVE_INTERVAL)
    return alive


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def send(process: psutil.Process, signum: int) -> None:
    """Signals a process that may have ended; psutil checks that its id was not reused."""
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signum)


def kill_group(group: int) -> None:
    """Kills the remaining processes of a process group, if any."""
    # macOS raises PermissionError for a group of zombies.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
