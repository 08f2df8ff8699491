"""Supervisors restart a process that ends; so a process that cannot start must end, with the reason."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import free_port


def test_a_worker_that_finds_no_nats_ends_to_be_started_again(tmp_path: Path) -> None:
    program = str(Path(sys.executable).with_name("idexx-sync"))
    environment = {
        "PATH": os.environ["PATH"],
        "IDEXX_SYNC_HOME": str(tmp_path),
        "NATS_URL": f"nats://127.0.0.1:{free_port()}",
        "DATABASE_URL": "postgresql://unknown@127.0.0.1:1/nothing",
    }
    command = [program, "worker", "coordinator"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 6
    assert "No NATS server responds" in done.stdout + done.stderr
    assert "worker_ready" not in done.stdout + done.stderr
