"""`idexx-sync up --sandbox` as a process, and commands in the same home."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from ops.local.embedded import Home
from ops.local.temporary_machine import scatter_ports
from ops.local.watchdog.process_markers import kill_marked
from ops.sandbox.client import Sandbox, SandboxClinic
from tests.conftest import eventually
from tests.ops.commands import run_command

ARGV = [sys.executable, "-c", "import sys; from ops.cli import main; sys.exit(main())"]
OURS = ("NATS_URL", "DATABASE_URL", "ENCRYPTION_KEY", "IDEXX_BASE_URL")


def interrupt(process: subprocess.Popen[str]) -> None:
    """Sends Ctrl-C, which must end it; another reader takes its output."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError("it goes on 30 s after Ctrl-C") from None


class Up:
    """`idexx-sync up --sandbox` in a home of its own, and commands in the same home."""

    def __init__(self, **environment: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="idexx-test-up-"))
        self.folder.chmod(0o711)  # the user that PostgreSQL runs as has its data in there
        self.home = Home(self.folder / "home")
        scatter_ports(self.home)
        kept = {name: value for name, value in os.environ.items() if name not in OURS}
        scratch = self.folder / "tmp"
        scratch.mkdir()
        self.environment = {
            **kept,
            # What killed processes leave behind goes with the folder.
            "TMPDIR": str(scratch),
            "IDEXX_SYNC_HOME": str(self.home.folder),
            "BROWSER_POOL_SIZE": "1",
            "HTTP_PORT": "0",
            **environment,
        }
        self.log = self.folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*ARGV, "up", "--sandbox"], env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        running = self.home.running()
        return bool(running and running.environment)

    def run(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        # What a command writes into its working directory goes with the folder.
        return run_command(arguments, self.environment, self.folder, given)

    def json(self, *arguments: str) -> list[dict[str, Any]]:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def nats_url(self) -> str:
        """With the password of its server."""
        running = self.home.running()
        assert running is not None
        return running.environment["NATS_URL"]

    def fault_settings(self, **fault_settings: Any) -> None:
        """Turns fault settings of the sandbox portal; the others go back to where they were at the start."""
        portal = self._portal()
        asyncio.run(portal.reset_fault_settings())
        if fault_settings:
            asyncio.run(portal.fault_settings(**fault_settings))

    def draw_calendars(self, today: date) -> None:
        """Has the sandbox draw its calendars around this day, instead of the day of the run."""
        asyncio.run(self._portal().reset(today))

    def change(self, slug: str, **changes: Any) -> list[dict[str, Any]]:
        return asyncio.run(self._portal().change(self.clinic(slug).company_id, **changes))

    def truth(self, slug: str, day: date) -> list[dict[str, Any]]:
        """What the portal holds of a day."""
        return asyncio.run(self._portal().truth(self.clinic(slug).company_id, day, day))

    def clinic(self, slug: str) -> SandboxClinic:
        return next(one for one in asyncio.run(self._portal().clinics()) if one.slug == slug)

    def _portal(self) -> Sandbox:
        running = self.home.running()
        assert running is not None
        return Sandbox(running.environment["IDEXX_BASE_URL"])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def clear(self) -> None:
        self.process.kill()
        self.process.wait()
        kill_marked(self.home.label)
        eventually(self._is_removed)

    def _is_removed(self) -> bool:
        """Once more where the last of a killed browser's processes has written meanwhile."""
        shutil.rmtree(self.folder, ignore_errors=True)
        return not self.folder.exists()
