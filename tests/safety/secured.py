"""A nats-server with the configuration that `nats-config` writes, and a client that tries its subjects."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from actors.messages import Subjects
from broker.transport.client import OrderedClient
from ops.deploy.nats.accounts import users
from ops.deploy.nats.passwords import hashed, keep_passwords
from ops.deploy.nats.server_config import Server, Tls, render
from ops.local.embedded.nats_server import find_binary
from tests.conftest import eventually, free_port


@dataclass
class Secured:
    folder: Path
    subjects: Subjects
    server: Server
    process: subprocess.Popen[bytes] | None = None
    passwords: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.server.listen

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def configure(self, clinics: list[str]) -> Path:
        """Writes the configuration, as `nats-config` does."""
        self.passwords = keep_passwords(self.folder / "passwords.json", users(clinics))
        config = self.folder / "nats-server.conf"
        config.write_text(render(self.server, self.subjects, clinics, hashed(self.passwords)))
        return config

    def reload(self) -> None:
        """Twice, as the head of the file says."""
        assert self.process is not None
        for times in (1, 2):
            self.process.send_signal(signal.SIGHUP)
            done = "Reloaded server configuration"
            eventually(lambda: self.log.read_text().count(done) >= times, what=self.log.read_text)  # noqa: B023

    def url(self, user: str, scheme: str = "nats") -> str:
        return f"{scheme}://{user}:{self.passwords[user]}@{self.address}"

    def refusals(self) -> list[str]:
        """What the server says about permissions."""
        return [line for line in self.log.read_text().splitlines() if "violation" in line.lower()]


@contextmanager
def secured(folder: Path, prefix: str, clinics: list[str], tls: Tls | None = None) -> Iterator[Secured]:
    """A server of its own, until the block ends."""
    monitor = f"127.0.0.1:{free_port()}"
    server = Server(store=folder / "data", listen=f"127.0.0.1:{free_port()}", monitor=monitor, tls=tls)
    found = Secured(folder, Subjects(prefix), server)
    config = found.configure(clinics)
    with found.log.open("wb") as output:
        process = found.process = subprocess.Popen(
            [find_binary(), "-c", str(config)], stdout=output, stderr=output
        )
    try:
        eventually(lambda: urlopen(f"http://{monitor}/healthz", timeout=5).status == 200, what=found.log.read_text)
        yield found
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder / "data", ignore_errors=True)


class Visitor:
    """A user of the server, who notes what it is refused."""

    def __init__(self) -> None:
        self.client = OrderedClient()
        self._refused: list[str] = []

    async def _note(self, error: Exception) -> None:
        self._refused.append(str(error))

    async def may_publish(self, subject: str, payload: bytes = b"{}", reply: str = "") -> bool:
        self._refused.clear()
        await self.client.publish(subject, payload, reply)
        return await self._passed()

    async def may_subscribe(self, subject: str) -> bool:
        self._refused.clear()
        subscription = await self.client.subscribe(subject)
        passed = await self._passed()
        if passed:
            await subscription.unsubscribe()
        return passed

    async def ask(self, subject: str, payload: bytes = b"") -> bytes:
        return (await self.client.request(subject, payload, timeout=5)).data

    async def _passed(self) -> bool:
        """The refusal comes before the answer to the ping; the task that notes it has run by the second answer."""
        await self.client.flush()
        await self.client.flush()
        return not any("permissions violation" in refusal.lower() for refusal in self._refused)


@asynccontextmanager
async def visiting(url: str, **options: Any) -> AsyncIterator[Visitor]:
    visitor = Visitor()
    options = {"allow_reconnect": False, "connect_timeout": 5, **options}
    try:
        await visitor.client.connect(url, error_cb=visitor._note, **options)
        yield visitor
    finally:
        await visitor.client.close()
