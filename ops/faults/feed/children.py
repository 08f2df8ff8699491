"""The consumers of a fault run as processes, which are killed and started again all the time."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ops.faults.feed.consumer import WRONG
from ops.faults.invariants import Broken

#: Seconds between a start and the next kill, and until the next start.
LIVES, PAUSES = (1.0, 8.0), (0.0, 0.5)

#: The chance that a consumer kills itself before, and after, a commit.
DEATHS = "0.05"


class Consumer:
    """One consumer. `kills`: how often it was killed, by others or by itself."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path, rng: random.Random) -> None:
        self.name = name
        self.kills = 0
        self.is_hunted = False
        self._argv = [sys.executable, "-m", *arguments]
        self._log = log
        self._rng = rng
        self._process: asyncio.subprocess.Process | None = None
        self._paused = asyncio.Event()
        self._paused.set()

    async def run(self) -> None:
        """Runs it until cancelled. Raises `Broken` if it says that it has applied something wrong."""
        try:
            while True:
                await self._paused.wait()
                await self._live()
                await asyncio.sleep(self._rng.uniform(*PAUSES))
        finally:
            self.kill()
            if self._process is not None:
                await self._process.wait()

    async def _live(self) -> None:
        environment = os.environ | {"IDEXX_FEED_DEATHS": DEATHS if self.is_hunted else "0"}
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        ended = asyncio.ensure_future(self._process.wait())
        while not ended.done():
            await asyncio.wait({ended}, timeout=self._rng.uniform(*LIVES))
            if self.is_hunted and not ended.done():
                self.kill()
                await ended
        status = await ended
        self.kills += status == -signal.SIGKILL
        if status == WRONG:
            raise Broken(f"{self.name} ended with status {status}: {self._log.read_text()[-2000:]}")

    def hunt(self) -> None:
        """From now on it is killed all the time, also by itself."""
        self.is_hunted = True
        self.kill()

    def spare(self) -> None:
        """No more kills, and no pause."""
        self.is_hunted = False
        self._paused.set()
        self.kill()  # the next one does not kill itself either

    def pause(self) -> None:
        """Kills it, and does not start it until `resume`."""
        self._paused.clear()
        self.kill()

    def resume(self) -> None:
        self._paused.set()

    def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
