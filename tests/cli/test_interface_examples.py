"""What docs/interface.md shows can be typed as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import eventually
from tests.ops.up_process import Up

PAGE = Path(__file__).parent.parent.parent / "docs/interface.md"


@pytest.fixture
def quiet(up: Up) -> Up:
    """The machine, when nothing of the clinic runs or waits: it has one place only."""
    eventually(
        lambda: not [run for run in up.json("runs", "cedar-creek") if run["status"] in ("queued", "in_progress")]
    )
    return up


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", [0, 1], ids=["of any user", "with the stream"])
def test_the_clients_of_the_page_follow_a_sync_to_its_end(quiet: Up, number: int) -> None:
    code = blocks("python")[number]
    environment = {**quiet.environment, "NATS_URL": quiet.nats_url()}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["0", "accepted"]
    assert lines[-1].split() == ["100", "completed"]
    assert sum("date_completed" in line for line in lines) == 3


def test_the_calls_of_the_page_are_answered(quiet: Up) -> None:
    [address] = set(re.findall(r"http_ready\s.*url=http://(\S+)", quiet.log.read_text()))
    [block] = blocks("console")
    lines = [line.removeprefix("$ ") for line in block.splitlines()]
    assert len(lines) == 4
    accepted, status, offer, description = (answer_of(line.replace("localhost:3001", address)) for line in lines)
    assert accepted["ok"], accepted
    assert status["clinic"]["slug"] == "cedar-creek"
    assert len(offer["days"]) == 3
    assert description["openapi"].startswith("3.1")


def answer_of(line: str) -> Any:
    assert line.startswith("curl ")
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done
    return json.loads(done.stdout)
