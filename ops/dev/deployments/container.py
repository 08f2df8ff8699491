"""Runs a service of compose.yaml as a container of runc, without a daemon."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from ops.dev.deployments.bundle import Image, Place, configuration
from ops.dev.deployments.services import Service
from ops.dev.deployments.steps import LIMIT, Failed, run
from ops.faults.network_namespaces import NAMES, Host, Switch

#: How many lines of a log an error shows.
TAIL = 15


class Container:
    """A container of its own network namespace, named `place.name`. Its output is in `log`."""

    def __init__(self, folder: Path, service: Service, image: Image, place: Place, address: str) -> None:
        self.name, self.service, self.address = place.name, service, address
        self.log = folder / "logs" / place.name
        self._state = folder / "runc"
        self._bundle = folder / "bundles" / place.name
        self._bundle.mkdir(parents=True)
        self.log.parent.mkdir(exist_ok=True)
        config = configuration(service, image, place)
        (self._bundle / "config.json").write_text(json.dumps(config, indent=1))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = self._runc("run", "--bundle", self._bundle, self.name)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def pid(self) -> int:
        """The process id of the container's init, as this machine sees it."""
        return int(json.loads(run(*self._runc("state", self.name)))["pid"])

    def inside(
        self, *command: str, stdin: str = "", limit: float = LIMIT, statuses: Collection[int] = (0,)
    ) -> str:
        """Runs a command in the container, as `docker exec` does."""
        return run(*self._runc("exec", self.name, *command), stdin=stdin, limit=limit, statuses=statuses)

    def is_running(self) -> bool:
        state = run(*self._runc("state", self.name), statuses=(0, 1))
        return bool(state) and json.loads(state)["status"] == "running"

    def is_healthy(self) -> bool:
        """Runs the health check of compose.yaml. Raises `Failed` if the container has ended."""
        if self._process is None or self._process.poll() is not None:
            raise Failed(f"{self.name} has ended:\n{self.tail()}")
        try:
            self.inside(*self.service.health, limit=20)
        except Failed:
            return False
        return True

    def ended(self, limit: float) -> int:
        """Waits until the container ends by itself; returns its exit status."""
        assert self._process is not None  # noqa: S101 (started)
        try:
            return self._process.wait(limit)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} has not ended after {limit:.0f} s:\n{self.tail()}") from None

    def stop(self) -> float:
        """Sends SIGTERM; returns the seconds until the end. Raises `Failed` if it would have been killed, or if its
        exit status is not 0."""
        begun = time.monotonic()
        run(*self._runc("kill", self.name, "TERM"))
        if status := self.ended(self.service.grace):
            raise Failed(f"{self.name}: exit status {status} after SIGTERM\n{self.tail()}")
        return time.monotonic() - begun

    def remove(self) -> None:
        """Kills the container if it runs, and removes what runc knows of it."""
        run(*self._runc("delete", "--force", self.name), statuses=(0, 1))
        if self._process is not None:
            self._process.wait(LIMIT)

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-TAIL:])

    def _runc(self, *arguments: str | Path) -> tuple[str | Path, ...]:
        return ("runc", "--root", self._state, *arguments)


class Network:
    """The network of the containers, in which each has an address and finds the others by the names of their
    services. This process has the first address."""

    def __init__(self, folder: Path) -> None:
        self._switch = Switch("net", "10.78.1")
        self._hosts = folder / "hosts"
        self._names: dict[str, str] = {}
        self._count = 1
        self.name_this("localhost", "127.0.0.1")

    @property
    def own_address(self) -> str:
        return f"{self._switch.prefix}.1"

    def name_this(self, name: str, address: str) -> None:
        """Names an address, in the file that all containers have as /etc/hosts."""
        self._names[name] = address
        # In place, because the containers have this file, not its path.
        self._hosts.write_text("".join(f"{address} {name}\n" for name, address in self._names.items()))

    def place(self, name: str, volumes: Mapping[str, Path]) -> tuple[Place, str]:
        """Connects a new container; returns where it runs, and its address."""
        self._count += 1
        host = Host(f"c{self._count}", self._count, (self._switch,))
        return Place(name, NAMES / host.name, self._hosts, volumes), host.address(self._switch)
