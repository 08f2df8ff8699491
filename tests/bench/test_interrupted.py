"""SIGTERM ends a benchmark as Ctrl-C does: with everything that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.conftest import eventually

ROOT = Path(__file__).parents[2]


def started_by(folder: Path) -> list[psutil.Process]:
    """The processes that live with `folder` for temporary files, as all do that are started below it."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TMPDIR") == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return found


@pytest.mark.parametrize(
    ("arguments", "goes_on"),
    [
        (["reconcile", "--quick"], "idexx-bench-*/postmaster.pid"),
        (["broker", "--only", "nats"], "bench-broker-*/0-nats-enqueue/tally"),
    ],
)
def test_sigterm_ends_a_benchmark_with_its_servers_and_folders(
    tmp_path: Path, arguments: list[str], goes_on: str
) -> None:
    with (tmp_path / "output").open("wb") as output:
        benchmark = subprocess.Popen(
            [sys.executable, "-m", "ops.bench", *arguments],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            stdout=output,
            stderr=output,
        )
    try:
        eventually(lambda: list(tmp_path.glob(goes_on)), timeout=60)
        assert len(started_by(tmp_path)) > 1
        benchmark.send_signal(signal.SIGTERM)
        assert benchmark.wait(60) == -signal.SIGINT, (tmp_path / "output").read_text()
        eventually(lambda: not started_by(tmp_path))
        assert not list(tmp_path.glob("*bench*"))
    finally:
        for process in started_by(tmp_path):
            process.kill()
        benchmark.wait()
