"""Watching: who comes late sees everything first."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any

import pytest

from ops.cli.exits import Exit
from tests.conftest import eventually
from tests.ops.up_process import ARGV, Up

CLINIC = "cedar-creek"


@pytest.mark.parametrize("what", [[], [CLINIC]], ids=["all", "a-clinic"])
def test_one_who_joins_late_sees_a_running_sync_from_its_first_event_to_its_last(up: Up, what: list[str]) -> None:
    up.dials(latency_ms=1500)
    [accepted] = up.json("sync", CLINIC, "--days", "9", "--no-wait")
    eventually(lambda: up.json("runs", CLINIC, "--limit", "1")[0]["dates_done"] > 0)
    argv = [*ARGV, "watch", *what, "--json"]
    seen: list[dict[str, Any]] = []
    with subprocess.Popen(argv, env=up.environment, stdout=subprocess.PIPE, text=True) as watching:
        for line in watching.stdout or ():
            seen.append(json.loads(line))
            if seen[-1]["event"] == "completed":
                watching.send_signal(signal.SIGINT)
    assert watching.returncode == Exit.INTERRUPTED
    assert {event["sync_id"] for event in seen} == {accepted["sync_id"]}
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))


def test_a_clinic_that_is_not_known_is_a_mistake_of_the_one_who_asks(up: Up) -> None:
    assert up.run("watch", "no-such-clinic").returncode == Exit.USAGE
