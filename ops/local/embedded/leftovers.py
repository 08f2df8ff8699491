"""Ends processes left behind by an `idexx-sync up` that was killed.

The caller must hold the lock of IDEXX_SYNC_HOME.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import psutil

from ops.local.embedded.home import Home
from ops.local.watchdog.process_markers import find_marked, kill, send, still_alive

#: How long leftover processes may take to stop before they are killed. Seconds.
STOP_TIMEOUT = 15.0


async def end_leftovers(home: Home, say: Callable[[str], None]) -> None:
    await asyncio.to_thread(_end, home, say)


def _end(home: Home, say: Callable[[str], None]) -> None:
    marked = {process.pid: process for process in find_marked(home.label)}
    postmaster = find_postmaster(home.folder / "postgres" / "data")
    if postmaster:
        marked[postmaster.pid] = postmaster
    if not marked:
        return
    say(f"ending {len(marked)} processes that an earlier run left behind")
    for process in marked.values():
        # PostgreSQL waits for its sessions on SIGTERM, and ends them on SIGINT.
        send(process, signal.SIGINT if postmaster and process.pid == postmaster.pid else signal.SIGTERM)
    kill(still_alive(marked.values(), STOP_TIMEOUT))


def find_postmaster(data: Path) -> psutil.Process | None:
    """Returns the PostgreSQL server of this data folder by its pid file, unless another process has that pid."""
    try:
        process = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
        ours = {str(data), str(data.resolve())} & set(process.cmdline())
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    return process if ours else None
