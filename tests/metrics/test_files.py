"""The files in which processes count together, when the machine's clock is set while they live."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from actors.metrics import catalogue, files

COUNTING = """
from actors.metrics import Metrics
from actors.settings import load
metrics = Metrics.of_machine(load())
for _ in iter(input, "end"):
    metrics.count_mailbox_rejection("coordinator")
    metrics.set_browser_dates(0)
    print("counted", flush=True)
"""


def counted(folder: Path) -> dict[str, float]:
    found = [sample for family in files.read(folder) for sample in family.samples]
    return {sample.name: sample.value for sample in found if sample.labels in ({}, {"actor": "coordinator"})}


def count(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    assert process.stdout
    process.stdin.write("once\n")
    process.stdin.flush()
    assert process.stdout.readline() == "counted\n"


def test_a_clock_change_marks_no_live_process_as_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", COUNTING], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        count(process)
        before = psutil.Process.create_time
        monkeypatch.setattr(psutil.Process, "create_time", lambda process: before(process) + 3600)
        counted(tmp_path)
        count(process)
        counts = counted(tmp_path)
        assert counts[catalogue.MAILBOX_REJECTIONS.name] == 2, "what it counts afterwards is seen, too"
        assert counts[catalogue.BROWSERS.name] == 1
        process.communicate("end\n", timeout=30)
    assert counted(tmp_path)[catalogue.MAILBOX_REJECTIONS.name] == 2, "and now it is dead, and leaves its counts"
    assert catalogue.BROWSERS.name not in counted(tmp_path)
