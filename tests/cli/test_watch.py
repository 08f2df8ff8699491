"""Watching: who comes late sees everything first."""

from __future__ import annotations

import json
import signal
import subprocess
from threading import Thread
from typing import Any

import pytest

from ops.cli.exits import Exit
from tests.conftest import eventually
from tests.ops.up_process import ARGV, Up

CLINIC = "cedar-creek"


@pytest.mark.parametrize("what", [[], [CLINIC]], ids=["all", "a-clinic"])
def test_one_who_joins_late_sees_what_was_before_anything_new_happens(up: Up, what: list[str]) -> None:
    up.dials(hang=60)
    [accepted] = up.json("sync", CLINIC, "--days", "2", "--no-wait")
    eventually(lambda: states(up, accepted["sync_id"]) == {"scraping"})
    argv = [*ARGV, "watch", *what, "--json"]
    seen: list[dict[str, Any]] = []
    with subprocess.Popen(argv, env=up.environment, stdout=subprocess.PIPE, text=True) as watching:
        reader = Thread(target=lambda: seen.extend(map(json.loads, watching.stdout or ())))
        reader.start()
        try:
            eventually(lambda: len(seen) == 4)
            assert [event["event"] for event in seen] == ["accepted", "started", "date_started", "date_started"]
            up.json("cancel", CLINIC, accepted["sync_id"])
            eventually(lambda: seen[-1]["event"] == "cancelled")
        finally:
            watching.send_signal(signal.SIGINT)
            reader.join()
    assert watching.returncode == Exit.INTERRUPTED
    assert {event["sync_id"] for event in seen} == {accepted["sync_id"]}
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))


def states(up: Up, sync_id: str) -> set[str]:
    [shown] = up.json("runs", "show", sync_id)
    return {day["status"] for day in shown["sync"]["dates"]}


def test_a_clinic_that_is_not_known_is_a_mistake_of_the_one_who_asks(up: Up) -> None:
    assert up.run("watch", "no-such-clinic").returncode == Exit.USAGE
