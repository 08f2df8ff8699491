"""Starting, killing and reading worker processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import dramatiq

from broker import NatsBroker
from tests.conftest import eventually

ROOT = Path(__file__).parents[2]


class WorkerProcess:
    """`python -m dramatiq tests.broker.actors_under_test`, with a broker of ours on the same namespace."""

    def __init__(self, url: str, namespace: str, folder: Path, **settings: str) -> None:
        self.broker = NatsBroker(url, namespace=namespace, ack_wait=float(settings.get("TEST_ACK_WAIT", "2")))
        self._notes = folder / "notes"
        self._log = folder / "log"
        self._environment = {
            **os.environ,
            "TEST_NATS": url,
            "TEST_NAMESPACE": namespace,
            "TEST_NOTES": str(self._notes),
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "default",
            **settings,
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, threads: int = 2, processes: int = 1) -> subprocess.Popen[bytes]:
        """Returns when the worker has said that it is ready, or has ended: its first message may kill it before."""
        command = [sys.executable, "-m", "dramatiq", "tests.broker.actors_under_test"]
        ready = self.log().count("ready for action")
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [*command, "--processes", str(processes), "--threads", str(threads)],
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=ROOT,
                start_new_session=True,
            )
        self._processes.append(process)
        eventually(
            lambda: self.log().count("ready for action") == ready + processes or process.poll() is not None,
            timeout=60,  # Dramatiq itself waits 30 s for a worker that has died before it was ready
            what=self.log,
        )
        return process

    def send(self, actor: str, *args: object, delay: int | None = None) -> dramatiq.Message[object]:
        """Sends as an application would, that knows the actor's name only."""
        message = dramatiq.Message[object]("default", actor, args, {}, {})
        return self.broker.enqueue(message, delay=delay)

    def notes(self) -> list[str]:
        """What the actors wrote so far."""
        return self._notes.read_text().splitlines() if self._notes.exists() else []

    def log(self) -> str:
        """What the worker processes said."""
        return self._log.read_text() if self._log.exists() else ""

    def stop(self) -> int:
        """Asks the last worker to end, and answers its exit code."""
        process = self._processes[-1]
        process.terminate()
        code = process.wait(30)
        self._processes.remove(process)
        return code

    def kill(self) -> None:
        """Ends the last worker and its children as a crash would."""
        process = self._processes.pop()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        """Leaves nothing behind."""
        while self._processes:
            self.kill()
        self.broker.close()
