"""SIGTERM ends a benchmark as Ctrl-C does: with everything that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
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


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder that PostgreSQL's user can reach; pytest's own is closed to other users."""
    with tempfile.TemporaryDirectory(prefix="idexx-test-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.parametrize(
    ("arguments", "goes_on"),
    [
        (["reconcile", "--quick"], "idexx-pg-*/data/postmaster.pid"),
        (["broker", "--only", "nats"], "bench-broker-*/0-nats-enqueue/tally"),
    ],
)
def test_sigterm_ends_a_benchmark_with_its_servers_and_folders(
    open_folder: Path, arguments: list[str], goes_on: str
) -> None:
    with (open_folder / "output").open("wb") as output:
        benchmark = subprocess.Popen(
            [sys.executable, "-m", "ops.bench", *arguments],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(open_folder)},
            stdout=output,
            stderr=output,
        )
    try:
        eventually(lambda: list(open_folder.glob(goes_on)), timeout=60)
        assert len(started_by(open_folder)) > 1
        benchmark.send_signal(signal.SIGTERM)
        assert benchmark.wait(60) == -signal.SIGINT, (open_folder / "output").read_text()
        eventually(lambda: not started_by(open_folder))
        assert not list(open_folder.glob("*bench*"))
    finally:
        for process in started_by(open_folder):
            process.kill()
        benchmark.wait()
