"""A test that hangs ends, and says where."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path

import psutil

from tests.stuck import STUCK

IN_A_TASK = """
import asyncio, subprocess

async def endless():
    await asyncio.Event().wait()

async def _wait():
    task = asyncio.create_task(endless(), name="the one that waits")
    await task

def test_it():
    child = subprocess.Popen(["sleep", "600"])
    print(f"child {child.pid}", flush=True)
    asyncio.run(_wait())
"""

IN_ITS_END = """
import threading, pytest

@pytest.fixture
def broken():
    yield
    threading.Event().wait()

def test_it(broken):
    assert False
"""


def run(folder: Path, test: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(test)
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-s", "-p", "tests.stuck", "-o", "stuck_after=1"),
            *("--rootdir", str(folder), str(folder / "test_it.py")),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_one_that_waits_for_a_task_says_where_and_leaves_no_child(tmp_path: Path) -> None:
    done = run(tmp_path, IN_A_TASK)
    assert done.returncode == STUCK, done
    assert "test_it.py::test_it hangs since 1 s" in done.stderr
    assert "the one that waits:" in done.stderr
    assert "in endless" in done.stderr
    child = re.search(r"child (\d+)", done.stdout)
    assert child is not None
    with contextlib.suppress(psutil.NoSuchProcess):
        assert psutil.Process(int(child[1])).status() == psutil.STATUS_ZOMBIE


def test_one_whose_fixture_hangs_after_it_failed_ends_too(tmp_path: Path) -> None:
    done = run(tmp_path, IN_ITS_END)
    assert done.returncode == STUCK, done
    assert "in broken" in done.stderr
