"""Machines on one machine: network namespaces with cables between them that can be pulled. Linux, and root.

Everything lies within a namespace of its own, the *hall*: nothing of the real network is touched, no other program
can reach what runs there, and all of it is gone when the last process in it has ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

#: Where `ip netns` keeps its names.
NAMES = Path("/run/netns")

#: Seconds for one command of `ip`.
TIMEOUT = 20


def enter_hall(module: str, arguments: Sequence[str]) -> None:
    """Runs the module anew inside a hall, in place of this process. Raises OSError where that cannot be."""
    program = (sys.executable, "-m", module, *arguments)
    os.execvp("unshare", ("unshare", "--net", "--mount", "--", *program))  # noqa: S606


def furnish_hall() -> None:
    """Makes the hall fit for machines: a loopback, and names that only this hall knows."""
    NAMES.mkdir(exist_ok=True)
    _run("mount", "-t", "tmpfs", "tmpfs", str(NAMES))
    ip("link", "set", "lo", "up")


class Switch:
    """A network: `prefix` is its first three numbers. The hall has the address .1 on it."""

    def __init__(self, name: str, prefix: str) -> None:
        self.name = name
        self.prefix = prefix
        ip("link", "add", name, "type", "bridge")
        ip("address", "add", f"{prefix}.1/24", "dev", name)
        ip("link", "set", name, "up")


class Host:
    """A machine with a cable to each of some switches."""

    def __init__(self, name: str, number: int, switches: Sequence[Switch]) -> None:
        self.name = name
        self.number = number
        ip("netns", "add", name)
        self.ip("link", "set", "lo", "up")
        for switch in switches:
            self._connect(switch)

    def address(self, switch: Switch) -> str:
        return f"{switch.prefix}.{self.number}"

    def inside(self, *command: str) -> tuple[str, ...]:
        """A command that runs this one on the machine."""
        return ("ip", "netns", "exec", self.name, *command)

    def pull(self, *switches: Switch) -> None:
        """What is sent is lost, and nobody is told: no connection is closed by it."""
        for switch in switches:
            ip("link", "set", self._plug(switch), "down")

    def put_back(self, *switches: Switch) -> None:
        for switch in switches:
            ip("link", "set", self._plug(switch), "up")

    def ip(self, *arguments: str) -> None:
        ip("-n", self.name, *arguments)

    def _plug(self, switch: Switch) -> str:
        """The switch's end of the cable."""
        return f"{switch.name}-{self.name}"

    def _connect(self, switch: Switch) -> None:
        plug = self._plug(switch)
        ip("link", "add", plug, "type", "veth", "peer", "name", switch.name, "netns", self.name)
        ip("link", "set", plug, "master", switch.name, "up")
        self.ip("address", "add", f"{self.address(switch)}/24", "dev", switch.name)
        self.ip("link", "set", switch.name, "up")


def ip(*arguments: str) -> None:
    _run("ip", *arguments)


def _run(*command: str) -> None:
    """Raises OSError with the program's own words."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
