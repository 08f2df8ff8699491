"""The folder that embedded servers live in: its lock, its secrets, its ports, and who runs there."""

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

from ops.deploy.private_files import write_private

#: A log that is larger than this, in bytes, is put aside when its server starts.
LOG_LIMIT = 10_000_000

#: Seconds to try for the lock.
LOCK_PATIENCE = 0.3


class HomeInUse(Exception):
    """Somebody else runs servers in this home."""


@dataclass(frozen=True, slots=True)
class Running:
    """What `running.json` tells: the process that holds the home, since when, and how to reach its servers.

    `environment` holds the variables that another process needs for that. `started_at` is RFC 3339.
    """

    pid: int
    started_at: str
    environment: dict[str, str] = field(default_factory=dict)


class Home:
    """`folder` is made where it is missing, for its owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().absolute()
        try:
            # Root's may be passed through: the user that PostgreSQL runs as has its data in there.
            self.folder.mkdir(mode=0o700 if os.geteuid() else 0o711, parents=True, exist_ok=True)
            self.logs.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise OSError(
                f"{self.folder} cannot be used ({error.strerror}): "
                "set IDEXX_SYNC_HOME to a folder that you may write"
            ) from error

    @property
    def label(self) -> str:
        """The first part of the mark of all processes of this home."""
        return f"idexx-sync-{hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]}"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def log(self, name: str) -> Path:
        """Where a server's output goes; the one before is kept as `<name>.log.old` when it grew long."""
        path = self.logs / f"{name}.log"
        with suppress(FileNotFoundError):
            if path.stat().st_size > LOG_LIMIT:
                path.replace(f"{path}.old")
        return path

    @contextmanager
    def hold(self, now: datetime) -> Iterator[Callable[[dict[str, str]], None]]:
        """The lock, until the block ends; raises `HomeInUse`.

        Yields what to call with the environment that other processes need, once the servers can be reached.
        """
        running = self.folder / "running.json"
        with (self.folder / "lock").open("a") as lock:
            if not lock_within(lock.fileno(), LOCK_PATIENCE):
                raise HomeInUse(self._who())

            def tell(environment: dict[str, str]) -> None:
                record = Running(os.getpid(), now.isoformat(timespec="seconds"), environment)
                write_private(running, json.dumps(asdict(record), indent=1))

            tell({})
            try:
                yield tell
            finally:
                running.unlink(missing_ok=True)

    def running(self) -> Running | None:
        """Who holds the home now; None when nobody does, whatever an earlier holder left behind."""
        with suppress(FileNotFoundError), (self.folder / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                with suppress(FileNotFoundError, ValueError, TypeError):
                    return Running(**json.loads((self.folder / "running.json").read_text(encoding="utf-8")))
        return None

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
        """What the file of this name holds; it is made, for its owner only, the first time."""
        path = self.folder / name
        with suppress(FileNotFoundError):
            if text := path.read_text(encoding="utf-8").strip():
                return text
        write_private(path, text := make())
        return text

    def port(self, name: str, first: int) -> int:
        """The port that was used before, or the next free one from `first` on if another program has it."""
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
            f"idexx-sync already runs in {self.folder} ({who}): use it as it is, {stop}, "
            "or set IDEXX_SYNC_HOME to another folder for a second one"
        )


def lock_within(lock: int, patience: float) -> bool:
    """Takes the lock; a moment's patience, since `running` takes it, too, to see whether it is free."""
    deadline = time.monotonic() + patience
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: a connection that is still winding down does not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False
