"""Simulates machines with network namespaces whose links can be cut. Requires Linux and root.

Everything runs within an outer namespace, the *hall*: the real network is not touched, no other program can reach
the servers in it, and everything disappears when the last process in it has ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

#: The folder in which `ip netns` stores its names.
NAMES = Path("/run/netns")

#: Timeout of one `ip` command. Seconds.
TIMEOUT = 20


def enter_hall(module: str, arguments: Sequence[str]) -> None:
    """Replaces this process by a run of the module inside a new hall. Raises OSError if that is not possible."""
    program = (sys.executable, "-m", module, *arguments)
    os.execvp("unshare", ("unshare", "--net", "--mount", "--", *program))  # noqa: S606


def furnish_hall() -> None:
    """Prepares the hall: a loopback interface, and namespace names that exist only in this hall."""
    NAMES.mkdir(exist_ok=True)
    _run("mount", "-t", "tmpfs", "tmpfs", str(NAMES))
    ip("link", "set", "lo", "up")


class Switch:
    """A network; `prefix` is the first three numbers of its addresses. The hall has address .1 on it."""

    def __init__(self, name: str, prefix: str) -> None:
        self.name = name
        self.prefix = prefix
        ip("link", "add", name, "type", "bridge")
        ip("address", "add", f"{prefix}.1/24", "dev", name)
        ip("link", "set", name, "up")


class Host:
    """A simulated machine with a link to each of the given switches."""

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
        """Returns a command that runs `command` on the simulated machine."""
        return ("ip", "netns", "exec", self.name, *command)

    def pull(self, *switches: Switch) -> None:
        """Cuts the links to the switches. Packets are lost silently: no connection is closed."""
        for switch in switches:
            ip("link", "set", self._plug(switch), "down")

    def put_back(self, *switches: Switch) -> None:
        for switch in switches:
            ip("link", "set", self._plug(switch), "up")

    def ip(self, *arguments: str) -> None:
        ip("-n", self.name, *arguments)

    def _plug(self, switch: Switch) -> str:
        """Returns the name of the switch's end of the link."""
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
    """Runs a command. Raises OSError with its error output."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
