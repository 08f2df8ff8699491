"""A child process of the supervisor: one command and the process that currently runs it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ops.local.supervision.command import Command
from ops.local.watchdog.process_markers import MARK, kill_group, kill_marked

#: Bytes of a child's output per read; a longer line is passed on in pieces.
CHUNK = 64 * 1024

#: How many lines of its output an error message shows.
LAST_LINES = 3

#: Seconds to wait for the last output of a child that has ended.
LAST_OUTPUT = 5.0

#: Handles a line of a child's output: `(name, line)`.
Output = Callable[[str, str], None]


class Child:
    """A command whose process leads its own session and has `mark` in its environment.

    `status` is how the process last ended: its exit status, or the negative number of a signal.
    """

    def __init__(self, command: Command, mark: str, output: Output) -> None:
        self.command = command
        self.mark = f"{mark}/{command.name}"
        self.failures = 0
        self.status = 0
        self._last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._output = output
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id; None if no process runs and nothing is left to clean up."""
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def spawn(self, environment: Mapping[str, str]) -> None:
        if self.command.log:
            with self.command.log.open("ab") as log:
                await self._spawn(environment, log.fileno())
            return
        # We create the pipe: with asyncio's own, `wait` would wait for every process that holds the child's end.
        read, write = os.pipe()
        try:
            await self._spawn(environment, write)
        except BaseException:
            os.close(read)
            raise
        finally:
            os.close(write)
        self._reading = asyncio.create_task(self._pass_on(read))

    async def _spawn(self, environment: Mapping[str, str], output: int) -> None:
        command = self.command
        self._process = await asyncio.create_subprocess_exec(
            *command.argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**environment, **command.environment, MARK: self.mark},
            start_new_session=True,
            **as_user(command.user),
        )

    async def _pass_on(self, read: int) -> None:
        async for line in lines(read):
            self._last_lines.append(line.strip())
            self._output(self.command.name, line)

    def last_words(self) -> str:
        """Returns the end of its output for an error message, with the path of its log if it has one."""
        if self.command.log is None:
            return f": {' | '.join(self._last_lines)}" if self._last_lines else ""
        words = tail(self.command.log)
        return f": {words}\nSee {self.command.log}" if words else ""

    def signal(self, signum: signal.Signals) -> None:
        """Sends a signal to the child only."""
        if self._process:
            with suppress(ProcessLookupError):
                self._process.send_signal(signum)

    def kill(self) -> None:
        """Kills the child and its group immediately."""
        if self._process:
            kill_group(self._process.pid)

    async def ended(self) -> int:
        """Waits until the child ends; returns its `status`."""
        if self._process:
            self.status = await self._process.wait()
        return self.status

    async def clear(self) -> None:
        """Kills processes that the ended child left behind, and passes on the rest of its output."""
        self.kill()
        # From here on the system may reuse its process id.
        self._process = None
        await asyncio.to_thread(kill_marked, self.mark)
        reading, self._reading = self._reading, None
        if reading:
            with suppress(TimeoutError):  # a process that removed its mark may keep the pipe open
                async with asyncio.timeout(LAST_OUTPUT):
                    await reading


async def lines(read: int) -> AsyncIterator[str]:
    """Yields the lines from a pipe until all copies of its other end are closed."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read, "rb")
    )
    rest = b""
    try:
        while chunk := await reader.read(CHUNK):
            *whole, rest = (rest + chunk).split(b"\n")
            if len(rest) > CHUNK:
                whole, rest = [*whole, rest], b""
            for line in whole:
                yield line.decode(errors="replace")
        if rest:
            yield rest.decode(errors="replace")
    finally:
        transport.close()


def as_user(name: str | None) -> dict[str, Any]:
    """Returns the arguments that make a child of root run as another user, in a folder accessible to that user."""
    return {"user": name, "group": name, "extra_groups": [], "cwd": "/"} if name else {}


def tail(log: Path, count: int = LAST_LINES) -> str:
    """Returns the last lines of a log, for an error message."""
    try:
        return " | ".join(log.read_text(errors="replace").strip().splitlines()[-count:])
    except OSError:
        return ""
