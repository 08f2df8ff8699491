"""Kent, a server that takes what Sentry's clients send, and shows it as it arrived."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.conftest import eventually, free_port


class Kent:
    def __init__(self, address: str) -> None:
        self._address = address
        self.dsn = f"http://public@{address}/1"

    def errors(self) -> list[dict[str, Any]]:
        """The events of errors, in the order of their arrival."""
        listed = self._get("eventlist/")["events"]
        bodies = [self._get(f"event/{event['event_id']}")["payload"]["body"] for event in listed]
        return [body for body in bodies if "exception" in body]

    def _get(self, path: str) -> Any:
        with urlopen(f"http://{self._address}/api/{path}", timeout=10) as response:
            return json.load(response)


@contextmanager
def kent(log: Path) -> Iterator[Kent]:
    port = free_port()
    program = Path(sys.executable).with_name("kent-server")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "run", "--host", "127.0.0.1", "--port", str(port)], stdout=output, stderr=output
        )
    found = Kent(f"127.0.0.1:{port}")
    try:
        eventually(lambda: found.errors() == [], what=log.read_text)
        yield found
    finally:
        process.terminate()
        process.wait()
