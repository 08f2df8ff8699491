"""Starts child processes, restarts them when they die, and stops them in order."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import uuid
from collections.abc import Callable
from typing import Self

from engine.errors import ExpectedError
from ops.local.supervision.child import Child, Output
from ops.local.supervision.command import Command, Stage
from ops.local.supervision.watchdog import Watchdog
from ops.local.watchdog.process_markers import kill_marked

#: Seconds before a dead child is restarted: doubles with each failure in a row, up to the limit.
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0

#: After a child has run for this many seconds, its next failure counts as the first. Seconds.
WELL_AFTER = 60.0

#: How much of the grace time is reserved for the servers: at most these seconds, and at most this share.
SERVERS_SECONDS, SERVERS_SHARE = 5.0, 0.25

#: Seconds between readiness checks of a child.
READY_INTERVAL = 0.05


class StartFailed(ExpectedError):
    """A child ended, or was not ready in time, on its first start."""


class Supervisor:
    """Supervises child processes; an async context manager that on exit leaves no process it started.

    `grace`: seconds from `stop` until remaining processes are killed. `say` receives messages for the user,
    `output` each line that a child writes. `label` is the prefix of the marks of all children.
    """

    def __init__(
        self,
        *,
        grace: float,
        say: Callable[[str], None] = lambda _: None,
        output: Output = lambda _name, _line: None,
        label: str = "idexx-sync",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.mark = f"{label}/{uuid.uuid4().hex[:12]}"
        self._grace = grace
        self._say = say
        self._output = output
        self._clock = clock
        self._children: dict[str, Child] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._stopping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._watchdog = Watchdog(self.mark, self._grace)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, command: Command) -> None:
        """Starts a command and waits until it is ready; raises `StartFailed`."""
        child = self._children[command.name] = Child(command, self.mark, self._output)
        await self._spawn(child)
        await self._until_ready(child)
        self._keepers[command.name] = asyncio.create_task(self._keep(child))

    def pid(self, name: str) -> int | None:
        """Returns the id of the process that runs the command; None while it waits for a restart."""
        return self._children[name].pid

    async def end(self, name: str) -> None:
        """Stops one command in order; it runs again only after another `start`."""
        keeper, child = self._keepers.pop(name), self._children.pop(name)
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await self._stop_stage([child], self._clock() + self._grace)

    async def stop(self) -> None:
        """Stops everything in order; a second call waits for the first one."""
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop())
        await asyncio.shield(self._stopping)

    def kill(self) -> None:
        """Kills everything immediately; a `stop` in progress then finishes."""
        for child in self._children.values():
            child.kill()
        kill_marked(self.mark)

    async def _spawn(self, child: Child) -> None:
        name, program = child.command.name, child.command.argv[0]
        try:
            await child.spawn(os.environ)
        except OSError as error:
            raise StartFailed(f"{name}: {program} cannot be started: {error.strerror}") from error
        if child.pid:
            self._watchdog.started(child.pid, child.command)

    async def _clear(self, child: Child) -> None:
        if child.pid:
            self._watchdog.ended(child.pid)
        await child.clear()

    async def _until_ready(self, child: Child) -> None:
        command, deadline = child.command, self._clock() + child.command.ready_timeout
        while command.ready and not await command.ready():
            if not child.is_running:
                how = describe(await child.ended())
                await self._clear(child)  # also passes on the rest of its output
                raise StartFailed(f"{command.name} ended right after its start ({how}){child.last_words()}")
            if self._clock() > deadline:
                limit = f"{command.ready_timeout:g} s"
                raise StartFailed(f"{command.name} was not ready within {limit}{child.last_words()}")
            await asyncio.sleep(READY_INTERVAL)

    async def _keep(self, child: Child) -> None:
        """Restarts the child whenever it ends, until this task is cancelled."""
        while True:
            since = self._clock()
            how = describe(await child.ended())
            await self._clear(child)
            child.failures = 1 if self._clock() - since >= WELL_AFTER else child.failures + 1
            wait = pause(child.failures)
            self._say(f"{child.command.name} ended unexpectedly ({how}); restarting it in {wait:g} s")
            await asyncio.sleep(wait)
            try:
                await self._spawn(child)
            except StartFailed as error:
                self._say(str(error))

    async def _stop(self) -> None:
        for keeper in self._keepers.values():
            keeper.cancel()
        await asyncio.gather(*self._keepers.values(), return_exceptions=True)
        end = self._clock() + self._grace
        kept_back = min(SERVERS_SECONDS, self._grace * SERVERS_SHARE)
        for stage in Stage:
            children = [child for child in self._children.values() if child.command.stage is stage]
            await self._stop_stage(children, end if stage is Stage.SERVERS else end - kept_back)
        await asyncio.to_thread(kill_marked, self.mark)
        await asyncio.to_thread(self._watchdog.dismiss)

    async def _stop_stage(self, children: list[Child], end: float) -> None:
        for child in children:
            child.signal(child.command.stop_signal)
        running = {asyncio.create_task(child.ended()): child for child in children if child.is_running}
        if running:
            _, late = await asyncio.wait(running, timeout=max(0.0, end - self._clock()))
            for task in late:
                self._say(f"{running[task].command.name} did not stop in time and is killed")
                running[task].kill()
            await asyncio.gather(*running)
        for child in children:
            await self._clear(child)


def pause(failures: int) -> float:
    """Returns the seconds to wait before the next start, after `failures` failures in a row (1, 2, …)."""
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 10)))


def describe(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
