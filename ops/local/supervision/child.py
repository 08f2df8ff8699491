"""One command and the process that runs it now."""

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
from ops.local.supervision.process_markers import MARK, kill_group, kill_marked

#: Bytes of a child's output that are read at once; a longer line is passed on in pieces.
CHUNK = 64 * 1024

#: How many lines of its output an error message shows.
LAST_LINES = 3

#: Seconds to wait for the last output of a child that has ended.
LAST_OUTPUT = 5.0

#: What is done with a line of a child's output: `(name, line)`.
Output = Callable[[str, str], None]


class Child:
    """Its process leads a session of its own and carries `mark` in its environment.

    `status` is how the process ended last: its exit status, or the negative number of a signal.
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
        """None when nothing runs, and nothing is left to clear."""
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def spawn(self, environment: Mapping[str, str]) -> None:
        if self.command.log:
            with self.command.log.open("ab") as log:
                await self._spawn(environment, log.fileno())
            return
        # A pipe of our own: asyncio's `wait` would wait for whoever else holds the child's end of its pipe.
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
        """The end of what it wrote, for an error message; where it wrote to a log, also where that is."""
        if self.command.log is None:
            return f": {' | '.join(self._last_lines)}" if self._last_lines else ""
        words = tail(self.command.log)
        return f": {words}\nSee {self.command.log}" if words else ""

    def signal(self, signum: signal.Signals) -> None:
        """To the child alone."""
        if self._process:
            with suppress(ProcessLookupError):
                self._process.send_signal(signum)

    def kill(self) -> None:
        """The child and its group, at once."""
        if self._process:
            kill_group(self._process.pid)

    async def ended(self) -> int:
        """Waits for the end of the child; answers its `status`."""
        if self._process:
            self.status = await self._process.wait()
        return self.status

    async def clear(self) -> None:
        """Kills what the ended child has left behind, and passes on the last of its output."""
        self.kill()
        # From here on the system may give its id to another process.
        self._process = None
        await asyncio.to_thread(kill_marked, self.mark)
        reading, self._reading = self._reading, None
        if reading:
            with suppress(TimeoutError):  # whoever hides its mark may keep the pipe for ever
                async with asyncio.timeout(LAST_OUTPUT):
                    await reading


async def lines(read: int) -> AsyncIterator[str]:
    """The lines that come out of a pipe, until its other end is closed everywhere."""
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
    """What makes a child of root run as another user, in a folder that this user may be in."""
    return {"user": name, "group": name, "extra_groups": [], "cwd": "/"} if name else {}


def tail(log: Path, count: int = LAST_LINES) -> str:
    """The last lines of a log, for an error message."""
    try:
        return " | ".join(log.read_text(errors="replace").strip().splitlines()[-count:])
    except OSError:
        return ""
