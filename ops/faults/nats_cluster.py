"""Runs three nats-servers, each in its own network namespace, with the configuration that `nats-config` writes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

from actors.messages import Subjects
from ops.deploy.nats.accounts import BUS, WORKER_USER, users
from ops.deploy.nats.passwords import hashed, keep_passwords
from ops.deploy.nats.server_config import Cluster, Server, render
from ops.faults.network_namespaces import Host, Switch
from ops.local.embedded.nats_server import find_binary
from ops.local.supervision import Command, Stage, Supervisor

SIZE = 3

#: Timeout of a health check, timeout for all nodes to catch up, and interval between checks. Seconds.
POLL_TIMEOUT, HEALTH_TIMEOUT, INTERVAL = 2.0, 90.0, 0.2

#: A shell command that starts a program once a file does not exist.
GATE = 'while [ -e "$0" ]; do sleep 0.1; done; exec "$@"'


class Node:
    """A server with one network link to its clients and one to its peers."""

    def __init__(self, host: Host, clients: Switch, peers: Switch, folder: Path) -> None:
        self.host, self.clients, self.peers = host, clients, peers
        self.folder = folder / host.name
        self.folder.mkdir()
        self._down = self.folder / "down"

    @property
    def name(self) -> str:
        return self.host.name

    @property
    def address(self) -> str:
        return f"{self.host.address(self.clients)}:4222"

    @property
    def route(self) -> str:
        return f"{self.host.address(self.peers)}:6222"

    @property
    def monitor(self) -> str:
        return f"{self.host.address(self.clients)}:8222"

    def command(self, config: Path) -> Command:
        server = self.host.inside(find_binary(), "-c", str(config))
        argv = ("sh", "-c", GATE, str(self._down), *server)
        return Command(name=self.name, argv=argv, stage=Stage.SERVERS, log=self.folder / "log")

    def kill(self, supervisor: Supervisor) -> None:
        """Kills the server with SIGKILL; it stays down until `start`."""
        self._down.touch()
        if pid := supervisor.pid(self.name):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    def start(self) -> None:
        self._down.unlink(missing_ok=True)

    async def is_healthy(self) -> bool:
        """Whether the server is healthy and has caught up with its peers."""
        return await asyncio.to_thread(self._look)

    def _look(self) -> bool:
        with suppress(OSError):
            return bool(urlopen(f"http://{self.monitor}/healthz", timeout=POLL_TIMEOUT).status == 200)
        return False


class NatsCluster:
    """A cluster inside a prepared network namespace (`ops.faults.network_namespaces.furnish_hall`)."""

    def __init__(self, folder: Path, subjects: Subjects) -> None:
        clients, peers = Switch("clients", "10.77.1"), Switch("peers", "10.77.2")
        hosts = [Host(f"n{number}", 10 + number, (clients, peers)) for number in range(1, SIZE + 1)]
        self.nodes = [Node(host, clients, peers, folder) for host in hosts]
        self._subjects = subjects
        self._passwords = keep_passwords(folder / "passwords.json", users([]))

    @property
    def url(self) -> str:
        """The URL of all nodes, for gateways and workers."""
        user = f"{WORKER_USER}:{self._passwords[WORKER_USER]}"
        return ",".join(f"nats://{user}@{node.address}" for node in self.nodes)

    async def start(self, supervisor: Supervisor) -> None:
        for node in self.nodes:
            await supervisor.start(node.command(self._configure(node)))
        await self.healthy()

    async def healthy(self) -> None:
        """Waits until all nodes are healthy. Raises TimeoutError if one does not catch up."""
        async with asyncio.timeout(HEALTH_TIMEOUT):
            while not all(await asyncio.gather(*(node.is_healthy() for node in self.nodes))):
                await asyncio.sleep(INTERVAL)

    async def copies(self) -> dict[str, int]:
        """Returns the number of replicas of each stream, as the cluster reports it."""
        found = await asyncio.to_thread(
            lambda: get(f"{self.nodes[0].monitor}/jsz?acc={BUS}&streams=true&config=true")
        )
        streams = json.loads(found)["account_details"][0]["stream_detail"]
        return {stream["name"]: stream["config"]["num_replicas"] for stream in streams}

    def _configure(self, node: Node) -> Path:
        server = Server(
            store=node.folder / "store",
            listen=node.address,
            monitor=node.monitor,
            name=node.name,
            cluster=Cluster(node.route, [other.route for other in self.nodes]),
        )
        config = node.folder / "nats-server.conf"
        config.write_text(render(server, self._subjects, [], hashed(self._passwords)))
        return config


def get(address: str) -> bytes:
    """Fetches a URL. Raises OSError for no response or an error status."""
    with urlopen(f"http://{address}", timeout=POLL_TIMEOUT) as answer:
        return bytes(answer.read())
