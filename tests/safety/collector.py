"""A real OpenTelemetry collector (rotel) between our processes and a receiver of what it exports."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rotel

from tests.conftest import eventually, free_port
from tests.safety.receivers import Receiver, receiving


class Collector:
    """A running collector. `exported` is what has passed through it, once it was stopped."""

    def __init__(self, endpoint: str, exported: Receiver, process: subprocess.Popen[bytes]) -> None:
        self.endpoint = endpoint
        self.exported = exported
        self._process = process

    def stop(self) -> None:
        """Ends it; it exports what it still holds."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)


@contextmanager
def collecting(folder: Path) -> Iterator[Collector]:
    http, grpc = (f"127.0.0.1:{free_port()}" for _ in range(2))
    with receiving() as exported:
        argv = [
            *(str(Path(rotel.__file__).with_name("rotel-agent")), "start", "--exporter", "otlp"),
            *("--otlp-http-endpoint", http, "--otlp-grpc-endpoint", grpc, "--otlp-exporter-protocol", "http"),
            *("--otlp-exporter-endpoint", f"http://{exported.address}"),
            *("--pid-file", str(folder / "rotel.pid"), "--log-file", str(folder / "rotel.log")),
        ]
        with (folder / "rotel.output").open("wb") as output:
            process = subprocess.Popen(argv, stdout=output, stderr=output)
        try:
            eventually(lambda: _listens(http), what=(folder / "rotel.output").read_text)
            yield Collector(f"http://{http}", exported, process)
        finally:
            process.kill()
            process.wait()


def _listens(address: str) -> bool:
    host, _, port = address.partition(":")
    socket.create_connection((host, int(port)), timeout=5).close()
    return True
