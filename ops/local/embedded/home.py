"""The folder of the embedded servers: its lock, secrets, ports, and the process that currently holds it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from engine.errors import ExpectedError
from ops.deploy.private_files import write_private

#: A log larger than this, in bytes, is rotated when its server starts.
LOG_LIMIT = 10_000_000

#: How long to try for the lock. Seconds.
LOCK_TIMEOUT = 0.3


class HomeInUse(ExpectedError):
    """Another process runs servers in this home."""


@dataclass(frozen=True, slots=True)
class Running:
    """The content of `running.json`: the process that holds the home, since when, and how to reach its servers.

    `environment` holds the variables that another process needs to reach them. `started_at` is RFC 3339.
    """

    pid: int
    started_at: str
    environment: dict[str, str] = field(default_factory=dict)


class Home:
    """The home in `folder`, which is created if it is missing, accessible to its owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().absolute()
        try:
            # Other users may traverse root's home: the user that runs PostgreSQL has its data there.
            self.folder.mkdir(mode=0o700 if os.geteuid() else 0o711, parents=True, exist_ok=True)
            self.logs.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise OSError(
                f"{self.folder} cannot be used ({error.strerror}): set IDEXX_SYNC_HOME to a writable folder"
            ) from error

    @property
    def label(self) -> str:
        """The prefix of the marks of all processes of this home."""
        return f"idexx-sync-{hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]}"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def log(self, name: str) -> Path:
        """Returns the log file of a server; rotates a log over LOG_LIMIT to `<name>.log.old`."""
        path = self.logs / f"{name}.log"
        with suppress(FileNotFoundError):
            if path.stat().st_size > LOG_LIMIT:
                path.replace(f"{path}.old")
        return path

    @contextmanager
    def hold(self, now: datetime) -> Iterator[Callable[[dict[str, str]], None]]:
        """Holds the lock until the block ends; raises `HomeInUse`.

        Yields a function to call with the environment for other processes, once the servers can be reached.
        """
        running = self.folder / "running.json"
        with (self.folder / "lock").open("a") as lock:
            if not lock_within(lock.fileno(), LOCK_TIMEOUT):
                raise HomeInUse(self._who())

            def announce(environment: dict[str, str]) -> None:
                record = Running(os.getpid(), now.isoformat(timespec="seconds"), environment)
                write_private(running, json.dumps(asdict(record), indent=1))

            announce({})
            try:
                yield announce
            finally:
                running.unlink(missing_ok=True)

    def running(self) -> Running | None:
        """Returns the process that holds the home; None if none does, even if an earlier holder left its file."""
        with suppress(FileNotFoundError), (self.folder / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                with suppress(FileNotFoundError, ValueError, TypeError):
                    return Running(**json.loads((self.folder / "running.json").read_text(encoding="utf-8")))
        return None

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
        """Returns the content of the secret file `name`; creates it on first use, readable by its owner only."""
        path = self.folder / name
        with suppress(FileNotFoundError):
            if text := path.read_text(encoding="utf-8").strip():
                return text
        write_private(path, text := make())
        return text

    def port(self, name: str, first: int) -> int:
        """Returns the port used before, or the next free port from `first` on if another program has it."""
        path = self.folder / "ports.json"
        ports: dict[str, int] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        taken = {port for other, port in ports.items() if other != name}
        candidates = [ports[name]] if name in ports else []
        candidates += range(first, 65536)
        port = next(port for port in candidates if port not in taken and is_free(port))
        write_private(path, json.dumps(ports | {name: port}, indent=1))
        return port

    def _who(self) -> str:
        one = self.running()
        who = f"process {one.pid}, since {one.started_at}" if one else "another process"
        stop = f"stop it (kill {one.pid})" if one else "stop it"
        return (
            f"idexx-sync is already running in {self.folder} ({who}): use it, {stop}, or set "
            "IDEXX_SYNC_HOME to another folder for a second one"
        )


def lock_within(lock: int, timeout: float) -> bool:
    """Takes the lock within `timeout` seconds; it waits because `running` briefly takes the lock to test it."""
    deadline = time.monotonic() + timeout
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: a connection in TIME_WAIT does not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False
