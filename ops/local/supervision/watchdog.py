"""The supervisor's connection to its watchdog process: reports which children run."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from typing import Any

from ops.local.supervision.command import Command


class Watchdog:
    """A process that stops the children if this process is killed. `grace` is in seconds, for each stage."""

    def __init__(self, mark: str, grace: float) -> None:
        self._argv = [sys.executable, "-m", "ops.local.watchdog", mark, str(grace)]
        self._children: dict[int, dict[str, Any]] = {}
        self._process = self._start()

    def started(self, pid: int, command: Command) -> None:
        self._children[pid] = {"pid": pid, "stage": command.stage, "signal": command.stop_signal}
        self._send(self._children[pid])

    def ended(self, pid: int) -> None:
        if self._children.pop(pid, None):
            self._send({"pid": pid, "signal": None})

    def dismiss(self) -> None:
        """Ends the watchdog process without stopping anything."""
        self._send("done")
        self._process.communicate()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._argv, stdin=subprocess.PIPE, start_new_session=True)

    def _send(self, what: Any) -> None:
        try:
            self._write(what)
        except OSError:  # it was killed: start a new one
            with suppress(OSError):
                self._process.communicate()
            self._process = self._start()
            for child in self._children.values():
                self._write(child)
            if what == "done":
                self._write(what)

    def _write(self, what: Any) -> None:
        if pipe := self._process.stdin:
            pipe.write(json.dumps(what).encode() + b"\n")
            pipe.flush()
