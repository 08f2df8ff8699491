"""A nats-server of a test's own, to be killed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

from tests.conftest import eventually, free_port


class Server:
    """Keeps its store from one start to the next."""

    def __init__(
        self, folder: Path, cluster: str = "", name: str = "n1", binary: str | None = None, jetstream: str = ""
    ) -> None:
        """`cluster` and `jetstream` are more lines of the configuration, and of its section."""
        self.binary = binary or shutil.which("nats-server", path=str(Path(sys.executable).parent)) or "nats-server"
        folder.mkdir(parents=True)
        self._port = free_port()
        self._config = folder / "nats.conf"
        flags = "" if binary else "feature_flags { js_ack_fc_v2: false }\n"  # an old server does not know them
        self._config.write_text(
            f'server_name: "{name}"\nlisten: "127.0.0.1:{self._port}"\n'
            f'jetstream {{ store_dir: "{folder}/js"\n{jetstream} }}\n{flags}{cluster}\n'
        )
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._process = subprocess.Popen([self.binary, "-c", str(self._config), "-l", str(self._log)])
        try:
            eventually(self._answers)
        except BaseException:
            self.kill()  # no fixture knows of it yet
            raise

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self.kill()

    def _answers(self) -> bool:
        with socket.create_connection(("127.0.0.1", self._port), 1):
            return True
